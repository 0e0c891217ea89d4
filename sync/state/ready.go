package state

import (
	"fmt"

	"usher/sync/admission"
	"usher/sync/journal"
)

// NotReady says why this node can't judge tickets as the gate self, with a text
// for a person; "" if it can. Whether store and clock are fit is for the gate to
// say.
func (s *State) NotReady(self journal.NodeID) (admission.Reason, string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	event := s.versions.newest()
	m, enrolled := s.enrolled(self)
	switch {
	case enrolled && m.expel != nil:
		return admission.DeviceRevoked, "this device was expelled: " + m.expel.Why
	case s.rings.newest() == nil:
		return admission.NotReady, "no key ring has come yet that the roots on the card signed"
	case !s.serverKnown():
		return admission.NotReady, "the server's journal key is not in the key ring"
	case s.troubles.unread != "":
		return admission.NotReady, "the server said something that this usher can't read: " + s.troubles.unread
	case s.versions.fault() != "":
		return admission.NotReady, "the newest version of the event can't be read: " + s.versions.fault()
	case event == nil:
		return admission.NotReady, "the event has not been downloaded yet"
	case s.hole() != "":
		return admission.NotReady, s.hole()
	case !enrolled:
		return admission.NotReady, "the server's word that this device is enrolled has not come yet"
	}
	if _, there := event.GateByCode(m.enrol.Gate); !there {
		return admission.GateMissing, fmt.Sprintf("the event has no gate %s any more", m.enrol.Gate)
	}
	return "", ""
}

// hole says what is missing between the epochs of the server's journal; "" if
// nothing is.
func (s *State) hole() string {
	for _, c := range s.chainList {
		if c.id.Node != s.server || c.id.Epoch == 0 {
			continue
		}
		before := uint64(0)
		if old, there := s.chains[journal.Chain{Node: s.server, Epoch: c.id.Epoch - 1}]; there {
			before = old.head.Seq
		}
		if before < c.first-1 {
			return fmt.Sprintf("records %d to %d of the server's journal have not come yet", before+1, c.first-1)
		}
	}
	return ""
}
