package inbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
)

// talk is a client that says what it likes.
type talk struct{ *textproto.Conn }

// dial is greeted by an inbox.
func dial(t *testing.T, b *Inbox) talk {
	t.Helper()
	c, err := textproto.Dial("tcp", b.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	k := talk{c}
	k.hears(t, "220", "the greeting")
	return k
}

// says says a line, and wants an answer that begins so.
func (k talk) says(t *testing.T, line, want string) {
	t.Helper()
	if err := k.PrintfLine("%s", line); err != nil {
		t.Fatalf("%.80s: %v", line, err)
	}
	k.hears(t, want, line)
}

func (k talk) hears(t *testing.T, want, to string) {
	t.Helper()
	for {
		answer, err := k.ReadLine()
		if err != nil || !strings.HasPrefix(answer, want) {
			t.Fatalf("the answer to %.80q is %q, %v: want %s", to, answer, err, want)
		}
		if len(answer) < 4 || answer[3] != '-' {
			return
		}
	}
}

// begins says all up to the message.
func (k talk) begins(t *testing.T, to ...string) {
	t.Helper()
	k.says(t, "EHLO here", "250")
	k.says(t, "MAIL FROM:<box@hall.example>", "250")
	for _, address := range to {
		k.says(t, "RCPT TO:<"+address+">", "250")
	}
}

// bring brings a message, and wants an answer that begins so.
func (k talk) bring(t *testing.T, want, raw string, to ...string) {
	t.Helper()
	k.begins(t, to...)
	k.says(t, "DATA", "354")
	w := k.DotWriter()
	if _, err := io.WriteString(w, raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	k.hears(t, want, "the message")
}

// ends wants nothing more to come.
func (k talk) ends(t *testing.T) {
	t.Helper()
	if line, err := k.ReadLine(); err == nil {
		t.Errorf("it goes on with %q", line)
	}
}

// plain is a message under an id.
func plain(id string) string {
	return "From: box@hall.example\r\nTo: Ada <ada@x.example>\r\nSubject: Hello\r\nMessage-ID: " + id + "\r\n\r\nplain words\r\n"
}

// count is how many messages there are.
func count(t *testing.T, db *sqldb.DB) (n int) {
	t.Helper()
	if err := db.Read().QueryRowContext(t.Context(), `select count(*) from inbox_mail`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// It went to whom the envelope names, whatever it says itself.
func TestEnvelope(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		b := listening(t, Config{DB: db})
		k := dial(t, b)
		k.says(t, "EHLO here", "250")
		k.says(t, "MAIL FROM:<box@hall.example> SMTPUTF8", "250")
		k.bring(t, "250", plain("<1@x>"), "jürgen@x.example", "ada@x.example", "ada@x.example")
		list, err := b.newest(t.Context(), 2)
		if err != nil || len(list) != 1 || list[0].Recipients != "ada@x.example, jürgen@x.example" || list[0].Subject != "Hello" || !list[0].Arrived.Equal(start) {
			t.Fatalf("the list is %+v, %v", list, err)
		}
		text := body(t, get(pagesOf(b), "/inbox/"+list[0].ID))
		for _, want := range []string{"<dd>Ada &lt;ada@x.example</dd>", "<dd>ada@x.example, jürgen@x.example</dd>"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page lacks %q:\n%s", want, text)
			}
		}
	})
}

// A message that comes again is one: to the same people, under the same id.
func TestTwice(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		b := listening(t, Config{DB: db})
		k := dial(t, b)
		nameless := strings.Replace(plain(""), "Message-ID", "X-Message-ID", 1)
		for i, c := range []struct {
			raw  string
			to   []string
			want int
		}{
			{plain("<1@x>"), []string{"ada@x.example", "bob@x.example"}, 1},
			{plain("<1@x>"), []string{"bob@x.example", "ada@x.example"}, 1},
			{plain("<1@x>") + "and more\r\n", []string{"bob@x.example", "ada@x.example"}, 1},
			{plain("<1@x>"), []string{"ada@x.example"}, 2},
			{plain("<1@y>"), []string{"ada@x.example"}, 3},
			{nameless, []string{"ada@x.example"}, 4},
			{nameless, []string{"ada@x.example"}, 4},
			{nameless + "and more\r\n", []string{"ada@x.example"}, 5},
		} {
			if k.bring(t, "250", c.raw, c.to...); count(t, db) != c.want {
				t.Errorf("after message %d there are %d, want %d", i, count(t, db), c.want)
			}
		}
	})
}

// What is said in the wrong order is refused, and spoils nothing.
func TestWrongOrder(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		b := listening(t, Config{DB: db})
		for _, lines := range [][]string{
			{"MAIL FROM:<a@x>", "502"},
			{"EHLO h", "250", "RCPT TO:<a@x>", "502", "DATA", "502", "BDAT 0 LAST", "502"},
			{"EHLO h", "250", "MAIL FROM:<a@x>", "250", "DATA", "502"},
			{"EHLO h", "250", "MAIL FROM:<a@x>", "250", "RCPT TO:<a@x>", "250", "RSET", "250", "DATA", "502"},
			{"EHLO h", "250", "MAIL FROM:<a@x>", "250", "RCPT TO:<a@x>", "250", "EHLO h", "250", "DATA", "502"},
			{"EHLO h", "250", "MAIL TO:<a@x>", "501", "MAIL FROM:<a>", "501", "STARTTLS", "502", "AUTH PLAIN", "523", "NONSENSE", "501"},
		} {
			k := dial(t, b)
			for i := 0; i < len(lines); i += 2 {
				k.says(t, lines[i], lines[i+1])
			}
			if n := count(t, db); n != 0 {
				t.Fatalf("%q brings %d messages", lines, n)
			}
			k.says(t, "RSET", "250")
			if k.bring(t, "250", plain("<1@x>"), "ada@x.example"); count(t, db) != 1 {
				t.Errorf("after %q no message gets through", lines)
			}
			if err := db.Exec(t.Context(), `delete from inbox_mail`); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// What is too much is refused, and the next message is taken.
func TestLimits(t *testing.T) {
	db := dbtest.Open(t, migrations.Server)
	b := listening(t, Config{DB: db})
	k := dial(t, b)
	k.says(t, "EHLO here", "250")
	k.says(t, fmt.Sprintf("MAIL FROM:<a@x> SIZE=%d", MaxMessage+1), "552")
	k.bring(t, "552", plain("<1@x>")+strings.Repeat(strings.Repeat("x", 1022)+"\r\n", MaxMessage>>10), "ada@x.example")
	k.begins(t)
	for i := range MaxRecipients {
		k.says(t, fmt.Sprintf("RCPT TO:<a%d@x>", i), "250")
	}
	k.says(t, "RCPT TO:<b@x>", "452")
	k.bring(t, "554 5.6.0", "no header\r\n\r\n", "ada@x.example")
	if n := count(t, db); n != 0 {
		t.Errorf("%d messages are kept", n)
	}
	k.bring(t, "250", plain("<1@x>"), "ada@x.example")
	k.bring(t, "554", plain("<2@x>")+strings.Repeat("x", maxLine+1)+"\r\n", "ada@x.example")
	k.hears(t, "500", "the rest of it")
	k.ends(t)
	if n := count(t, db); n != 1 {
		t.Errorf("%d messages are kept, want 1", n)
	}
}

// One client too many is told so, and finds room when another leaves.
func TestTooManyClients(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		b := listening(t, Config{DB: db})
		var last talk
		for range MaxClients {
			last = dial(t, b)
		}
		c, err := textproto.Dial("tcp", b.Address())
		if err != nil {
			t.Fatal(err)
		}
		talk{c}.hears(t, "421", "the connection")
		talk{c}.ends(t)
		last.says(t, "QUIT", "221")
		last.ends(t) // it has hung up, and made room before
		dial(t, b).bring(t, "250", plain("<1@x>"), "ada@x.example")
	})
}

// Who is silent is hung up on, and nothing of half a message is taken for a command.
func TestSlowClient(t *testing.T) {
	db := dbtest.Open(t, migrations.Server)
	b := listening(t, Config{DB: db, Patience: time.Second})
	silent, half, chunk := dial(t, b), dial(t, b), dial(t, b)
	half.begins(t, "ada@x.example")
	half.says(t, "DATA", "354")
	chunk.begins(t, "ada@x.example")
	if err := errors.Join(half.PrintfLine("Subject: half"), chunk.PrintfLine("BDAT 1000 LAST\r\nSubject: half")); err != nil {
		t.Fatal(err)
	}
	silent.hears(t, "421", "nothing")
	half.hears(t, "451", "half a message")
	chunk.hears(t, "554", "half a chunk")
	for _, k := range []talk{silent, half, chunk} {
		_ = k.PrintfLine("NOOP") // it may not get there
		for line, err := k.ReadLine(); err == nil; line, err = k.ReadLine() {
			if !strings.HasPrefix(line, "421") {
				t.Errorf("what comes late is answered with %q", line)
			}
		}
	}
	if n := count(t, db); n != 0 {
		t.Errorf("%d messages are kept", n)
	}
	dial(t, b).bring(t, "250", plain("<1@x>"), "ada@x.example")
}

// Close hangs up on whoever is there, wherever they are, and leaves nothing at work.
func TestClose(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		if n := count(t, db); n != 0 {
			t.Fatal(n)
		}
		before := goleak.IgnoreCurrent()
		b := listening(t, Config{DB: db})
		silent, ready, half, chunk := dial(t, b), dial(t, b), dial(t, b), dial(t, b)
		ready.begins(t, "ada@x.example")
		half.begins(t, "ada@x.example")
		half.says(t, "DATA", "354")
		chunk.begins(t, "ada@x.example")
		chunk.says(t, "BDAT 5\r\nSubje", "250")
		if err := errors.Join(half.PrintfLine("Subject: half"), b.Close()); err != nil {
			t.Fatal(err)
		}
		for _, k := range []talk{silent, ready, half, chunk} {
			for err := error(nil); err == nil; { // it may be told why
				_, err = k.ReadLine()
			}
		}
		if _, err := net.Dial("tcp", b.Address()); err == nil {
			t.Error("it listens still")
		}
		if err := goleak.Find(before); err != nil {
			t.Error(err)
		}
		if n := count(t, db); n != 0 {
			t.Errorf("%d messages are kept", n)
		}
	})
}

// Close doesn't depend on the server having begun to take clients.
func TestCloseAtOnce(t *testing.T) {
	db := dbtest.Open(t, migrations.Server)
	for range 100 {
		b := listening(t, Config{DB: db})
		c, err := net.Dial("tcp", b.Address())
		if err := errors.Join(err, b.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(c); errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
		_ = c.Close()
	}
}

// While the database is away mail is put off, and the log tells nobody's address.
func TestNoDatabase(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		var log bytes.Buffer
		b := listening(t, Config{DB: db, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		if err := db.Exec(t.Context(), `alter table inbox_mail rename to away`); err != nil {
			t.Fatal(err)
		}
		dial(t, b).bring(t, "451", plain("<1@x>"), "ada@x.example")
		if err := errors.Join(b.Close(), db.Exec(t.Context(), `alter table away rename to inbox_mail`)); err != nil {
			t.Fatal(err)
		}
		if said := log.String(); !strings.Contains(said, "can't keep a mail") || strings.Contains(said, "ada") || strings.Contains(said, "Hello") || strings.Contains(said, "plain words") {
			t.Errorf("the log says %s", said)
		}
	})
}
