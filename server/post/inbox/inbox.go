// Package inbox is the mail server of a server that is tried out: it takes mail by
// SMTP, as the real one would, sends it nowhere, and has pages that show it as a mail
// program does, with what is attached. What goes wrong on the way of the real mail goes
// wrong here.
//
// Whoever can open the pages reads everybody's mail, so it is for development and never
// beside real buyers. It listens on this machine alone unless it is told where, and
// takes mail from whoever reaches it, to any address.
//
// # Limits
//
// A message has at most [MaxMessage] bytes in lines of at most 2,000, and goes to at most
// [MaxRecipients]. There are at most [MaxClients] connections; one more is told so and
// hung up on. A client has a minute for a command and for a message, and to read an
// answer. A message is refused if it can't be shown: with headers that are none, a field of
// over 16 KiB, over 100 parts or parts more than 5 deep, or an encoding that is broken.
// The number of messages has no limit: they stay until the table inbox_mail is emptied.
//
// # Which is which
//
// A message that arrives again is one, as in a good mail program: again is the same
// Message-ID, or without one the same bytes, to the same recipients. Those are the
// envelope's, which alone decide whom mail goes to; what its To says is shown beside.
package inbox

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/emersion/go-smtp"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

const (
	// MaxMessage bounds a message in bytes. It is what large mail providers take, so
	// that a mail which is too large for them is too large here.
	MaxMessage = 25 << 20
	// MaxRecipients bounds whom a message goes to.
	MaxRecipients = 100
	// MaxClients bounds the connections.
	MaxClients = 16
)

const (
	// maxLine bounds a line in bytes: twice what RFC 5321 allows.
	maxLine = 2000
	// patience is how long a client may take, unless the Config says otherwise.
	patience = time.Minute
	// keepWithin is how long the database may take to keep a message.
	keepWithin = 10 * time.Second
	// loopback is a free port of this machine.
	loopback = "127.0.0.1:0"
)

// Config is what an Inbox is made of.
type Config struct {
	DB       *sqldb.DB     // migrated
	Listen   string        // HOST:PORT to take mail at; default: a free port of this machine, for itself alone
	Patience time.Duration // for a command, and for a message; default: one minute
	Now      func() time.Time
	Log      *slog.Logger // is told no address and nothing of a mail
}

// Inbox takes mail and keeps it. Register gives it pages, Close ends it.
type Inbox struct {
	Config
	listener *listener
	smtp     *smtp.Server
	served   chan struct{} // closed when no client is taken any more
	closing  context.Context
	close    context.CancelFunc
}

// Open begins to take mail. Several inboxes may have one database.
func Open(cfg Config) (*Inbox, error) {
	at := cmp.Or(cfg.Listen, loopback)
	tcp, err := net.Listen("tcp", at)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the inbox can't take mail at %s", at)
	}
	b := &Inbox{Config: cfg, listener: &listener{Listener: tcp, open: map[net.Conn]struct{}{}}, served: make(chan struct{})}
	b.closing, b.close = context.WithCancel(context.Background())
	b.smtp = smtp.NewServer(b)
	b.smtp.Domain = "localhost"
	b.smtp.EnableSMTPUTF8 = true
	b.smtp.MaxMessageBytes, b.smtp.MaxRecipients, b.smtp.MaxLineLength = MaxMessage, MaxRecipients, maxLine
	b.smtp.ReadTimeout, b.smtp.WriteTimeout = cmp.Or(cfg.Patience, patience), cmp.Or(cfg.Patience, patience)
	b.smtp.ErrorLog = slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn)
	go func() {
		defer close(b.served)
		_ = b.smtp.Serve(b.listener) // which ends with Close, and by nothing else
	}()
	return b, nil
}

// Address is where mail is taken, as HOST:PORT.
func (b *Inbox) Address() string { return b.listener.Addr().String() }

// Close takes no more mail, hangs up on every client, and returns when nothing is at work
// any more. What was being kept is given up; its sender hasn't been told that it was taken.
func (b *Inbox) Close() error {
	b.close()
	err := b.listener.Close()
	<-b.served
	// The library's own Close misses a listener and clients that it has only just got.
	// Ours has none left, so what remains is to wait for who served them.
	_ = b.smtp.Shutdown(context.Background()) // says that the listener is closed
	return err
}
