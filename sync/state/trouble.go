package state

import (
	"fmt"
	"slices"

	"usher/sync/journal"
)

// maxTroubles bounds the list of faults: a gate that writes nonsense all day must
// not fill the memory with complaints about it.
const maxTroubles = 500

// troubles are the records that can't be believed or read.
type troubles struct {
	list []string
	more int // beyond maxTroubles
	// unread is the first record of the server that can't be read and is not
	// made up for by a later one: the node can't know what it was told.
	unread string
}

func (t *troubles) add(r *journal.Record, err error) string {
	text := fmt.Sprintf("record %d of %s (%s): %v", r.Seq, r.Chain, r.Kind, err)
	t.note(text)
	return text
}

// note adds a fault to the list, once: who contradicts itself does so with each of its
// checkpoints.
func (t *troubles) note(text string) {
	switch {
	case slices.Contains(t.list, text):
	case len(t.list) < maxTroubles:
		t.list = append(t.list, text)
	default:
		t.more++
	}
}

// Faults lists, for a person, the records that can't be read and the key rings
// and checkpoints that contradict what is known. They are evidence of a fault, an
// attack or of a newer usher; nothing that they say is used.
func (s *State) Faults() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := append([]string(nil), s.troubles.list...)
	if s.troubles.more > 0 {
		list = append(list, fmt.Sprintf("and %d more", s.troubles.more))
	}
	return list
}
