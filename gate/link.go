package gate

import (
	"context"
	"io"

	"usher/gate/clock"
	"usher/gate/door"
	"usher/gate/store"
	"usher/gate/uplink"
	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/link"
)

// openUplink makes the gate's connection to everybody else. Nothing is dialled
// before it runs.
func (g *Gate) openUplink(ctx context.Context) (err error) {
	g.Uplink, err = uplink.New(ctx, uplink.Config{
		Local: g.local(), Server: g.Enrolment.ServerURL, Others: g.Servers, Peers: g.Peers, Times: times{g}, Dial: g.Dial, Ended: g.ended,
		Applied: g.State.Holds, ClaimWait: g.ClaimWait,
	})
	return err
}

// claim asks the server for its turn to decide on a ticket.
func (g *Gate) claim(ctx context.Context, ticket journal.TicketID) bool {
	return g.Uplink.Claim(ctx, ticket)
}

// times keeps what the exchanges measure of the clock's offset.
type times struct{ g *Gate }

// Offset implements uplink.Times.
func (t times) Offset(ctx context.Context) (exchange.Estimate, error) {
	kept, known, err := t.g.Store.Offset(ctx)
	return exchange.Estimate{Offset: kept.Offset, Uncertainty: kept.Uncertainty, At: kept.At, Known: known}, err
}

// Correct implements uplink.Times.
func (t times) Correct(ctx context.Context, e exchange.Estimate, stepped bool) error {
	if stepped {
		t.g.Log.Warn("a clock was set: the device's or the server's", "offset", e.Offset, "uncertainty", e.Uncertainty)
	}
	t.g.Time.Correct(clock.Offset{Offset: e.Offset, Uncertainty: e.Uncertainty})
	t.g.word.told.Store(true)
	return t.g.Store.KeepOffset(ctx, store.Offset{Offset: e.Offset, Uncertainty: e.Uncertainty, At: e.At})
}

// Sync brings the gate level with its server and its peers, once. It succeeds
// when it is level with any of them.
func (g *Gate) Sync(ctx context.Context) error {
	outcomes, err := g.Uplink.Sync(ctx)
	for _, o := range outcomes {
		if o.Err == nil {
			return nil
		}
	}
	return err
}

// Import takes in the records of a journal file that was carried by hand, which is
// read twice. Where chains are refused the others are in all the same.
func (g *Gate) Import(ctx context.Context, file io.ReadSeeker) (door.Imported, error) {
	f, err := link.ReadFile(file)
	if err != nil {
		return door.Imported{}, err
	}
	done := door.Imported{Event: f.Event}
	if f.Event != g.Enrolment.Event {
		return done, fault.New(fault.BadInput, "this file holds journals of event %s, this gate is of event %s", f.Event, g.Enrolment.Event)
	}
	report, err := exchange.Import(ctx, g.local(), f.Batches())
	done.Records, done.Known, done.Refused = report.Taken, report.Known, refused(report)
	if err != nil {
		return done, err
	}
	_, err = exchange.ImportCheckpoints(g.local(), f.Checkpoints)
	return done, err
}

// refused says of each chain that was refused why.
func refused(r exchange.Report) map[string]string {
	list := make(map[string]string, len(r.Refused))
	for chain, err := range r.Refused {
		list[chain.String()] = fault.Message(err)
	}
	return list
}

// linkStatus adds who is linked, and what the server is not known to hold.
func (g *Gate) linkStatus(ctx context.Context, s *door.Status) {
	up, err := g.Uplink.Status(ctx)
	if err != nil {
		s.Faults = append(s.Faults, fault.Message(err))
		return
	}
	s.Records, s.Unsent, s.Alone = up.Own, up.Unsent, up.Alone
	s.Links = links(up, g.nameOf, g.Now())
	s.Faults = append(s.Faults, g.forks(ctx)...)
	for _, n := range g.State.Notices() {
		if n.Chain == g.author.Chain() {
			s.Withheld++
		}
	}
	for _, p := range up.Others {
		if p.Connected > 0 {
			s.Online = true
			s.Server = s.Server || g.State.IsServer(p.Node)
		}
	}
}
