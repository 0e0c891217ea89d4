package state

import (
	"cmp"
	"slices"

	"usher/sync/journal"
)

// noZone is the zone of an act at a gate that no version of the event has.
const noZone uint8 = 0xff

// versions are the event's versions by their place in the server's journal.
type versions []version

type version struct {
	at    journal.Position
	event *journal.Event   // nil: it can't be read
	zones map[string]uint8 // of its gates
	fault string           // why it can't be read
}

func comparePositions(a, b journal.Position) int {
	return cmp.Or(cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Seq, b.Seq))
}

// add puts a version in its place.
func (v *versions) add(next version) {
	if next.event != nil {
		next.zones = make(map[string]uint8, len(next.event.Gates))
		for i := range next.event.Gates {
			next.zones[next.event.Gates[i].Code] = next.event.Gates[i].Zone
		}
	}
	*v = slices.Insert(*v, v.upTo(next.at), next)
}

// upTo is how many versions there are up to a position.
func (v versions) upTo(at journal.Position) int {
	n, _ := slices.BinarySearchFunc(v, at, func(have version, at journal.Position) int {
		if comparePositions(have.at, at) <= 0 {
			return -1
		}
		return 1
	})
	return n
}

// at gives the newest version up to a position that can be read, or nil.
func (v versions) at(at journal.Position) *journal.Event {
	for i := v.upTo(at) - 1; i >= 0; i-- {
		if v[i].event != nil {
			return v[i].event
		}
	}
	return nil
}

func (v versions) newest() *journal.Event {
	for i := len(v) - 1; i >= 0; i-- {
		if v[i].event != nil {
			return v[i].event
		}
	}
	return nil
}

// fault says why the newest version can't be read; "" if it can.
func (v versions) fault() string {
	if len(v) == 0 {
		return ""
	}
	return v[len(v)-1].fault
}

// zone gives the zone of a gate as the version at a position has it; if that one
// lacks the gate, as the nearest earlier, then the nearest later one that has it.
func (v versions) zone(at journal.Position, gate string) uint8 {
	n := v.upTo(at)
	for i := n - 1; i >= 0; i-- {
		if zone, ok := v[i].zones[gate]; ok {
			return zone
		}
	}
	for i := n; i < len(v); i++ {
		if zone, ok := v[i].zones[gate]; ok {
			return zone
		}
	}
	return noZone
}
