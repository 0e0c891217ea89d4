package state

import (
	"cmp"
	"slices"

	"usher/sync/journal"
)

// noticed names a record that the server sent a notice about.
type noticed struct {
	chain journal.Chain
	seq   uint64
}

// saidOf is the newest that the server said of a record.
type saidOf struct {
	at  journal.Position
	why string // "": it is taken into account
}

func (s *State) enactNotice(at journal.Position, r *journal.Record) error {
	n, err := journal.Read[journal.Notice](r)
	if err != nil {
		return err
	}
	about := noticed{journal.Chain{Node: n.Node, Epoch: n.Epoch}, n.Seq}
	if known, there := s.notices[about]; !there || known.at.Before(at) {
		s.notices[about] = saidOf{at, n.Why}
	}
	return nil
}

// Notice is a record that the server keeps and can't take into account.
type Notice struct {
	Chain journal.Chain `json:"chain"`
	Seq   uint64        `json:"seq"`
	Why   string        `json:"why"`
}

// Noticed reports whether the server's newest word on a record is that it can't
// take it into account.
func (s *State) Noticed(chain journal.Chain, seq uint64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.notices[noticed{chain, seq}].why != ""
}

// Notices lists the records that the server keeps and says it can't take into
// account, by chain and number.
func (s *State) Notices() []Notice {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Notice, 0, len(s.notices))
	for about, said := range s.notices {
		if said.why != "" {
			list = append(list, Notice{about.chain, about.seq, said.why})
		}
	}
	slices.SortFunc(list, func(a, b Notice) int { return cmp.Or(a.Chain.Compare(b.Chain), cmp.Compare(a.Seq, b.Seq)) })
	return list
}
