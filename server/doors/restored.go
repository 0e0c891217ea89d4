package doors

import (
	"context"
	"fmt"
	"sync"

	"usher/server/journals"
	"usher/sync/journal"
)

// regained counts what others gave back of the server's own journal: a server that
// was restored from a backup lacks what it wrote after that.
type regained struct {
	mu    sync.Mutex // covers what follows
	heads journal.Vector
	first map[journal.Chain]uint64
}

// accept makes records durable. Those of the server's own journal show that its data
// are older than what it once said.
func (d *Doors) accept(ctx context.Context, event string, l *live, store *journals.Store, records []*journal.Record) error {
	if err := store.Append(ctx, records); err != nil {
		return err
	}
	for _, r := range records {
		if r.Chain.Node != l.server || !l.regained.add(r) {
			continue
		}
		d.log.WarnContext(ctx, "a gate holds records of this server's own journal that these data had lost: they come from a backup. "+restoredAdvice,
			"event", event, "chain", r.Chain.String(), "seq", r.Seq)
	}
	return nil
}

const restoredAdvice = "Make again what was changed since the backup (docs/network.md)"

// add notes a record, and says whether it is the first of its chain.
func (g *regained) add(r *journal.Record) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.heads == nil {
		g.heads, g.first = make(journal.Vector), make(map[journal.Chain]uint64)
	}
	_, known := g.first[r.Chain]
	if !known {
		g.first[r.Chain] = r.Seq
	}
	g.heads[r.Chain] = r.Head()
	return !known
}

// said tells people what was regained.
func (g *regained) said() (list []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, chain := range g.heads.Chains() {
		list = append(list, fmt.Sprintf("these data come from a backup: gates gave back records %d to %d of this server's own journal. %s",
			g.first[chain], g.heads[chain].Seq, restoredAdvice))
	}
	return list
}

// forks says of each journal that was continued twice whose it is, and what to do. A
// later epoch of the server's own settles it.
func (d *Doors) forks(ctx context.Context, event string, l *live) (list []string, forked map[journal.NodeID]bool, err error) {
	proofs, err := d.journals.Forks(ctx, event)
	if err != nil {
		return nil, nil, err
	}
	forked = make(map[journal.NodeID]bool)
	said := make(map[journal.Chain]bool)
	for _, f := range proofs {
		chain := f.Held.Chain
		forked[chain.Node] = true
		if said[chain] || chain.Node == l.server && chain.Epoch < l.state.Position().Epoch {
			continue
		}
		said[chain] = true
		if chain.Node == l.server {
			list = append(list, fmt.Sprintf("gates hold other records of this server's own journal than these data, from number %d or before: they come from a backup, and the gates refuse what was written since. Run usher journal restored on them", f.Held.Seq))
			continue
		}
		list = append(list, fmt.Sprintf("device %s wrote two records %d: it was cloned or set back. Both are kept; find the other device, and enrol each by itself", chain, f.Held.Seq))
	}
	return list, forked, nil
}
