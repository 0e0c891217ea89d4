package state

import (
	"testing"

	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// word is a checkpoint of a writer at its head.
func word(t *testing.T, w *journaltest.Writer, at int64) *journal.Checkpoint {
	t.Helper()
	c, err := w.Checkpoint(w.Head, at, at+3_600_000)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestHeardOnlyOfWhatIsHeld(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	north := w.gate("north")
	node := north.Chain().Node
	if _, ok := s.Heard(node); ok {
		t.Error("heard of a gate that said nothing")
	}
	if !s.Hear(word(t, north, 1000)) {
		t.Error("a first word is no news")
	}
	if at, ok := s.Heard(node); !ok || at != 1000 {
		t.Errorf("heard at %d, %v; want 1000: there is nothing to hold yet", at, ok)
	}
	a := w.admit("north", id(1))
	s.Hear(word(t, north, 2000))
	b := w.admit("north", id(2))
	s.Hear(word(t, north, 3000))
	if at, _ := s.Heard(node); at != 1000 {
		t.Errorf("heard at %d before the records came", at)
	}
	w.apply(s, a)
	if at, _ := s.Heard(node); at != 2000 {
		t.Errorf("heard at %d with the first record, want 2000", at)
	}
	w.apply(s, b)
	if at, _ := s.Heard(node); at != 3000 {
		t.Errorf("heard at %d with both, want 3000", at)
	}
	if s.Hear(word(t, north, 2500)) {
		t.Error("an older word is news")
	}
	if list := s.Checkpoints(); len(list) != 1 || list[0].Time != 3000 {
		t.Errorf("the newest checkpoints are %v", list)
	}
}

// A chain that grows all the time is heard of all the same.
func TestHeardOfABusyGate(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	north := w.gate("north")
	var behind []*journal.Record
	for n := range int64(20) {
		behind = append(behind, w.admit("north", id(uint64(n))))
		s.Hear(word(t, north, 1000*(n+1)))
		if len(behind) > 3 { // records come three words late
			w.apply(s, behind[0])
			behind = behind[1:]
		}
	}
	if at, ok := s.Heard(north.Chain().Node); !ok || at < 10_000 {
		t.Errorf("heard at %d, %v", at, ok)
	}
}

func TestWordThatContradictsTheChain(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	clone := w.gate("north").Fork()
	w.apply(s, w.admit("north", id(1)))
	clone.Stamp.Time++
	clone.Scans(t, 1)
	if s.Hear(word(t, clone, 1000)) || len(s.Faults()) != 1 {
		t.Errorf("a clone's word: faults %q", s.Faults())
	}
}

func TestListAge(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	if _, known := s.ListAge(5000); known {
		t.Error("the list's age is known without the server's word")
	}
	s.Hear(word(t, w.server, 10_000))
	for now, want := range map[int64]int64{10_000: 0, 12_500: 2500, 9000: 0} {
		if age, known := s.ListAge(now); !known || age != want {
			t.Errorf("at %d the list's age is %d, %v; want %d", now, age, known, want)
		}
	}
	w.revoke("revoked", id(1)) // written, and not here yet
	s.Hear(word(t, w.server, 20_000))
	if age, _ := s.ListAge(20_000); age != 10_000 {
		t.Errorf("a word on records that are not here makes the list %d ms old, want 10000", age)
	}
}

func TestAssurance(t *testing.T) {
	w := newWorld(t)
	records := append(w.began, w.enrol("roof"))
	north := w.gate("north").Chain().Node
	const now, never = 1_000_000, -1
	for _, c := range []struct {
		south, roof int64 // ms since they were heard
		want        journal.Assurance
	}{
		{never, never, journal.Assurance{Level: Alone, Unheard: 2}},
		{400, never, journal.Assurance{Level: Alone, Unheard: 1}},
		{61_000, never, journal.Assurance{Level: Alone, Unheard: 2}},
		{61_000, 70_000, journal.Assurance{Level: Alone, Unheard: 2, LongestMS: 70_000}},
		{61_000, 100, journal.Assurance{Level: Alone, Unheard: 1, LongestMS: 61_000}},
		{60_000, 100, journal.Assurance{Level: Recent, LongestMS: 60_000}},
		{5_001, 100, journal.Assurance{Level: Recent, LongestMS: 5001}},
		{5_000, 0, journal.Assurance{Level: Together, LongestMS: 5000}},
		{0, -5_000, journal.Assurance{Level: Together}}, // by a clock that is ahead
	} {
		s := w.state(records...)
		for gate, ago := range map[string]int64{"south": c.south, "roof": c.roof} {
			if ago != never {
				s.Hear(word(t, w.gate(gate), now-ago))
			}
		}
		if got := s.Assurance(north, now); got != c.want {
			t.Errorf("south %d ms ago, roof %d ms ago: %+v, want %+v", c.south, c.roof, got, c.want)
		}
	}
}

func TestAssuranceWithoutOthers(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	w.apply(s, w.expel("south", 0))
	if got := s.Assurance(w.gate("north").Chain().Node, 1000); got != (journal.Assurance{Level: Together}) {
		t.Errorf("the only active gate is %+v", got)
	}
}
