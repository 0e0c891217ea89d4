package state

import (
	"usher/crypto/keyring"
	"usher/sync/fault"
	"usher/sync/journal"
)

// fromServer takes in a record of a kind that only a server writes.
func (s *State) fromServer(r *journal.Record) Change {
	node := r.Chain.Node
	if _, gate := s.enrolled(node); gate || s.notServer(node) {
		s.strays = append(s.strays, strayOf(r, WhyAuthor))
		return ChangedOther
	}
	change := ChangedOther
	if r.Kind == journal.KindRing {
		// A ring vouches for itself by the roots' signatures; it is what makes
		// its author known.
		change |= s.readRing(r)
	}
	if node != s.server || !s.serverKnown() {
		s.backlog[node] = append(s.backlog[node], r)
		return change
	}
	return change | s.enact(r)
}

// notServer reports whether another node is known to be the server.
func (s *State) notServer(node journal.NodeID) bool {
	return s.server != journal.NodeID{} && node != s.server
}

// readBacklog enacts what the server wrote before a ring vouched for it, and
// sets aside what others did.
func (s *State) readBacklog() Change {
	change := ChangedOther
	for node, records := range s.backlog {
		if node == s.server {
			continue
		}
		for _, r := range records {
			s.strays = append(s.strays, strayOf(r, WhyAuthor))
		}
		delete(s.backlog, node)
	}
	records := s.backlog[s.server]
	delete(s.backlog, s.server)
	for _, r := range records {
		change |= s.enact(r)
	}
	s.refitNode(s.server)
	return change
}

func (s *State) readRing(r *journal.Record) Change {
	content, err := journal.Read[journal.RingRecord](r)
	if err != nil {
		return ChangedOther // enact says so
	}
	ring, err := keyring.ParseSigned(content.Signed)
	if err != nil {
		s.troubles.add(r, err)
		return ChangedOther
	}
	change, err := s.takeRing(ring)
	if err != nil {
		s.troubles.add(r, err)
	}
	return change | ChangedOther
}

// enact makes a record of the server's journal take effect.
func (s *State) enact(r *journal.Record) Change {
	at := journal.Position{Epoch: r.Chain.Epoch, Seq: r.Seq}
	change, err := s.enactKind(at, r)
	if err != nil {
		s.unread(at, r, err)
		change = ChangedOther
	}
	if s.position.Before(at) {
		s.position = at
		s.reached()
	}
	return change | ChangedOther
}

func (s *State) enactKind(at journal.Position, r *journal.Record) (Change, error) {
	switch r.Kind {
	case journal.KindEvent:
		return ChangedEvent | ChangedHistory, s.enactEvent(at, r)
	case journal.KindRevoke:
		return ChangedRevocations, s.enactRevoke(at, r)
	case journal.KindRoster:
		return ChangedRoster, s.enactRoster(at, r)
	case journal.KindEnrol:
		return ChangedDirectory, s.enactEnrol(at, r)
	case journal.KindExpel:
		return ChangedDirectory, s.enactExpel(at, r)
	case journal.KindResolve:
		return ChangedResolutions, s.enactResolve(r)
	case journal.KindRing:
		_, err := journal.Read[journal.RingRecord](r)
		return 0, err
	case journal.KindGuests:
		return ChangedGuests, s.enactGuests(at, r)
	case journal.KindStaff:
		return ChangedStaff, s.enactStaff(at, r)
	case journal.KindNotice:
		return ChangedOther, s.enactNotice(at, r)
	}
	return 0, fault.New(fault.Newer, "records of this kind are of a newer usher than this one")
}

// unread notes that a record of the server can't be read. This node can't know
// then what it was told, so it must not decide, until a later record makes up
// for it: of an event, the next version does. Resolutions, guest and staff lists and
// notices decide nothing.
func (s *State) unread(at journal.Position, r *journal.Record, err error) {
	text := s.troubles.add(r, err)
	switch r.Kind {
	case journal.KindEvent:
		s.versions.add(version{at: at, fault: text})
	case journal.KindResolve, journal.KindGuests, journal.KindStaff, journal.KindNotice:
	default:
		if s.troubles.unread == "" {
			s.troubles.unread = text
		}
	}
}

func (s *State) enactEvent(at journal.Position, r *journal.Record) error {
	event, err := journal.Read[journal.Event](r)
	if err != nil {
		return err
	}
	if event.Code != s.event {
		return fault.New(fault.BadInput, "it describes event %s, this is the journal of event %s", event.Code, s.event)
	}
	s.versions.add(version{at: at, event: event})
	s.recount()
	s.refitAll(func(a *act) bool {
		if !a.known.Before(at) {
			s.touch(a.ticket) // it was decided by these rules
		}
		return a.zone != s.versions.zone(a.known, a.words.gate)
	})
	return nil
}

func (s *State) enactRevoke(at journal.Position, r *journal.Record) error {
	revoke, err := journal.Read[journal.Revoke](r)
	if err != nil {
		return err
	}
	s.revocations.Apply(at, revoke)
	if len(s.stories) > 0 {
		for i := range revoke.Len() {
			s.touch(revoke.At(i).Ticket)
		}
	}
	return nil
}

func (s *State) enactRoster(at journal.Position, r *journal.Record) error {
	list, err := journal.Read[journal.Roster](r)
	if err != nil {
		return err
	}
	s.roster.Apply(at, list)
	if len(s.stories) == 0 {
		return nil
	}
	for g := range list.Groups {
		for i := range list.Groups[g].Len() {
			id, _ := list.Groups[g].At(i)
			s.refitManual(id)
		}
	}
	return nil
}

// refitManual asks anew about the acts of a ticket that the roster bears out.
func (s *State) refitManual(id journal.TicketID) {
	for a := s.stories[id].newest; a != nil; a = a.older {
		if a.manual() {
			s.refit(a)
			s.touch(id) // its product may be another one
		}
	}
}

func (s *State) enactEnrol(at journal.Position, r *journal.Record) error {
	enrol, err := journal.Read[journal.Enrol](r)
	if err != nil {
		return err
	}
	s.admit(at, enrol)
	s.refitNode(enrol.Node)
	return nil
}

func (s *State) enactExpel(at journal.Position, r *journal.Record) error {
	expel, err := journal.Read[journal.Expel](r)
	if err != nil {
		return err
	}
	s.expel(at, expel, r.Bytes())
	s.refitNode(expel.Node)
	return nil
}

func (s *State) enactResolve(r *journal.Record) error {
	resolve, err := journal.Read[journal.Resolve](r)
	if err != nil {
		return err
	}
	s.resolutions[resolve.Ticket] = append(s.resolutions[resolve.Ticket], resolve)
	s.touch(resolve.Ticket)
	return nil
}

// reached follows up on the server's journal having come further: what gates
// knew more of than this node did can be judged now.
func (s *State) reached() {
	for id := range s.late {
		s.dirty[id] = struct{}{}
	}
	clear(s.late)
	still := s.placeless[:0]
	for _, a := range s.placeless {
		if s.position.Before(a.known) {
			still = append(still, a)
		} else {
			s.refit(a)
		}
	}
	clear(s.placeless[len(still):])
	s.placeless = still
}
