package post

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/clocktest"
)

var start = time.Date(2026, 7, 11, 18, 0, 0, 0, time.UTC)

// server is a real mail server in this process, with the troubles that one has.
type server struct {
	mu     sync.Mutex
	got    []arrived
	mail   error // said to MAIL FROM
	rcpt   error // said to RCPT TO
	data   error // said after the message, which is kept if it is nil
	cut    bool  // keeps the message, and hangs up instead of saying so
	reset  bool  // hangs up at the RSET that follows
	silent chan struct{}
	// greylisted is whom it takes nothing for.
	greylisted string
}

type arrived struct{ to, raw string }

func (s *server) set(change func(*server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *server) arrivals() []arrived {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]arrived(nil), s.got...)
}

func (s *server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &conversation{server: s, conn: c}, nil
}

type conversation struct {
	server *server
	conn   *smtp.Conn
	to     string
	done   bool
}

func (c *conversation) Mail(string, *smtp.MailOptions) error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.server.mail
}

func (c *conversation) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.server.mu.Lock()
	silent, err := c.server.silent, c.server.rcpt
	if to == c.server.greylisted {
		err = later
	}
	c.server.mu.Unlock()
	if silent != nil {
		<-silent
	}
	c.to = to
	return err
}

func (c *conversation) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.server.data != nil {
		return c.server.data
	}
	c.server.got = append(c.server.got, arrived{c.to, string(raw)})
	c.done = true
	if c.server.cut {
		return c.conn.Conn().Close()
	}
	return nil
}

func (c *conversation) Reset() {
	if c.server.reset && c.done {
		_ = c.conn.Conn().Close()
	}
}

func (c *conversation) Logout() error { return nil }

// listening starts the server and gives how to reach it.
func (s *server) listening(t *testing.T) *SMTP {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving := smtp.NewServer(s)
	serving.ErrorLog = discarded{}
	var running sync.WaitGroup
	running.Go(func() { _ = serving.Serve(listener) })
	t.Cleanup(func() {
		_ = serving.Close()
		_ = listener.Close() // which Close doesn't know of before Serve has run
		running.Wait()
	})
	to, err := ParseSMTP("smtp+insecure://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return to
}

type discarded struct{}

func (discarded) Printf(string, ...any) {}
func (discarded) Println(...any)        {}

// office is an outbox with its clock.
type office struct {
	*Post
	clock *clocktest.Clock
}

func open(db *sqldb.DB, to Transport, compose Composer) *office {
	c := clocktest.At(start)
	return &office{New(Config{
		DB: db, Transport: to, From: netmail.Address{Name: "Händel Hall", Address: "tickets@hall.example"}, Compose: compose,
		Now: c.Now, Log: slog.New(slog.DiscardHandler),
	}), c}
}

func each(t *testing.T, test func(*testing.T, *sqldb.DB)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, test)
}

// letter is what mails say in tests.
func letter(_ context.Context, m Mail) (Letter, error) {
	return Letter{
		Subject: "Your tickets: " + m.About, Text: "Grüße, " + m.Detail, HTML: "<p>Grüße</p>", Language: "de",
		Files: []File{{Name: "tickets.pdf", Type: "application/pdf", Body: []byte("%PDF-1.7 of " + m.About)}},
	}, nil
}

func (o *office) queue(t *testing.T, list ...Mail) {
	t.Helper()
	err := o.DB.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		for _, m := range list {
			if err := o.Queue(ctx, tx, m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) drain(t *testing.T) {
	t.Helper()
	if err := o.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// only gives the one mail about an order.
func (o *office) only(t *testing.T, about string) Queued {
	t.Helper()
	list, err := o.About(t.Context(), about)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d mails about %s: %v", len(list), about, err)
	}
	return list[0]
}

func ticketsMail(about string) Mail {
	return Mail{ID: "tickets/" + about, Kind: "tickets", About: about, Detail: "Ada", To: strings.ToLower(about) + "@buyers.example"}
}

var errTold = errors.New("told")
