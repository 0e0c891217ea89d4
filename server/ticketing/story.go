package ticketing

import (
	"context"
	"time"

	"usher/crypto/keyring"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Change is one thing that was done to a ticket, as the gates were told of it.
type Change struct {
	At         time.Time `json:"at"`
	What       string    `json:"what"`              // issued, superseded, amended, or what Revoke and Reactivate tell the gates
	Generation uint16    `json:"generation"`        // of its newest code from then on
	Changed    []string  `json:"changed,omitempty"` // what else is different from then on, by the columns of a list
	Why        string    `json:"why,omitempty"`
}

// NewCode says whether the ticket has had another code from then on.
func (c *Change) NewCode() bool { return c.What == superseded }

// Words for a Change beside the reasons of a journal.Revoke.
const (
	Issued  = "issued"
	Amended = "amended" // without a new code

	superseded = "superseded" // with a new code
)

// Story tells what was done to a ticket, from the event's journal, in its order.
// Changes of the holder's name and address are not told apart: the journal has
// them sealed.
func (o *Office) Story(ctx context.Context, t Ticket) ([]Change, error) {
	server, err := o.authors(ctx, t.Event)
	if err != nil {
		return nil, err
	}
	s := story{id: journal.TicketID(t.ID)}
	err = o.journals.EachOf(ctx, t.Event, journal.KindRevoke, journal.KindRoster, func(r *journal.Record) error {
		if !server[r.Chain.Node] {
			return nil // nobody believes it
		}
		if err := s.take(r); err != nil {
			return fault.Wrap(fault.Internal, err, "record %d in the journal of event %s is damaged", r.Seq, t.Event)
		}
		return nil
	})
	return s.changes, stored(err, "reading the story of ticket %s", t.ID.Short())
}

// authors are the nodes that write the server's journal of the event.
func (o *Office) authors(ctx context.Context, event string) (map[journal.NodeID]bool, error) {
	ring, err := o.vault.Ring(ctx)
	if err != nil {
		return nil, err
	}
	nodes := map[journal.NodeID]bool{}
	for _, k := range ring.Ring.Keys {
		if k.Role == keyring.RoleJournal && k.For(event) {
			nodes[journal.NodeOf(k.Public)] = true
		}
	}
	return nodes, nil
}

// story is a ticket's story as far as it was read.
type story struct {
	id      journal.TicketID
	changes []Change
	listed  *journal.RosterGroup // as the newest roster has it; nil: in none yet
}

func (s *story) take(r *journal.Record) error {
	at := time.UnixMilli(r.Stamp.Time).UTC()
	if r.Kind == journal.KindRoster {
		roster, err := journal.Read[journal.Roster](r)
		if err != nil {
			return err
		}
		for i := range roster.Groups {
			for n := range roster.Groups[i].Len() {
				if id, generation := roster.Groups[i].At(n); id == s.id {
					s.list(at, generation, &roster.Groups[i])
				}
			}
		}
		return nil
	}
	revoke, err := journal.Read[journal.Revoke](r)
	if err != nil {
		return err
	}
	for i := range revoke.Len() {
		if v := revoke.At(i); v.Ticket == s.id {
			c := Change{At: time.UnixMilli(revoke.Since).UTC(), What: revoke.Reason, Why: revoke.Note}
			if n := len(s.changes); n > 0 {
				c.Generation = s.changes[n-1].Generation
			}
			if revoke.Reason == superseded {
				c.Generation = uint16(v.Minimum)
			}
			s.changes = append(s.changes, c)
		}
	}
	return nil
}

// list takes in that the roster has the ticket so from then on. The roster of a new
// code comes right behind the revocation of the one before, and is the same change.
func (s *story) list(at time.Time, generation uint16, as *journal.RosterGroup) {
	before := s.listed
	s.listed = as
	if before == nil {
		s.changes = append(s.changes, Change{At: at, What: Issued, Generation: generation})
		return
	}
	changed := differences(before, as)
	last := &s.changes[len(s.changes)-1]
	if last.What == superseded && last.Generation == generation && last.Changed == nil {
		last.Changed = changed
		return
	}
	if len(changed) > 0 {
		s.changes = append(s.changes, Change{At: at, What: Amended, Generation: generation, Changed: changed})
	}
}

func differences(a, b *journal.RosterGroup) (list []string) {
	for _, d := range []struct {
		column  column
		differs bool
	}{
		{colProduct, a.Product != b.Product},
		{colZone, a.Zones != b.Zones},
		{colFrom, a.NotBefore != b.NotBefore},
		{colUntil, a.Expires != b.Expires},
		{colAdmissions, max(a.Admissions, 1) != max(b.Admissions, 1)},
		{colPaid, a.Unpaid != b.Unpaid || a.Due != b.Due || a.Currency != b.Currency},
	} {
		if d.differs {
			list = append(list, string(d.column))
		}
	}
	return list
}
