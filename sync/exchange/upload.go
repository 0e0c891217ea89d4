package exchange

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"usher/sync/fault"
	"usher/sync/journal"
)

// upload sends what the peer lacks, whenever there is something, and says how
// far this node got by other ways.
func (s *session) upload(ctx context.Context) error {
	wake, end := s.local.Subscribe()
	defer end()
	again := time.NewTimer(atOnce)
	defer again.Stop()
	begun, due := false, true
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-wake:
			if !due {
				again.Reset(gather)
				due = true
			}
			continue
		case <-again.C:
			due = false
			if err := s.look(ctx, !begun); ctx.Err() != nil {
				return context.Cause(ctx)
			} else if err != nil {
				s.local.Log.ErrorContext(ctx, "reading how far this node got", "err", err)
				again.Reset(RetryFirst)
				due = true
				continue
			}
			begun = true
		case <-s.progress.changed:
		}
		if !begun {
			continue
		}
		if err := s.sendAll(ctx); err != nil {
			return err
		}
		if s.once && s.level() {
			return s.goodbye(ctx)
		}
	}
}

// look reads how far this node got. At the beginning it tells the peer all of
// it, later what the peer holds too: what it does not hold it is told by being
// sent it.
func (s *session) look(ctx context.Context, all bool) error {
	heads, err := s.local.Store.Vector(ctx)
	if err != nil {
		return err
	}
	fresh := s.grew(heads)
	if all {
		s.outbox.announce(heads)
		return nil
	}
	for chain, head := range fresh {
		if s.progress.of(chain).Seq < head.Seq {
			delete(fresh, chain)
		}
	}
	if len(fresh) > 0 {
		s.outbox.announce(fresh)
	}
	return nil
}

// sendAll sends batches until the peer lacks nothing or has enough to chew on.
func (s *session) sendAll(ctx context.Context) error {
	s.findForks()
	for {
		s.mu.Lock()
		t, ok := s.progress.next(s.held, s.chains, s.urgent)
		s.mu.Unlock()
		if !ok {
			return nil
		}
		b, err := s.pick(ctx, t)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			s.local.Log.ErrorContext(ctx, "reading records to send", "peer", s.link.peer, "chain", t.chain, "err", err)
			s.progress.rest(t.chain, err)
			continue
		case b == nil:
			continue
		}
		s.progress.departs(b)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case s.data <- b:
		}
	}
}

// pick reads the next batch of a chain. Before the first one it compares the
// record that the peer says it holds last with the one held here; where they
// differ there is a fork to be settled and nothing to be sent.
func (s *session) pick(ctx context.Context, t turn) (*batch, error) {
	if t.after.Seq > 0 {
		last, err := s.local.Store.Read(ctx, t.chain, t.after.Seq, 1, 1)
		if err != nil {
			return nil, err
		}
		if len(last) > 0 && sha256.Sum256(last[0]) != t.after.Hash && isNumber(last[0], t.after.Seq) {
			s.doubt(t.chain, t.after.Seq)
			return nil, nil
		}
	}
	list, err := s.local.Store.Read(ctx, t.chain, t.from, MaxBatchRecords, t.bytes)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.Internal, "record %d of %s is not there", t.from, t.chain)
	}
	first, err := journal.Parse(list[0])
	if err != nil {
		return nil, fmt.Errorf("record %d of %s: %w", t.from, t.chain, err)
	}
	return &batch{Node: t.chain.Node, Epoch: t.chain.Epoch, First: first.Seq, Records: list}, nil
}

// isNumber tells whether raw is a record of that number: a later epoch begins
// beyond 1.
func isNumber(raw []byte, seq uint64) bool {
	r, err := journal.Parse(raw)
	return err == nil && r.Seq == seq
}

// findForks compares the heads of chains of which both nodes hold as much.
func (s *session) findForks() {
	peer, _ := s.progress.status()
	for chain, head := range s.holds() {
		if theirs := peer[chain]; theirs.Seq == head.Seq && theirs.Hash != head.Hash {
			s.doubt(chain, head.Seq)
		}
	}
}

// goodbye ends a session that came level: what is owed goes out, then the peer
// is told, and hangs up.
func (s *session) goodbye(ctx context.Context) error {
	patience := time.NewTimer(FarewellTimeout)
	defer patience.Stop()
	s.leaving.Store(true)
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-patience.C:
		return errDone
	case s.parting <- &bye{}:
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-patience.C:
	case <-s.gone:
	}
	return errDone
}
