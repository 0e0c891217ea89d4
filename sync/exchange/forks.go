package exchange

import (
	"context"
	"slices"
	"sync"

	"usher/sync/fault"
	"usher/sync/journal"
)

// maxDisputesQueued is how many disputes a peer may have on their way: a
// question of its own and an answer to ours.
const maxDisputesQueued = 4

// forks holds the chains of which this node and the peer hold different
// branches. They are settled one record at a time, from the newest that both
// have down to where the branches part, so that both keep proof of every record
// that was written twice.
type forks struct {
	ready chan struct{} // one place: there is a question to ask

	mu      sync.Mutex             // covers what follows
	queue   []doubt                // to be asked about
	asked   *doubt                 // waits for its answer
	begun   map[journal.Chain]bool // asked about, and not found to be no fork since
	settled map[journal.Chain]int  // records shown in this session
	inHand  int                    // the peer's questions and answers that are not dealt with yet
}

// doubt is a number of which the nodes hold different records.
type doubt struct {
	chain journal.Chain
	seq   uint64
}

func newForks() *forks {
	return &forks{ready: make(chan struct{}, 1), begun: map[journal.Chain]bool{}, settled: map[journal.Chain]int{}}
}

// add queues a question, unless the chain's have been asked.
func (f *forks) add(c doubt, more bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.begun[c.chain] && !more || f.settled[c.chain] >= MaxDisputed || c.seq == 0 {
		return false
	}
	f.begun[c.chain] = true
	f.settled[c.chain]++
	f.queue = append(f.queue, c)
	signal(f.ready)
	return true
}

// none says that a chain is no fork, as far as the two nodes could see: they may
// have looked at a record that both hold.
func (f *forks) none(chain journal.Chain) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.begun, chain)
}

// taken counts a message of the peer's that is to be dealt with; dealt takes it
// off.
func (f *forks) taken() { f.count(+1) }
func (f *forks) dealt() { f.count(-1) }

func (f *forks) count(change int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inHand += change
}

// take gives the next question to ask, one at a time.
func (f *forks) take() (doubt, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked != nil || len(f.queue) == 0 {
		return doubt{}, false
	}
	c := f.queue[0]
	f.queue, f.asked = f.queue[1:], &c
	return c, true
}

// waits tells whether an answer to the question is waited for.
func (f *forks) waits(c doubt) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked != nil && *f.asked == c
}

// answered ends a question, after what follows from the answer is done: until
// then it is open.
func (f *forks) answered() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = nil
	signal(f.ready)
}

// open says whether there are questions without an answer, the peer's included.
func (f *forks) open() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked != nil || len(f.queue) > 0 || f.inHand > 0
}

// note counts a question of the peer's about a chain, and says whether there
// were not too many.
func (f *forks) note(chain journal.Chain) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settled[chain]++
	return f.settled[chain] <= MaxDisputed
}

// doubt says that the peer seems to hold another record with the number. The
// chain goes no further until that is settled.
func (s *session) doubt(chain journal.Chain, seq uint64) {
	if seq == 0 || s.progress.isForked(chain) || s.progress.resting(chain) {
		return
	}
	if s.forks.add(doubt{chain, seq}, false) {
		s.progress.fork(chain, true)
	} else {
		s.progress.rest(chain, broken(chain, seq))
	}
}

// argue asks the peer about forks and answers its questions.
func (s *session) argue(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case d := <-s.disputes:
			err := s.dealWith(ctx, d)
			s.forks.dealt()
			if err != nil {
				return err
			}
		case <-s.forks.ready:
			if c, ok := s.forks.take(); ok {
				if err := s.tell(ctx, s.question(ctx, c)); err != nil {
					return err
				}
			}
		}
		signal(s.progress.changed)
	}
}

func (s *session) dealWith(ctx context.Context, d *dispute) error {
	if d.Answer {
		s.hear(ctx, d)
		return nil
	}
	return s.tell(ctx, s.reply(ctx, d))
}

// tell hands a message to who writes; nil is none.
func (s *session) tell(ctx context.Context, m message) error {
	if m == nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case s.control <- m:
		return nil
	}
}

// question shows our record of the number.
func (s *session) question(ctx context.Context, c doubt) message {
	own := s.own(ctx, c)
	if own == nil {
		s.forks.answered()
		return nil
	}
	return &dispute{Node: c.chain.Node, Epoch: c.chain.Epoch, Seq: c.seq, Record: own.Bytes()}
}

// reply shows our record in answer, and keeps the two if they are a fork.
func (s *session) reply(ctx context.Context, d *dispute) message {
	answer := &dispute{Node: d.Node, Epoch: d.Epoch, Seq: d.Seq, Answer: true}
	own := s.own(ctx, doubt{d.chain(), d.Seq})
	if own == nil {
		return answer
	}
	if s.forks.note(own.Chain) && s.keepFork(ctx, own, d) {
		s.progress.fork(own.Chain, true)
	}
	answer.Record = own.Bytes()
	return answer
}

// hear takes an answer in: if the two are a fork the record before them is next,
// and if they are not, the chain goes on.
func (s *session) hear(ctx context.Context, d *dispute) {
	c := doubt{d.chain(), d.Seq}
	if !s.forks.waits(c) {
		return
	}
	defer s.forks.answered()
	own := s.own(ctx, c)
	switch {
	case own != nil && s.keepFork(ctx, own, d):
		s.forks.add(doubt{c.chain, c.seq - 1}, true)
	case !s.isProved(c.chain):
		s.forks.none(c.chain)
		s.progress.fork(c.chain, false)
		s.progress.rest(c.chain, fault.New(fault.NotReady, "chain %s seemed forked and is not", c.chain))
	}
}

// own reads our record of the number, nil where there is none.
func (s *session) own(ctx context.Context, c doubt) *journal.Record {
	list, err := s.local.Store.Read(ctx, c.chain, c.seq, 1, 1)
	if err != nil || len(list) == 0 {
		return nil
	}
	r, err := journal.Parse(list[0])
	if err != nil || r.Seq != c.seq {
		return nil
	}
	return r
}

// keepFork stores the two records if they prove a fork, and says whether they do.
func (s *session) keepFork(ctx context.Context, own *journal.Record, d *dispute) bool {
	theirs, err := journal.Parse(d.Record)
	if err != nil {
		return false
	}
	pub, err := s.local.author(own.Chain)
	if err != nil {
		return false
	}
	fork := journal.Fork{Held: own, Seen: theirs}
	if err := fork.Check(pub); err != nil {
		return false
	}
	if err := s.local.Store.KeepFork(ctx, fork); err != nil {
		s.local.Log.ErrorContext(ctx, "keeping proof of a fork", "chain", own.Chain, "seq", own.Seq, "err", err)
	}
	s.local.Log.WarnContext(ctx, "an author wrote two records with one number", "chain", own.Chain, "seq", own.Seq,
		"held", own.Hash(), "seen", theirs.Hash(), "peer", s.link.peer)
	s.local.Peers.change(s.link.peer, func(p *Peer) bool {
		if slices.Contains(p.Forked, own.Chain) {
			return false
		}
		p.Forked = append(p.Forked, own.Chain)
		return true
	})
	return true
}

func (s *session) isProved(chain journal.Chain) bool {
	peer, _ := s.local.Peers.Get(s.link.peer)
	return slices.Contains(peer.Forked, chain)
}
