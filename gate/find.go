package gate

import (
	"context"
	"net"
	"net/netip"

	"usher/gate/discovery"
)

// Finding says on which networks an agent looks for others of its event, and is
// found by them. The zero Finding is all networks of the device that know
// multicast, except for an agent that answers to its own device only.
type Finding struct {
	Off        bool
	Interfaces []string // by name; the loopback only counts when it is named
}

// findOthers looks for other gates until ctx ends, if it is to.
func (a *Agent) findOthers(ctx context.Context) {
	at, ok := a.listener.Addr().(*net.TCPAddr)
	if !ok || a.Find.Off || at.IP.IsLoopback() && len(a.Find.Interfaces) == 0 {
		return
	}
	cfg := discovery.Config{
		Event: a.Enrolment.Event, Server: a.Enrolment.Server, Port: uint16(at.Port), Found: a.Uplink.Offer,
		Media: discovery.System(a.Find.Interfaces...), Now: a.Now, Rand: a.Rand, Log: a.Log,
	}
	if only, ok := netip.AddrFromSlice(at.IP); ok && !only.IsUnspecified() {
		cfg.Only = only.Unmap()
	}
	d, err := discovery.New(cfg)
	if err != nil {
		a.Log.Error("other gates can't be found", "error", err)
		return
	}
	d.Run(ctx)
}
