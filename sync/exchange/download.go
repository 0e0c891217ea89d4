package exchange

import (
	"context"
	"errors"

	"usher/sync/fault"
	"usher/sync/journal"
)

// download checks and stores the batches that come, in their order, as many at
// a time as have come, and answers each: how far the chain got, or why not.
func (s *session) download(ctx context.Context) error {
	for {
		var group []*batch
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case b := <-s.batches:
			group = append(group, b)
		}
		for more := true; more; {
			select {
			case b := <-s.batches:
				group = append(group, b)
			default:
				more = false
			}
		}
		for len(group) > 0 {
			n, err := s.takeIn(ctx, group)
			if err != nil {
				return err
			}
			group = group[n:]
		}
	}
}

// takeIn takes in the batches at the front whose authors are known, or refuses
// the first. A batch further back may be of an author whom an earlier one
// enrols.
func (s *session) takeIn(ctx context.Context, group []*batch) (int, error) {
	var parcels []*parcel
	var err error
	for _, b := range group {
		p := &parcel{batch: b}
		if p.author, err = s.local.author(b.chain()); err != nil {
			break
		}
		parcels = append(parcels, p)
	}
	if len(parcels) == 0 {
		return 1, s.answer(ctx, &parcel{batch: group[0], err: err})
	}
	unpack(ctx, parcels, s.holds())
	for _, p := range parcels {
		if n := len(p.records); n > 0 {
			if err := s.theyHold(journal.Vector{p.chain(): p.records[n-1].Head()}); err != nil {
				return 0, err
			}
		}
	}
	s.local.store(ctx, parcels)
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	for _, p := range parcels {
		if err := s.answer(ctx, p); err != nil {
			return 0, err
		}
	}
	return len(parcels), s.stillWelcome()
}

// answer tells the peer what became of a batch.
func (s *session) answer(ctx context.Context, p *parcel) error {
	defer signal(s.progress.changed)
	defer s.owed.Add(-1)
	chain := p.chain()
	if p.head.Seq > 0 {
		heads := journal.Vector{chain: p.head}
		s.grew(heads)
		s.outbox.announce(heads)
	}
	s.mu.Lock()
	delete(s.refused, chain)
	if p.err != nil {
		s.refused[chain] = p.err
	}
	s.mu.Unlock()
	if p.err == nil {
		return nil
	}
	s.noteRefused(chain, p.err)
	level := s.local.Log.WarnContext
	if errors.Is(p.err, fault.NotReady) {
		level = s.local.Log.DebugContext
	}
	level(ctx, "records refused", "peer", s.link.peer, "chain", chain, "first", p.First, "err", p.err)
	if errors.Is(p.err, fault.Exists) {
		s.claim(chain, min(s.holds()[chain].Seq, p.last()))
	}
	return s.outbox.refuse(p.batch, p.err)
}
