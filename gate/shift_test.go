package gate

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/gate/door"
	"usher/gate/gatetest"
	"usher/gate/shift"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// admit lets the n-th ticket in.
func (f *festival) admit(t *testing.T, g *Gate, n int) {
	t.Helper()
	out := g.Turnstile.Scan(t.Context(), turnstile.Attempt{Text: f.code(t, n), Direction: admission.In, How: "wedge", Lane: "1"})
	if !out.Green() {
		t.Fatalf("ticket %d: %s %s", n, out.Result, out.Reason)
	}
}

// A hand-over file holds what the server is not known to hold, no more, and is taken
// in by who has the rest.
func TestHandOver(t *testing.T) {
	f := newFestival(t)
	south := f.Enrol(t, "handheld 2", gatetest.South)
	g := f.open(t)
	f.send(t, g, f.Records...)
	other, err := Open(t.Context(), Config{Data: f.Folder(t, south), Find: Finding{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}()
	f.send(t, other, f.Records...)
	carry := func(want, taken uint64) {
		t.Helper()
		var file bytes.Buffer
		if n, err := g.HandOver(t.Context(), &file); err != nil || n != want {
			t.Fatalf("%d records were written, %v; want %d", n, err, want)
		}
		done, err := other.Import(t.Context(), bytes.NewReader(file.Bytes()))
		if err != nil || done.Records != taken || len(done.Refused) > 0 {
			t.Errorf("taken in was %+v, %v; want %d records", done, err, taken)
		}
	}
	f.admit(t, g, 1)
	f.admit(t, g, 2)
	carry(2, 2)
	// The server has met it in the meantime, and has two of four.
	g.peers.Restore(f.Server.Chain().Node, time.Now(), journal.Vector{g.author.Chain(): {Seq: 2}})
	f.admit(t, g, 3)
	f.admit(t, g, 4)
	carry(2, 2)
	g.peers.Restore(f.Server.Chain().Node, time.Now(), journal.Vector{g.author.Chain(): {Seq: 4}})
	carry(0, 0)
	// Records of others are carried too.
	f.admit(t, other, 5)
	var file bytes.Buffer
	if _, err := other.HandOver(t.Context(), &file); err != nil {
		t.Fatal(err)
	}
	if done, err := g.Import(t.Context(), bytes.NewReader(file.Bytes())); err != nil || done.Records != 1 {
		t.Fatalf("taken in was %+v, %v", done, err)
	}
	file.Reset()
	if n, err := g.HandOver(t.Context(), &file); err != nil || n != 1 {
		t.Errorf("%d records were written, %v; want the other gate's", n, err)
	}
}

// A shift is counted from the journal: the gate started anew counts the same, and the
// one after a leave begins with the record behind it.
func TestShiftOverRestart(t *testing.T) {
	f := newFestival(t)
	g, err := Open(t.Context(), Config{Data: f.dir})
	if err != nil {
		t.Fatal(err)
	}
	f.send(t, g, f.Records...)
	for n := range 5 {
		f.admit(t, g, n+1)
	}
	if _, err := g.Turnstile.Undo(t.Context(), g.State.Since(g.author.Chain(), 4)[0].Act.Hash, "Kim", "wrong person"); err != nil {
		t.Fatal(err)
	}
	report := func() *shift.Report {
		t.Helper()
		r, err := g.Shift.Report(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		r.At = time.Time{}
		return r
	}
	before := report()
	if want := (shift.Counts{Entries: 4, Undone: 1}); before.Counts != want || before.Undos.Lines[0].Why != "wrong person" {
		t.Errorf("the shift is %+v", before)
	}
	if _, err := g.Shift.Leave(t.Context(), "Kim", false); fault.KindOf(err) != fault.Refused {
		t.Errorf("leaving with six records: %v", err)
	}
	restart := func() {
		t.Helper()
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		g = f.open(t)
	}
	restart()
	if after := report(); !reflect.DeepEqual(after, before) {
		t.Errorf("started anew the shift is\n%+v, want\n%+v", after, before)
	}
	g.Turnstile.Train(true)
	left, err := g.Shift.Leave(t.Context(), "Kim", true)
	if err != nil || left.Seq != 6 || left.Alone != 6 || !left.Forced || g.Turnstile.Training() {
		t.Errorf("left with %+v, %v, in training: %t", left, err, g.Turnstile.Training())
	}
	f.admit(t, g, 5) // which was taken back
	g.peers.Restore(f.Server.Chain().Node, time.Now(), journal.Vector{g.author.Chain(): {Seq: 7}})
	r := report()
	if r.Since != 6 || r.Last == nil || r.Last.By != "Kim" || r.Counts != (shift.Counts{Entries: 1}) || r.Alone != 0 {
		t.Errorf("the next shift is %+v", r)
	}
	if left, err := g.Shift.Leave(t.Context(), "Sam", false); err != nil || left.Forced || left.Seq != 7 {
		t.Errorf("leaving with nothing: %+v, %v", left, err)
	}
}

// A gate's checks see a list that is behind, a journal of another epoch, keys out of
// their time, and a disk that takes nothing.
func TestPreflightOfAGate(t *testing.T) {
	f := newFestival(t)
	void := f.Void(t, "revoked", journal.Never, journal.TestVoid(gatetest.Event))
	g := f.open(t)
	look := func(tickets ...string) map[string]shift.Check {
		t.Helper()
		p, err := g.Shift.Preflight(t.Context(), shift.Asked{Tickets: tickets})
		if err != nil {
			t.Fatal(err)
		}
		p.In(door.English())
		checks := map[string]shift.Check{}
		for _, c := range p.Checks {
			checks[c.Name] = c
		}
		return checks
	}
	want := func(have map[string]shift.Check, outcomes map[string]shift.Outcome) {
		t.Helper()
		for name, outcome := range outcomes {
			if have[name].Outcome != outcome || outcome == shift.Fail && have[name].Do == "" {
				t.Errorf("%s is %+v, want %s", name, have[name], outcome)
			}
		}
	}
	const (
		pass = shift.Pass
		fail = shift.Fail
	)
	code := func(id journal.TicketID) string {
		return f.Issue(t, ticket.Claims{ID: ticket.ID(id), Product: journal.TestProduct})
	}
	good, bad := code(journal.TestGood(gatetest.Event)), code(journal.TestVoid(gatetest.Event))
	want(look(good), map[string]shift.Outcome{"ready": fail, "list": fail, "good_ticket": fail, "void_ticket": fail, "clock": fail, "store": pass})
	f.send(t, g, f.began...)
	// Without the revocation the void ticket is taken for good, and the check sees it.
	want(look(good, bad), map[string]shift.Outcome{"ready": pass, "keys": pass, "list": pass, "good_ticket": pass, "void_ticket": fail})
	g.heard(f.Checkpoint(t, time.Now().Add(time.Millisecond))) // newer than the one before for sure
	want(look(), map[string]shift.Outcome{"list": fail})
	f.send(t, g, void)
	want(look(bad), map[string]shift.Outcome{"list": pass, "void_ticket": pass})

	g.Shift.Now = func() time.Time { return time.Now().AddDate(3, 0, 0) }
	want(look(), map[string]shift.Outcome{"keys": fail})
	if err := g.Store.Close(); err != nil {
		t.Fatal(err)
	}
	want(look(), map[string]shift.Outcome{"store": fail})
}

// A list of an epoch that is over is not the server's, however long it is.
func TestPreflightOfAnotherEpoch(t *testing.T) {
	f := newFestival(t)
	g := f.open(t)
	f.send(t, g, f.Records...)
	author := &journal.Author{Signer: f.Server.Signer, Epoch: 1}
	c, err := author.Checkpoint(journal.Head{Seq: 1}, time.Now().UnixMilli()+1, time.Now().Add(time.Hour).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	g.heard(c)
	p, err := g.Shift.Preflight(t.Context(), shift.Asked{})
	if err != nil {
		t.Fatal(err)
	}
	p.In(door.English())
	for _, check := range p.Checks {
		if check.Name == shift.CheckList && (check.Outcome != shift.Fail || check.Detail != "it is of epoch 0, the server's is 1") {
			t.Errorf("the list is %+v", check)
		}
	}
}

// In training a gate's journal stays as it is, whatever is done at it.
func TestTrainingWritesNothing(t *testing.T) {
	f := newFestival(t)
	g := f.open(t)
	f.send(t, g, f.Records...)
	f.admit(t, g, 1)
	before, err := g.Store.Vector(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !g.Turnstile.Train(true) || g.Turnstile.Train(true) {
		t.Error("training began twice, or not at all")
	}
	for n := range 3 {
		for _, direction := range []admission.Direction{admission.In, admission.Out} {
			out := g.Turnstile.Scan(t.Context(), turnstile.Attempt{Text: f.code(t, n+1), Direction: direction, How: "wedge", Lane: "1"})
			if !out.Training || out.Seq != 0 || !out.Record.IsZero() {
				t.Errorf("in training ticket %d is %+v", n+1, out)
			}
		}
	}
	if _, err := g.Turnstile.Undo(t.Context(), g.State.Since(g.author.Chain(), 0)[0].Act.Hash, "Kim", ""); fault.KindOf(err) != fault.Refused {
		t.Errorf("an undo in training: %v", err)
	}
	if after, err := g.Store.Vector(t.Context()); err != nil || !reflect.DeepEqual(after, before) || !g.Status(t.Context()).Training {
		t.Errorf("the journals are %v, %v; want %v", after, err, before)
	}
	g.Turnstile.Train(false)
	f.admit(t, g, 2)
}

// An agent and a command do the same for a shift.
func TestReachShift(t *testing.T) {
	f := newFestival(t)
	g, err := Open(t.Context(), Config{Data: f.dir})
	if err != nil {
		t.Fatal(err)
	}
	f.send(t, g, f.Records...)
	f.admit(t, g, 1)
	try := func() string {
		t.Helper()
		r, err := Reach(t.Context(), Config{Data: f.dir})
		if err != nil {
			t.Fatal(err)
		}
		report, err1 := r.Report(t.Context(), true)
		p, err2 := r.Preflight(t.Context(), shift.Asked{})
		var file bytes.Buffer
		n, err3 := r.HandOver(t.Context(), &file)
		err4 := r.Close()
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(report.Counts, len(p.Checks), n, file.Len() > 0)
	}
	end := running(t, g)
	untilReachable(t, f.dir)
	through := try()
	r, err := Reach(t.Context(), Config{Data: f.dir})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Train(t.Context(), true); err != nil || !got.Training {
		t.Errorf("training through the agent: %+v, %v", got, err)
	}
	end()
	if err := errors.Join(r.Close(), g.Close()); err != nil {
		t.Fatal(err)
	}
	if direct := try(); direct != through {
		t.Errorf("through the agent it is %s, without it %s", through, direct)
	}
}

// untilReachable waits until the agent of a folder says where it answers.
func untilReachable(t *testing.T, dir string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, agentFile)); err == nil {
			return
		} else if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
