package exchange

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"usher/sync/fault"
	"usher/sync/journal"
)

// Checkpoints keeps the newest checkpoint of every chain, the node's own
// included, and lets sessions pass them on, so that each node knows how lately
// each other was alive and how old its copy of the server's journal is, by
// whatever path the word came. It is safe for use by several goroutines.
type Checkpoints struct {
	own  func(ctx context.Context) (*journal.Checkpoint, error)
	kept func(*journal.Checkpoint)

	mu      sync.Mutex // covers newest
	newest  map[journal.Chain]*journal.Checkpoint
	notices notices
}

// NewCheckpoints begins with checkpoints kept from before. own signs how far the
// node's own journal goes; it is called every CheckpointEvery by each session,
// and may give the same one again while that is fresh enough, or nil. kept, if
// not nil, is called with each verified checkpoint of another node that is newer
// than the one before, outside of any lock and perhaps by several goroutines.
func NewCheckpoints(own func(ctx context.Context) (*journal.Checkpoint, error), kept func(*journal.Checkpoint), before ...*journal.Checkpoint) *Checkpoints {
	c := &Checkpoints{own: own, kept: kept, newest: make(map[journal.Chain]*journal.Checkpoint)}
	for _, p := range before {
		c.put(p)
	}
	return c
}

// Newest gives the newest checkpoint of a chain, or nil.
func (c *Checkpoints) Newest(chain journal.Chain) *journal.Checkpoint {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.newest[chain]
}

// All gives the newest checkpoint of every chain, by chain.
func (c *Checkpoints) All() []*journal.Checkpoint {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := slices.Collect(maps.Values(c.newest))
	slices.SortFunc(list, func(a, b *journal.Checkpoint) int { return a.Chain.Compare(b.Chain) })
	return list
}

// Keep takes in a checkpoint that the caller verified. It reports whether it is
// newer than the one kept.
func (c *Checkpoints) Keep(p *journal.Checkpoint) bool {
	if !c.put(p) {
		return false
	}
	c.notices.tell()
	if c.kept != nil {
		c.kept(p)
	}
	return true
}

// refresh asks for a new checkpoint of the node's own journal.
func (c *Checkpoints) refresh(ctx context.Context) error {
	if c.own == nil {
		return nil
	}
	p, err := c.own(ctx)
	if err == nil && p != nil && c.put(p) {
		c.notices.tell()
	}
	return err
}

func (c *Checkpoints) put(p *journal.Checkpoint) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if have := c.newest[p.Chain]; have != nil && !newer(p, have) {
		return false
	}
	if len(c.newest) >= MaxChains && c.newest[p.Chain] == nil {
		return false
	}
	c.newest[p.Chain] = p
	return true
}

// newer orders checkpoints of one chain: by time, and by number where one was
// made in the same millisecond.
func newer(a, b *journal.Checkpoint) bool {
	return a.Time > b.Time || a.Time == b.Time && a.Head.Seq > b.Head.Seq
}

// beyond gives up to limit checkpoints that are newer than what told says, and
// whether there are more, and notes them in told.
func (c *Checkpoints) beyond(told map[journal.Chain]*journal.Checkpoint, limit int) (list [][]byte, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list = make([][]byte, 0, min(limit, len(c.newest)))
	for chain, p := range c.newest {
		if have := told[chain]; have != nil && !newer(p, have) {
			continue
		}
		if len(list) == limit {
			return list, true
		}
		list = append(list, p.Bytes())
		told[chain] = p
	}
	return list, false
}

// keepCheckpoint takes in a checkpoint that came from elsewhere, and says
// whether it is newer than the one kept. Where this node keeps none it does
// nothing.
func (l *Local) keepCheckpoint(raw []byte) (bool, error) {
	if l.Checkpoints == nil {
		return false, nil
	}
	p, err := journal.ParseCheckpoint(raw)
	if err != nil {
		return false, fault.Wrap(fault.BadInput, err, "a checkpoint can't be read")
	}
	pub, err := l.author(p.Chain)
	if err != nil {
		return false, err
	}
	if have := l.Checkpoints.Newest(p.Chain); have != nil && !newer(p, have) {
		return false, nil
	}
	if err := p.Verify(pub); err != nil {
		return false, fault.Wrap(fault.BadInput, err, "a checkpoint of %s is refused", p.Chain)
	}
	return l.Checkpoints.Keep(p), nil
}

// ImportCheckpoints takes in checkpoints that came in a file and gives how many
// were newer than those kept. Those of authors that this node does not know are
// passed over.
func ImportCheckpoints(local Local, list [][]byte) (int, error) {
	if err := local.check(); err != nil {
		return 0, err
	}
	kept := 0
	for _, raw := range list {
		fresh, err := local.keepCheckpoint(raw)
		if err != nil && !errors.Is(err, fault.NotReady) {
			return kept, err
		}
		if fresh {
			kept++
		}
	}
	return kept, nil
}
