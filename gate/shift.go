package gate

import (
	"context"
	"io"
	"time"

	"usher/gate/shift"
	"usher/sync/journal"
	"usher/sync/link"
)

// openShift makes the keeper of the device's shift.
func (g *Gate) openShift() {
	g.Shift = shift.New(shift.Config{
		Event: g.Enrolment.Event, Chain: g.author.Chain(), State: g.State, Turnstile: g.Turnstile, Store: g.Store,
		Standing: g.standing, HandOver: g.HandOver, Mono: g.Clock.Mono, Log: g.Log,
		Now: func() time.Time { return time.UnixMilli(g.Time.Moment().At) },
	})
}

// standing is what a shift needs of the gate's status.
func (g *Gate) standing(ctx context.Context) shift.Standing {
	s := g.Status(ctx)
	return shift.Standing{
		Ready: s.Ready, NotReady: s.Reason, Server: s.Server, Records: s.Records, Unsent: s.Unsent, Alone: s.Alone,
		ListAge: s.ListAge, ListStale: s.ListStale, Clock: s.Clock, OffsetMS: s.OffsetMS, ErrorMS: s.ErrorMS,
	}
}

// HandOver writes a journal file of what the server is not known to hold, to be
// carried to it by hand, and gives how many records those are.
func (g *Gate) HandOver(ctx context.Context, w io.Writer) (uint64, error) {
	held, err := g.Store.Vector(ctx)
	if err != nil {
		return 0, err
	}
	known := journal.Vector{}
	for chain, head := range held {
		known[chain] = head // of its own journal a server holds all
		if !g.State.IsServer(chain.Node) {
			known[chain] = journal.Head{Seq: min(head.Seq, g.peers.Held(chain, g.State.IsServer))}
		}
	}
	return link.WriteBeyond(ctx, w, g.local(), known)
}
