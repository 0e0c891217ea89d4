package doorpage

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/gate"
	"usher/gate/clock"
	gatedoor "usher/gate/door"
	"usher/gate/gatetest"
	"usher/sync/admission"
	"usher/sync/exchange"
	"usher/sync/guests"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/link"
	"usher/sync/staff"
)

// tickets is how many tickets are on a site's list.
const tickets = 40

// site is a gate and its agent. Its server is a journal that the test writes, which
// comes to the gate as a file.
type site struct {
	*gatetest.Venue
	t       testing.TB
	dir     string
	began   time.Time
	moved   atomic.Int64 // the gate's clock ahead of ours, ns
	address string
	tls     gate.TLS
	sent    atomic.Int64 // bytes that came to the agent
	gate    *gate.Gate
	end     func() // of the agent; nil while there is none
}

func newSite(t testing.TB, s setup) *site {
	t.Helper()
	v := gatetest.New(t, time.Now(), s.event)
	var list []journal.TicketID
	for n := 1; n <= tickets; n++ {
		list = append(list, ticketID(n))
	}
	v.List(t, list...)
	device := v.EnrolAs(t, "handheld 1", gatetest.North, cmp.Or(s.role, grant.RoleScanner))
	device.GuestKey, device.StaffKey = keysOf(device.Role)
	if s.say != nil {
		s.say(v)
	}
	h := &site{Venue: v, t: t, dir: v.Folder(t, device), began: time.Now(), address: "127.0.0.1:0", tls: s.tls}
	h.start()
	t.Cleanup(h.stop)
	if !s.empty {
		h.carry()
	}
	return h
}

// The keys of the event, which the server gives to some devices.
var (
	guestKey = guests.Key{1}
	staffKey = staff.Key{2}
)

func keysOf(role grant.Role) (guests.Key, staff.Key) {
	switch role {
	case grant.RoleKiosk:
		return guests.Key{}, staff.Key{}
	case grant.RoleScanner:
		return guests.Key{}, staffKey
	}
	return guestKey, staffKey
}

func ticketID(n int) journal.TicketID { return journaltest.Ticket(uint64(n)) }

// code is the code of the n-th ticket.
func (h *site) code(n int) string { return h.Code(h.t, ticketID(n), 0) }

// later moves the gate's clock.
func (h *site) later(d time.Duration) { h.moved.Add(int64(d)) }

func (h *site) now() time.Time { return time.Now().Add(time.Duration(h.moved.Load())) }

// start starts the gate and its agent, at the address that it had before.
func (h *site) start() {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(h.t.Context()))
	source := clock.Source{
		Wall: func() time.Time { return h.now().Round(0) },
		Mono: func() time.Duration { return time.Since(h.began) + time.Duration(h.moved.Load()) },
	}
	g, err := gate.Open(ctx, gate.Config{Data: h.dir, Clock: &source, Now: h.now, TLS: h.tls})
	h.must(err)
	listener, err := net.Listen("tcp", h.address)
	h.must(err)
	h.address = listener.Addr().String()
	agent, err := gate.NewAgent(g, metered{listener, &h.sent})
	h.must(err)
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(ctx) }()
	h.gate = g
	h.end = func() {
		cancel()
		if err := <-ended; err != nil {
			h.t.Errorf("the agent ended with %v", err)
		}
		if err := g.Close(); err != nil {
			h.t.Errorf("closing the gate: %v", err)
		}
	}
}

// stop ends the agent: nobody answers at its address.
func (h *site) stop() {
	if h.end != nil {
		h.end()
		h.end = nil
	}
}

// carry takes all that the server wrote to the gate, as a journal file.
func (h *site) carry() {
	h.t.Helper()
	held := journaltest.NewMemory()
	h.must(held.Append(h.t.Context(), h.Records))
	var file bytes.Buffer
	_, err := link.WriteFile(h.t.Context(), &file, exchange.Local{
		Event: h.Event.Code, Self: h.Server.Signer, Store: held, Now: h.now, Rand: rand.Reader,
		IsServer:    func(journal.NodeID) bool { return true },
		Checkpoints: exchange.NewCheckpoints(nil, nil, h.Checkpoint(h.t, h.now())),
	})
	h.must(err)
	done, err := h.gate.Import(h.t.Context(), bytes.NewReader(file.Bytes()))
	h.must(err)
	if len(done.Refused) > 0 {
		h.t.Fatalf("the gate refuses what the server wrote: %v", done.Refused)
	}
}

// void has the server void the n-th ticket.
func (h *site) void(n int) {
	h.t.Helper()
	h.Void(h.t, "revoked", 1, ticketID(n))
	h.carry()
}

// look asks the gate what it thinks of a code, which changes nothing.
func (h *site) look(code string) gatedoor.Answer {
	h.t.Helper()
	said, err := gatedoor.Judge(h.t.Context(), h.gate.Turnstile, h.gate.Desk, h.gate.Desk.Who(""), gatedoor.Scan{Text: code, How: "wedge", Lane: "look", Direction: admission.In, Look: true}, gatedoor.English())
	h.must(err)
	return said
}

func (h *site) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// metered counts what comes in.
type metered struct {
	net.Listener
	bytes *atomic.Int64
}

func (m metered) Accept() (net.Conn, error) {
	c, err := m.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return meteredConn{c, m.bytes}, nil
}

type meteredConn struct {
	net.Conn
	bytes *atomic.Int64
}

func (c meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}
