package gate

import (
	"context"
	"fmt"
	"time"

	"usher/gate/door"
	"usher/gate/uplink"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Words for how a link stands.
const (
	linkUp     = "up"
	linkTrying = "trying"  // for the first time, or right now
	linkWaits  = "waiting" // until the next try
)

// links tells people how the ways to others stand.
func links(up uplink.Status, name func(journal.NodeID) string, now time.Time) []door.Link {
	list := make([]door.Link, 0, len(up.Remotes))
	seen := make(map[journal.NodeID]bool)
	for _, r := range up.Remotes {
		l := door.Link{URL: r.URL, Kind: "named", State: linkTrying}
		switch {
		case r.Server:
			l.Kind = "server"
		case r.Found:
			l.Kind = "found"
		}
		switch {
		case r.Connected:
			l.State = linkUp
			seen[r.Node] = true
		case !r.Next.IsZero():
			l.State = linkWaits
		}
		if r.Node != (journal.NodeID{}) {
			l.Who = name(r.Node)
		}
		if !r.Heard.IsZero() {
			l.Heard = max(0, int64(now.Sub(r.Heard)/time.Second))
		}
		if r.Err != nil {
			l.Why = fault.Message(r.Err)
		}
		list = append(list, l)
	}
	for _, p := range up.Others {
		if p.Connected > 0 && !seen[p.Node] {
			list = append(list, door.Link{Kind: "caller", Who: name(p.Node), State: linkUp, Heard: max(0, int64(now.Sub(p.Heard)/time.Second))})
		}
	}
	return list
}

// nameOf calls a node what people call it.
func (g *Gate) nameOf(node journal.NodeID) string {
	if g.State.IsServer(node) {
		return "the server"
	}
	for _, m := range g.State.Gates() {
		if m.Node == node && m.Name != "" {
			return m.Name
		}
	}
	return node.String()
}

// forks says of each journal that was continued twice whose it is, and what to do. A
// later epoch of the server's own journal settles it.
func (g *Gate) forks(ctx context.Context) []string {
	proofs, err := g.Store.Forks(ctx)
	if err != nil {
		return []string{fault.Message(err)}
	}
	var list []string
	said := make(map[journal.Chain]bool)
	for _, f := range proofs {
		chain, server := f.Held.Chain, g.State.IsServer(f.Held.Chain.Node)
		if said[chain] || server && chain.Epoch < g.State.Position().Epoch {
			continue
		}
		said[chain] = true
		switch {
		case server:
			list = append(list, fmt.Sprintf("the server's journal went on differently from record %d than this gate heard: its data come from a backup. On the server: usher journal restored", f.Held.Seq))
		case chain == g.author.Chain():
			list = append(list, fmt.Sprintf("another device writes in this one's name (record %d): its data were copied or set back. Both are kept; enrol each device by itself", f.Held.Seq))
		default:
			list = append(list, fmt.Sprintf("device %s wrote two records %d: it was cloned or set back. Both are kept", g.nameOf(chain.Node), f.Held.Seq))
		}
	}
	return list
}
