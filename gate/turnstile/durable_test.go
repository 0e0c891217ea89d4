package turnstile

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/gate/store"
	"usher/migrations/sqldb"
	"usher/sync/admission"
	"usher/sync/journal"
)

// beside opens the gate's database as another process does.
func (h *handheld) beside() *sqldb.DB {
	h.t.Helper()
	db, err := sqldb.OpenSQLite(h.t.Context(), filepath.Join(h.dir, store.DatabaseFile), sqldb.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			h.t.Error(err)
		}
	})
	return db
}

// I1: when a green is shown its record is on the disk already, where another
// process reads it.
func TestNoGreenBeforeItsRecordIsDurable(t *testing.T) {
	h := newHandheld(t, nil)
	for n := range uint64(5) {
		out := h.enters(n, "1")
		list := h.written()
		if uint64(len(list)) != n+1 || list[n].Ticket != id(n) || list[n].Result != "accept" {
			t.Fatalf("after the green of ticket %d the disk holds %d scans", n, len(list))
		}
		if _, act, known := h.State.Act(out.Record); !known || act.Seq != out.Seq {
			t.Errorf("the outcome names record %d, %s; known: %v", out.Seq, out.Record, known)
		}
	}
	if n := h.wrote.Load(); n != 5 {
		t.Errorf("it told of new records %d times, want 5", n)
	}
}

// A store that takes no record makes every verdict CAN'T DECIDE; it leaves no trace
// and keeps nobody out afterwards.
func TestAStoreThatFailsGivesNoGreen(t *testing.T) {
	h := newHandheld(t, nil)
	h.enters(0, "1")
	other := h.beside()
	h.must(other.Exec(t.Context(), `create trigger broken before insert on record begin select raise(abort, 'the disk is on fire'); end`))
	used := h.records()
	for _, a := range []Attempt{
		entering(h.code(1), "1"), entering(h.code(0), "2"), entering("no ticket", "3"),
		{Text: h.code(0), Direction: admission.Out, Lane: "4"},
		{Text: h.code(0), Direction: admission.In, Lane: "5", Override: &admission.Override{By: "Meret", Why: "knows them", Allowed: true}},
	} {
		out := h.expect(a, admission.Cannot, admission.StoreFailing)
		if out.Record != (journal.Hash{}) || out.Seq != 0 || out.Green() {
			t.Errorf("%+v: it names record %d, %s", a, out.Seq, out.Record)
		}
	}
	if n := h.records(); n != used || h.wrote.Load() != 1 {
		t.Errorf("the journal went on from %d to %d; told %d times", used, n, h.wrote.Load())
	}
	h.must(other.Exec(t.Context(), `drop trigger broken`))
	h.enters(1, "1") // at the same lane, at once
	if n := h.records(); n != used+1 {
		t.Errorf("the journal went on to %d, want %d", n, used+1)
	}
}

func (h *handheld) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// While the disk keeps a commit waiting there is no verdict; a caller that gives up
// meanwhile does not make the record undone.
func TestAStoreThatBlocksHoldsTheVerdict(t *testing.T) {
	h := newHandheld(t, nil)
	other := h.beside()
	held, release := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		err := other.InTx(t.Context(), func(context.Context, *sqldb.Tx) error {
			close(held)
			<-release
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	verdict := make(chan Outcome, 1)
	group.Go(func() { verdict <- h.Scan(ctx, entering(h.code(1), "1")) })
	for len(h.scribe.turn) > 0 { // until the commit is under way
		time.Sleep(time.Millisecond)
	}
	cancel()
	select {
	case out := <-verdict:
		t.Errorf("a verdict before the record is durable: %s %s", out.Result, out.Reason)
	default:
	}
	if n := h.records(); n != 0 {
		t.Errorf("%d records are on the disk, which is held", n)
	}
	close(release)
	group.Wait()
	if out := <-verdict; out.Result != admission.Accept || len(h.written()) != 1 {
		t.Errorf("%s %s, %d scans on the disk", out.Result, out.Reason, len(h.written()))
	}
}

// A record that nobody could read would be no record.
func TestNoGreenOnARecordThatNobodyCanRead(t *testing.T) {
	h := newHandheld(t, func(e *journal.Event) {
		e.Products[0].Questions = []journal.Question{{Code: "age", Text: "How old?", Kind: admission.QuestionText}}
	})
	answering := func(lane string) Attempt {
		a := entering(h.code(1), lane)
		a.Answers = map[string]string{"age": "18"}
		return a
	}
	for name, change := range map[string]func(*Attempt){
		"a lane in no text": func(a *Attempt) { a.Lane = "lane \xff" },
		"a long lane":       func(a *Attempt) { a.Lane = strings.Repeat("1", 41) },
		"a third direction": func(a *Attempt) { a.Direction = "sideways" },
		"a long name":       func(a *Attempt) { a.Operator = strings.Repeat("Meret ", 10) },
		"a long reason": func(a *Attempt) {
			a.Override = &admission.Override{By: "Meret", Why: strings.Repeat("x", 401), Allowed: true}
		},
		"an answer in no text": func(a *Attempt) { a.Answers = map[string]string{"age": "\xff"} },
	} {
		a := answering(name)
		change(&a)
		if out := h.Scan(t.Context(), a); out.Result != admission.Cannot {
			t.Errorf("%s: %s %s", name, out.Result, out.Reason)
		}
	}
	if n := h.records(); n != 0 {
		t.Errorf("%d records were written", n)
	}
	h.expect(answering("1"), admission.Accept, admission.Entry)
}

func TestAClosedGateCantDecide(t *testing.T) {
	h := newHandheld(t, nil)
	h.Close()
	h.expect(entering(h.code(1), "1"), admission.Cannot, admission.StoreFailing)
	h.Close()
}

// However many lanes see one ticket at the same instant, one lets somebody in.
func TestOneTicketAtManyLanesAtOnce(t *testing.T) {
	const lanes, tickets = 12, 15
	h := newHandheld(t, nil)
	for n := range uint64(tickets) {
		code := h.code(n)
		outs := make([]Outcome, lanes)
		var group sync.WaitGroup
		start := make(chan struct{})
		for lane := range lanes {
			group.Go(func() {
				<-start
				outs[lane] = h.Scan(t.Context(), entering(code, fmt.Sprint(lane)))
			})
		}
		close(start)
		group.Wait()
		green := 0
		for _, out := range outs {
			switch {
			case out.Result == admission.Accept:
				green++
			case out.Result != admission.Reject || out.Reason != admission.AlreadyUsed:
				t.Errorf("ticket %d: %s %s", n, out.Result, out.Reason)
			}
		}
		if green != 1 {
			t.Errorf("ticket %d is green at %d lanes, want 1", n, green)
		}
	}
	list := h.written()
	for n := range uint64(tickets) {
		scans := slices.DeleteFunc(slices.Clone(list), func(s *journal.Scan) bool { return s.Ticket != id(n) })
		if len(scans) != lanes || scans[0].Result != "accept" || len(scans[0].Parents) != 0 {
			t.Fatalf("ticket %d has %d records, the first of which is %s with %d parents", n, len(scans), scans[0].Result, len(scans[0].Parents))
		}
		for _, s := range scans[1:] {
			if s.Result != "reject" || len(s.Parents) != 1 {
				t.Errorf("ticket %d: a later record is %s, with %d parents", n, s.Result, len(s.Parents))
			}
		}
	}
	if c := h.State.Conflicts(); len(c) != 0 {
		t.Errorf("%d conflicts at one gate: %+v", len(c), c)
	}
	if len(h.tickets.locks) != 0 {
		t.Errorf("%d locks of tickets are left", len(h.tickets.locks))
	}
}
