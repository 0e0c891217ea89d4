package exchange

import (
	"context"
	"errors"

	"usher/sync/fault"
	"usher/sync/journal"
)

// read takes messages from the peer and hands them out. Of batches it takes as
// many as there is room for, and then waits until those before them are answered;
// of anything else, what there is no room for is more than the protocol allows
// the peer to send.
func (s *session) read(ctx context.Context) error {
	for {
		m, err := s.link.receive(ctx)
		if err != nil {
			if s.leaving.Load() {
				close(s.gone)
				return nil
			}
			return err
		}
		now := s.local.Now()
		s.pulse.beat()
		s.local.Peers.change(s.link.peer, func(p *Peer) bool {
			p.Heard = now
			return false
		})
		switch m := m.(type) {
		case nil:
		case *ping:
			s.outbox.answer(m.Number, now)
		case *pong:
			s.pongCame(m, now)
		case *claim:
			if err := s.claimCame(m); err != nil {
				return err
			}
		case *grant:
			s.asking.granted(m)
		case *move:
			s.moveCame(m)
		case *bye:
			if s.leaving.Load() {
				close(s.gone)
				return nil
			}
			return errDone
		default:
			if err := s.handOut(ctx, m); err != nil {
				return err
			}
		}
	}
}

func (s *session) handOut(ctx context.Context, m message) error {
	switch m := m.(type) {
	case *vector:
		all := !s.vectored
		s.vectored = true
		return s.theyHold(m.unpack(), all)
	case *refusal:
		why := m.Problem.Err()
		if s.progress.refused(m.chain(), m.First, why) {
			s.local.Log.WarnContext(ctx, "records refused by peer", "peer", s.link.peer, "chain", m.chain(), "first", m.First, "err", why)
			s.noteRefused(m.chain(), why)
		}
		return nil
	case *batch:
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case s.owed <- struct{}{}:
			s.batches <- m // has room for as many
			return nil
		}
	case *dispute:
		s.forks.taken()
		select {
		case s.disputes <- m:
			return nil
		default:
			s.forks.dealt()
			return fault.New(fault.TooMany, "more than %d disputes without an answer", maxDisputesQueued)
		}
	case *checkpoints:
		return s.checkpointsCame(m)
	case *lastWord:
		return said(m)
	}
	return fault.New(fault.BadInput, "a %s message has no place in a session", m.kind())
}

// theyHold takes in how far the peer says it got, with all that it holds or with what
// went on since. It may hold less than it did: a node that was restored from a backup
// has lost what came after that, and nobody is to believe that it is safe there.
func (s *session) theyHold(heads journal.Vector, all bool) error {
	if err := s.progress.holds(heads, s.local.IsServer); err != nil {
		return err
	}
	s.local.Peers.change(s.link.peer, func(p *Peer) bool {
		for chain := range heads {
			delete(p.Refused, chain.String())
		}
		if all {
			p.Vector = journal.Vector{}
			advance(p.Vector, heads)
			return true
		}
		return advance(p.Vector, heads)
	})
	return nil
}

// noteRefused writes down that a chain does not get through at present.
func (s *session) noteRefused(chain journal.Chain, why error) {
	s.local.Peers.change(s.link.peer, func(p *Peer) bool {
		p.Refused[chain.String()] = why
		return true
	})
}

// checkpointsCame keeps what is new and signed by who it says. What is of an
// author not known yet comes again, from its author at the latest.
func (s *session) checkpointsCame(m *checkpoints) error {
	defer signal(s.progress.changed)
	defer s.relayed.Store(true)
	for _, raw := range m.List {
		if _, err := s.local.keepCheckpoint(raw); err != nil && !errors.Is(err, fault.NotReady) {
			return err
		}
	}
	return nil
}
