package state

import (
	"slices"

	"usher/sync/admission"
	"usher/sync/journal"
)

// room is a zone between two check-outs of everybody.
type room struct {
	zone uint8
	stay uint16
}

// occupancy is what came of a room.
type occupancy struct{ entries, exits int }

// stayOf says how many check-outs of its zone were before an act.
func (s *State) stayOf(a *act) uint16 { return s.stayAt(a.zone, a.at) }

func (s *State) stayAt(zone uint8, at int64) uint16 {
	n, _ := slices.BinarySearch(s.checkOuts[zone], at+1)
	return uint16(n)
}

// tallyRoom counts a passage that counts once more or once less.
func (s *State) tallyRoom(a *act, by int) {
	if !a.admits() || a.zone == noZone || a.undone && a.words.direction == admission.In {
		return
	}
	at := room{a.zone, a.stay}
	o := s.rooms[at]
	if o == nil {
		o = new(occupancy)
		s.rooms[at] = o
	}
	if a.words.direction == admission.Out {
		o.exits += by
	} else {
		o.entries += by
	}
}

// insideOf is how many people are in a zone at a moment.
func (s *State) insideOf(zone uint8, now int64) int {
	o := s.rooms[room{zone, s.stayAt(zone, now)}]
	if o == nil {
		return 0
	}
	return max(0, o.entries-o.exits)
}

// Inside is how many people are in a zone at a moment, corrected Unix ms, as far
// as this node knows.
func (s *State) Inside(zone uint8, now int64) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.insideOf(zone, now)
}

// recount follows up on a new version of the event: where its check-outs differ,
// every act's room is another one.
func (s *State) recount() {
	fresh := make(map[uint8][]int64)
	if event := s.versions.newest(); event != nil {
		for _, z := range event.Zones {
			for _, at := range z.CheckOut {
				fresh[z.Bit] = append(fresh[z.Bit], at*1000)
			}
		}
	}
	same := len(fresh) == len(s.checkOuts)
	for bit, list := range fresh {
		same = same && slices.Equal(list, s.checkOuts[bit])
	}
	if same {
		return
	}
	s.checkOuts = fresh
	clear(s.rooms)
	for _, a := range s.acts {
		a.stay = s.stayOf(a)
		if a.standing == counts && !a.isUndo() {
			s.tallyRoom(a, +1)
		}
	}
}

// Visit adds up a ticket's past in a zone at a moment, corrected Unix ms.
func (s *State) Visit(id journal.TicketID, zone uint8, now int64) admission.Visit {
	past := s.Past(id)
	return admission.VisitOf(s.Event(), past, zone, now)
}
