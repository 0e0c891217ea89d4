package state

import (
	"bytes"
	"cmp"

	"usher/sync/guests"
	"usher/sync/journal"
	"usher/sync/roster"
)

// answer is what a holder answered to one question at a gate.
type answer struct {
	question, text string
	author         journal.Chain
	seq            uint64
	at             int64 // corrected Unix ms
	hash           journal.Hash
}

func (s *State) enactGuests(at journal.Position, r *journal.Record) error {
	sealed, err := journal.Read[journal.Guests](r)
	if err != nil || s.guestKey.IsZero() {
		return err
	}
	list, err := guests.Open(s.guestKey, s.event, sealed)
	if err != nil {
		return err
	}
	s.guests.Apply(at, list)
	return nil
}

// Guest gives the holder of a ticket, where this node may read the guest list.
func (s *State) Guest(id journal.TicketID) (guests.Guest, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.guests.Lookup(id)
}

// ReadsGuests reports whether this node may read the guest list.
func (s *State) ReadsGuests() bool { return !s.guestKey.IsZero() }

// SearchGuests lists the guests that a query may mean and that match; see
// guests.List.Search. match may be nil, and must not ask the State.
func (s *State) SearchGuests(query string, match func(guests.Guest) bool) []guests.Guest {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.guests.Search(query, match)
}

// Due says what is still to be paid for a ticket.
func (s *State) Due(id journal.TicketID) roster.Due {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.roster.Due(id)
}

func (s *State) takeAnswers(r *journal.Record, given *journal.Answer) {
	for _, g := range given.Answers {
		s.answers[given.Ticket] = append(s.answers[given.Ticket], answer{
			question: g.Question, text: g.Text, author: r.Chain, seq: r.Seq, at: r.Stamp.Corrected(), hash: r.Hash(),
		})
	}
}

// Answers gives what the holder of a ticket has answered at the gates, by
// question: the newest answer to each, by corrected time, of devices that are
// believed.
func (s *State) Answers(id journal.TicketID) map[string]string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	newest := make(map[string]answer)
	for _, a := range s.answers[id] {
		m, enrolled := s.enrolled(a.author.Node)
		if !enrolled || !m.believes(a.author.Epoch, a.seq) {
			continue
		}
		if known, there := newest[a.question]; !there || known.before(a) {
			newest[a.question] = a
		}
	}
	texts := make(map[string]string, len(newest))
	for question, a := range newest {
		texts[question] = a.text
	}
	return texts
}

func (a answer) before(b answer) bool {
	return cmp.Or(cmp.Compare(a.at, b.at), bytes.Compare(a.hash[:], b.hash[:])) < 0
}
