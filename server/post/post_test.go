package post

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	gomail "github.com/wneessen/go-mail"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// A mail arrives as it was written, and once.
func TestMailIsSent(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		s := &server{}
		o := open(db, s.listening(t), letter)
		o.queue(t, ticketsMail("A1"))
		o.queue(t, ticketsMail("A1")) // the act that queues it is done again
		o.drain(t)
		o.clock.Pass(GiveUp)
		o.drain(t)
		got := s.arrivals()
		if len(got) != 1 || got[0].to != "a1@buyers.example" {
			t.Fatalf("%d messages arrived: %v", len(got), got)
		}
		for _, want := range []string{
			"Subject: Your tickets: A1", "Message-ID: <" + o.messageID("tickets/A1") + ">", "Auto-Submitted: auto-generated", "Content-Language: de",
			"<tickets@hall.example>", "=?utf-8?q?H=C3=A4ndel_Hall?=", `filename="tickets.pdf"`, "Gr=C3=BC=C3=9Fe, Ada", "application/pdf",
		} {
			if !strings.Contains(got[0].raw, want) {
				t.Errorf("it lacks %q:\n%s", want, got[0].raw)
			}
		}
		if m := o.only(t, "A1"); m.State != Sent || m.Tries != 1 || !m.Done.Equal(start) {
			t.Errorf("it is noted as %+v", m)
		}
	})
}

// What was queued in a transaction that came to nothing is never sent.
func TestMailOfAnActThatFailed(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		s := &server{}
		o := open(db, s.listening(t), letter)
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			return errors.Join(o.Queue(ctx, tx, ticketsMail("A1")), errTold)
		})
		if !errors.Is(err, errTold) {
			t.Fatal(err)
		}
		o.drain(t)
		if got := s.arrivals(); len(got) != 0 {
			t.Errorf("%d messages arrived", len(got))
		}
	})
}

// Trouble that passes puts a mail off, twice as long each time; it arrives when the
// trouble is over, once.
func TestTroubleThatPasses(t *testing.T) {
	temporary := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
	for name, trouble := range map[string]func(*server){
		"4xx to the sender":    func(s *server) { s.mail = temporary },
		"5xx to the sender":    func(s *server) { s.mail = &smtp.SMTPError{Code: 530, Message: "who are you"} },
		"4xx to the recipient": func(s *server) { s.rcpt = temporary },
		"4xx to the message":   func(s *server) { s.data = temporary },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *sqldb.DB) {
				s := &server{}
				s.set(trouble)
				o := open(db, s.listening(t), letter)
				o.queue(t, ticketsMail("A1"), ticketsMail("B2"))
				wait := firstPause
				for range 4 {
					o.drain(t)
					m := o.only(t, "A1")
					if m.State != Waiting || m.Problem == "" || !m.Due.Equal(o.clock.Now().Add(wait)) {
						t.Fatalf("after the wait of %v: %+v", wait, m)
					}
					o.clock.Pass(wait - 1)
					o.drain(t)
					if again := o.only(t, "A1"); again.Tries != m.Tries {
						t.Fatal("it was tried before its time")
					}
					o.clock.Pass(1)
					wait *= 2
				}
				s.set(func(s *server) { s.mail, s.rcpt, s.data = nil, nil, nil })
				o.drain(t)
				if got := s.arrivals(); len(got) != 2 {
					t.Errorf("%d messages arrived, want 2", len(got))
				}
			})
		})
	}
}

func TestPauseHasAnEnd(t *testing.T) {
	if got := pause(1); got != firstPause {
		t.Errorf("the first is %v", got)
	}
	if got := pause(1 << 30); got != maxPause {
		t.Errorf("the last is %v", got)
	}
}

// Mail that waited long for a mail server to be set up survives that this was done wrong at
// first.
func TestMailThatWaitedForAServer(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		s := &server{mail: &smtp.SMTPError{Code: 530, Message: "who are you"}}
		o := open(db, nil, letter)
		o.queue(t, ticketsMail("A1"))
		o.clock.Pass(2 * GiveUp)
		o.Transport = s.listening(t)
		o.drain(t)
		if m := o.only(t, "A1"); m.State != Waiting || m.Problem == "" {
			t.Errorf("it is %+v", m)
		}
		s.set(func(s *server) { s.mail = nil })
		o.clock.Pass(firstPause)
		o.drain(t)
		if m := o.only(t, "A1"); m.State != Sent {
			t.Errorf("it is %+v", m)
		}
	})
}

// A server that can't be reached, or says nothing, puts mail off; when its time is
// over it has failed, and is sent on demand.
func TestServerThatIsGone(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		to, err := ParseSMTP("smtp+insecure://" + listener.Addr().String())
		if err := errors.Join(err, listener.Close()); err != nil {
			t.Fatal(err)
		}
		o := open(db, to, letter)
		o.queue(t, ticketsMail("A1"))
		for tries := 1; ; tries++ {
			o.drain(t)
			m := o.only(t, "A1")
			if m.State == Failed {
				if o.clock.Now().Sub(start) < GiveUp || m.Problem == "" || tries < 40 {
					t.Errorf("given up after %v and %d tries: %+v", o.clock.Now().Sub(start), tries, m)
				}
				break
			}
			if tries > 100 {
				t.Fatal("it is never given up")
			}
			o.clock.Pass(m.Due.Sub(o.clock.Now()))
		}
		status, err := o.Status(t.Context())
		if err != nil || status.Failed != 1 || status.Waiting != 0 {
			t.Errorf("the outbox says %+v, %v", status, err)
		}
		if list, err := o.List(t.Context(), Failed, 10); err != nil || len(list) != 1 {
			t.Errorf("it lists %d, %v", len(list), err)
		}
		s := &server{}
		o.Transport = s.listening(t)
		o.clock.Pass(time.Hour)
		o.drain(t)
		if n, err := o.Again(t.Context(), "tickets/A1", "tickets/none"); err != nil || n != 1 {
			t.Fatalf("%d are sent again, %v", n, err)
		}
		if n, err := o.Again(t.Context(), "tickets/A1"); err != nil || n != 0 {
			t.Fatalf("what waits is sent again: %d, %v", n, err)
		}
		o.drain(t)
		if got := s.arrivals(); len(got) != 1 || o.only(t, "A1").State != Sent {
			t.Errorf("on demand %d messages arrived", len(got))
		}
	})
}

func TestServerThatSaysNothing(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		s := &server{silent: make(chan struct{})}
		to := s.listening(t)
		t.Cleanup(func() { close(s.silent) })
		to.timeout = 50 * time.Millisecond
		o := open(db, to, letter)
		o.queue(t, ticketsMail("A1"), ticketsMail("B2"))
		o.drain(t)
		for _, about := range []string{"A1", "B2"} {
			if m := o.only(t, about); m.State != Waiting || m.Problem == "" {
				t.Errorf("%+v", m)
			}
		}
	})
}

// A refusal for good fails the mail at once, and is shown; other mail goes on.
func TestRefusal(t *testing.T) {
	never := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox here"}
	latin := *never
	latin.Message += ": Postfach \xfcberf\xfcllt, " + strings.Repeat("ü", maxText)
	for name, trouble := range map[string]func(*server){
		"of the recipient":      func(s *server) { s.rcpt = never },
		"of the message":        func(s *server) { s.data = never },
		"in bytes of no letter": func(s *server) { s.rcpt = &latin },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *sqldb.DB) {
				s := &server{}
				s.set(trouble)
				o := open(db, s.listening(t), letter)
				o.queue(t, ticketsMail("A1"))
				o.drain(t)
				if m := o.only(t, "A1"); m.State != Failed || m.Tries != 1 || !strings.Contains(m.Problem, "no such mailbox here") {
					t.Errorf("it is noted as %+v", m)
				}
				s.set(func(s *server) { s.rcpt, s.data = nil, nil })
				o.queue(t, ticketsMail("B2"))
				o.clock.Pass(GiveUp)
				o.drain(t)
				if got := s.arrivals(); len(got) != 1 || got[0].to != "b2@buyers.example" {
					t.Errorf("%v arrived", got)
				}
			})
		})
	}
}

// Cut after the message and before the answer, nobody knows: it is sent again, as
// the same message.
func TestCutAfterTheMessage(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		s := &server{cut: true}
		o := open(db, s.listening(t), letter)
		o.queue(t, ticketsMail("A1"))
		o.drain(t)
		if m := o.only(t, "A1"); m.State != Waiting {
			t.Fatalf("it is noted as %+v", m)
		}
		s.set(func(s *server) { s.cut = false })
		o.clock.Pass(firstPause)
		o.drain(t)
		got := s.arrivals()
		if len(got) != 2 || o.only(t, "A1").State != Sent {
			t.Fatalf("%d messages arrived, want 2", len(got))
		}
		id := "Message-ID: <" + o.messageID("tickets/A1") + ">"
		if !strings.Contains(got[0].raw, id) || !strings.Contains(got[1].raw, id) {
			t.Error("they are two messages")
		}
	})
}

// Cut after the answer it was taken, whatever the library makes of it.
func TestCutAfterTheAnswer(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		s := &server{reset: true}
		o := open(db, s.listening(t), letter)
		o.queue(t, ticketsMail("A1"))
		o.drain(t)
		if m := o.only(t, "A1"); m.State != Sent {
			t.Errorf("it is noted as %+v", m)
		}
	})
}

// A letter that can't be written is tried again; one that says nothing any more is
// dropped.
func TestLetterThatCantBe(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		s := &server{}
		var trouble error
		o := open(db, s.listening(t), func(ctx context.Context, m Mail) (Letter, error) {
			if trouble != nil {
				return Letter{}, trouble
			}
			return letter(ctx, m)
		})
		o.queue(t, ticketsMail("A1"))
		trouble = fault.Wrap(fault.NotReady, errTold, "the keys are locked")
		o.drain(t)
		if m := o.only(t, "A1"); m.State != Waiting || m.Problem != "the keys are locked" {
			t.Errorf("it is noted as %+v", m)
		}
		trouble = fault.New(fault.Expired, "the order was cancelled")
		o.clock.Pass(firstPause)
		o.drain(t)
		if m := o.only(t, "A1"); m.State != Dropped {
			t.Errorf("it is noted as %+v", m)
		}
		if got := s.arrivals(); len(got) != 0 {
			t.Errorf("%d messages arrived", len(got))
		}
	})
}

// Several servers work one outbox off, and each mail is sent once.
func TestSeveralServersSend(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		const mails = 60
		s := &server{}
		to := s.listening(t)
		o := open(db, to, letter)
		var list []Mail
		for n := range mails {
			list = append(list, ticketsMail(fmt.Sprintf("N%d", n)))
		}
		o.queue(t, list...)
		var working sync.WaitGroup
		for range 3 {
			working.Go(func() {
				if err := open(db, to, letter).Drain(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		working.Wait()
		seen := map[string]int{}
		for _, a := range s.arrivals() {
			seen[a.to]++
		}
		if len(seen) != mails || len(s.arrivals()) != mails {
			t.Errorf("%d messages arrived to %d people, want %d", len(s.arrivals()), len(seen), mails)
		}
	})
}

// The mails of a server that died are sent by another when the lease ends.
func TestServerThatDied(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		s := &server{}
		o := open(db, s.listening(t), letter)
		o.queue(t, ticketsMail("A1"))
		if taken, err := o.take(t.Context(), 1); err != nil || len(taken) != 1 {
			t.Fatal(len(taken), err)
		}
		o.clock.Pass(lease - time.Second)
		o.drain(t)
		if got := s.arrivals(); len(got) != 0 {
			t.Fatal("it was taken from a server that may be at it")
		}
		o.clock.Pass(time.Second)
		o.drain(t)
		if got := s.arrivals(); len(got) != 1 {
			t.Errorf("%d messages arrived", len(got))
		}
	})
}

// A server that comes back to a mail which another has taken over doesn't put it
// off, and what it did send is not sent again.
func TestLeaseThatRanOut(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		s := &server{}
		o := open(db, s.listening(t), letter)
		o.queue(t, ticketsMail("A1"))
		taken, err := o.take(t.Context(), 1)
		if err != nil || len(taken) != 1 {
			t.Fatal(len(taken), err)
		}
		o.clock.Pass(lease)
		other, err := o.take(t.Context(), 1)
		if err != nil || len(other) != 1 {
			t.Fatal(len(other), err)
		}
		if err := o.later(t.Context(), taken[0], start, "slow"); err != nil {
			t.Fatal(err)
		}
		o.drain(t)
		if got := s.arrivals(); len(got) != 0 {
			t.Error("it was put off by who had lost it")
		}
		if err := o.done(t.Context(), taken[0], Sent, ""); err != nil {
			t.Fatal(err)
		}
		o.clock.Pass(GiveUp)
		o.drain(t)
		if got := s.arrivals(); len(got) != 0 || o.only(t, "A1").State != Sent {
			t.Error("what was sent is sent again")
		}
	})
}

func TestMailThatCantBeQueued(t *testing.T) {
	o := open(nil, nil, letter)
	for name, m := range map[string]Mail{
		"no address":    {ID: "a", Kind: "k"},
		"a header":      {ID: "a", Kind: "k", To: "a@b.example\r\nBcc: c@d.example"},
		"two addresses": {ID: "a", Kind: "k", To: "a@b.example, c@d.example"},
		"a name":        {ID: "a", Kind: "k", To: "Ada <a@b.example>"},
		"no id":         {Kind: "k", To: "a@b.example"},
		"much":          {ID: "a", Kind: "k", To: "a@b.example", Detail: strings.Repeat("x", maxText+1)},
	} {
		if _, _, err := o.Queueing(m); err == nil {
			t.Errorf("%s is queued", name)
		}
	}
}

// A subject can't become a header of its own.
func TestHeadersAreOneLine(t *testing.T) {
	o := open(nil, nil, nil)
	msg, err := o.message(Queued{Mail: Mail{ID: "a", To: "a@b.example"}, Queued: start}, Letter{Subject: "Hello\r\nBcc: c@d.example", Language: "en\nX-Evil: 1"})
	if err != nil {
		t.Fatal(err)
	}
	var raw strings.Builder
	if _, err := msg.WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(raw.String(), "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if strings.HasPrefix(line, "Bcc") || strings.HasPrefix(line, "X-Evil") {
			t.Errorf("a header of the sender's: %q", line)
		}
	}
}

// What a person should know of the outbox is said, and nothing while all is well.
func TestNote(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		s := &server{}
		s.set(func(s *server) { s.rcpt = &smtp.SMTPError{Code: 550, Message: "no such mailbox here"} })
		to := s.listening(t)
		o := open(db, nil, letter)
		want := func(want string) {
			t.Helper()
			if got := o.Note(t.Context()); got != want {
				t.Errorf("it says %q, want %q", got, want)
			}
		}
		want("")
		o.queue(t, ticketsMail("A1"))
		want("1 mail waits, as no mail server is set up")
		o.Transport = to
		want("")
		o.clock.Pass(overdue + 1)
		want("1 mail waits, the oldest since 2026-07-11T18:00:00Z")
		o.drain(t)
		want("1 mail was given up: see /manage/mail")
		o.Transport = nil
		o.queue(t, ticketsMail("B2"))
		want("1 mail waits, as no mail server is set up; 1 mail was given up: see /manage/mail")
	})
}

// meeting is a mail server at which messages wait until as many connections have one.
type meeting struct {
	met  chan struct{} // closed when all are there
	mu   sync.Mutex    // covers what follows
	open int           // connections
}

func (m *meeting) Open(context.Context) (Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open++; m.open == senders {
		close(m.met)
	}
	return m, nil
}

func (m *meeting) Send(ctx context.Context, _ *gomail.Msg) error {
	select {
	case <-m.met:
		return nil
	case <-time.After(10 * time.Second):
		return errors.New("nobody else came")
	}
}

func (m *meeting) Close() error { return nil }

// All senders work while there is mail for them: whoever finds that others took what was
// due looks for more.
func TestAllSendersWork(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		o := open(db, &meeting{met: make(chan struct{})}, letter)
		for n := range senders * takeAtOnce {
			o.queue(t, ticketsMail(fmt.Sprint("A", n)))
		}
		o.drain(t)
		if s, err := o.Status(t.Context()); err != nil || s.Waiting > 0 {
			t.Errorf("it stands as %+v, %v", s, err)
		}
	})
}
