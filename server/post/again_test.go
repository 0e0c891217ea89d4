package post

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// What a mail server refused that was set up wrongly is all sent again at a word,
// and nothing that wasn't given up.
func TestAgainAll(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		o := open(db, nil, letter)
		const failed = 2*againAtOnce + 3
		for i := range failed + 2 {
			o.queue(t, ticketsMail(fmt.Sprintf("O%d", i)))
		}
		err := db.Exec(t.Context(), `update mail set state = 'failed', done_at = $1, problem = 'who are you?' where about <> 'O0' and about <> 'O1'`, o.clock.Now().UnixMilli())
		if err == nil {
			err = db.Exec(t.Context(), `update mail set state = 'sent', done_at = 5 where about = 'O1'`)
		}
		if err != nil {
			t.Fatal(err)
		}
		o.clock.Pass(time.Hour)
		if list, err := o.List(t.Context(), Failed, 10); err != nil || len(list) != 10 || list[0].Problem != "who are you?" {
			t.Errorf("the list has %d, %v", len(list), err)
		}
		if n, err := o.AgainAll(t.Context()); err != nil || n != failed {
			t.Errorf("%d are sent again, %v, want %d", n, err, failed)
		}
		if n, err := o.AgainAll(t.Context()); err != nil || n != 0 {
			t.Errorf("then %d, %v", n, err)
		}
		status, err := o.Status(t.Context())
		if err != nil || status.Waiting != failed+1 || status.Failed != 0 {
			t.Errorf("the outbox says %+v, %v", status, err)
		}
		if list, err := o.List(t.Context(), Waiting, 1); err != nil || len(list) != 1 || list[0].About != "O0" {
			t.Errorf("%+v is tried next, %v", list, err)
		}
		if _, err := o.List(t.Context(), Sent, 1); fault.KindOf(err) != fault.BadInput {
			t.Errorf("what was sent: %v", err)
		}
		if m := o.only(t, "O1"); m.State != Sent {
			t.Errorf("what was sent is %+v", m)
		}
	})
}

// What was tried and waits is listed before what was only just queued, however much.
func TestTriedMailIsListedFirst(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		s := &server{greylisted: "a1@buyers.example"}
		o := open(db, s.listening(t), letter)
		o.queue(t, ticketsMail("A1"))
		o.drain(t)
		o.queue(t, ticketsMail("B2"), ticketsMail("C3"))
		list, err := o.List(t.Context(), Waiting, 2)
		if err != nil || len(list) != 2 || list[0].About != "A1" || list[0].Problem == "" || list[1].About != "B2" {
			t.Errorf("%+v wait, %v", list, err)
		}
	})
}

// logged is what a log is told, as it comes.
type logged chan string

func (l logged) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

// What goes on failing is logged once, and again when it fails after it went well.
func TestFailuresAreLoggedOnce(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		log := make(logged, 1000)
		o := open(db, (&server{}).listening(t), letter)
		o.Log = slog.New(slog.NewTextHandler(log, nil))
		called := func(from, to string) {
			t.Helper()
			if err := db.Exec(t.Context(), `alter table `+from+` rename to `+to); err != nil {
				t.Fatal(err)
			}
		}
		looks := func() { // four times at least
			for range 5 {
				o.Wake()
				for len(o.wake) > 0 {
					time.Sleep(time.Millisecond)
				}
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { o.Run(ctx) })
		defer running.Wait()
		defer stop()
		for range 2 {
			called("mail", "gone")
			<-log
			looks()
			if n := len(log); n > 0 {
				t.Errorf("it was logged %d times more: %s", n, <-log)
			}
			called("gone", "mail")
			looks()
		}
	})
}
