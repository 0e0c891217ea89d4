package exchange

import (
	"context"
	"errors"

	"usher/sync/fault"
	"usher/sync/journal"
)

// download checks the batches that come, in their order, as many at a time as have
// come, and hands them over to be stored: the next ones are checked meanwhile.
func (s *session) download(ctx context.Context) error {
	var before *parcel // the one handed over last, until it is answered
	for {
		group, err := gatherUp(ctx, s.batches)
		if err != nil {
			return err
		}
		for len(group) > 0 {
			parcels, why := s.open(ctx, group)
			switch {
			case len(parcels) > 0:
				if err := s.handOver(ctx, parcels); err != nil {
					return err
				}
				before, group = parcels[len(parcels)-1], group[len(parcels):]
			case before != nil:
				select {
				case <-ctx.Done():
					return context.Cause(ctx)
				case <-before.answered:
					before = nil // and who enrols the author may have come
				}
			default:
				if err := s.answer(ctx, &parcel{batch: group[0], err: why}); err != nil {
					return err
				}
				group = group[1:]
			}
		}
	}
}

// gatherUp waits for something, and gives it with all that has come behind it.
func gatherUp[T any](ctx context.Context, from <-chan T) (list []T, err error) {
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case t := <-from:
		list = append(list, t)
	}
	for {
		select {
		case t := <-from:
			list = append(list, t)
		default:
			return list, nil
		}
	}
}

// open checks the batches at the front whose authors are known. Where the first
// one's is not it gives none, and says why. A batch further back may be of an
// author whom an earlier one enrols.
func (s *session) open(ctx context.Context, group []*batch) (parcels []*parcel, why error) {
	for _, b := range group {
		author, err := s.local.author(b.chain())
		if err != nil && len(parcels) == 0 {
			return nil, err
		}
		if err != nil {
			break
		}
		parcels = append(parcels, &parcel{batch: b, author: author, answered: make(chan struct{})})
	}
	unpack(ctx, parcels, s.holds())
	return parcels, nil
}

func (s *session) handOver(ctx context.Context, parcels []*parcel) error {
	for _, p := range parcels {
		if n := len(p.records); n > 0 {
			if err := s.theyHold(journal.Vector{p.chain(): p.records[n-1].Head()}, false); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case s.parcels <- p:
		}
	}
	return nil
}

// keep stores the batches that were checked, as many at a time as there are, and
// answers each: how far the chain got, or why not.
func (s *session) keep(ctx context.Context) error {
	for {
		parcels, err := gatherUp(ctx, s.parcels)
		if err != nil {
			return err
		}
		s.local.store(ctx, parcels)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, p := range parcels {
			if err := s.answer(ctx, p); err != nil {
				return err
			}
			close(p.answered)
		}
		if err := s.stillWelcome(); err != nil {
			return err
		}
	}
}

// answer tells the peer what became of a batch.
func (s *session) answer(ctx context.Context, p *parcel) error {
	defer signal(s.progress.changed)
	defer func() { <-s.owed }()
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
		s.doubt(chain, min(s.holds()[chain].Seq, p.last()))
	}
	return s.outbox.refuse(p.batch, p.err)
}
