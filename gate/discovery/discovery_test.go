package discovery

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"usher/sync/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hub is a network on which every packet reaches everybody, its sender included.
type hub struct {
	mu     sync.Mutex // covers what follows
	ears   map[*ear]struct{}
	sent   int // packets
	broken bool
}

type ear struct {
	hub    *hub
	in     chan []byte
	closed chan struct{}
	once   sync.Once
}

func newHub() *hub { return &hub{ears: map[*ear]struct{}{}} }

func (h *hub) open() (Conn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.broken {
		return nil, errors.New("no such network")
	}
	e := &ear{hub: h, in: make(chan []byte, 1000), closed: make(chan struct{})}
	h.ears[e] = struct{}{}
	return e, nil
}

func (h *hub) say(packet []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent++
	for e := range h.ears {
		select {
		case e.in <- slices.Clone(packet):
		default:
		}
	}
}

func (e *ear) Send(packet []byte) error { e.hub.say(packet); return nil }

func (e *ear) Receive(buffer []byte) (int, error) {
	select {
	case p := <-e.in:
		return copy(buffer, p), nil
	case <-e.closed:
		return 0, errors.New("closed")
	}
}

func (e *ear) Close() error {
	e.once.Do(func() {
		close(e.closed)
		e.hub.mu.Lock()
		defer e.hub.mu.Unlock()
		delete(e.hub.ears, e)
	})
	return nil
}

// cut closes every connection, as when a cable is pulled.
func (h *hub) cut(broken bool) {
	h.mu.Lock()
	h.broken = broken
	ears := make([]*ear, 0, len(h.ears))
	for e := range h.ears {
		ears = append(ears, e)
	}
	h.mu.Unlock()
	for _, e := range ears {
		e.Close()
	}
}

func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent
}

// agent is a Discovery in a test.
type agent struct {
	*Discovery
	mu    sync.Mutex // covers what follows
	heard []string
	media []Medium
}

func (a *agent) list() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.heard
}

func (a *agent) on(h *hub, address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.media = []Medium{{Name: "eth0", Prefix: []netip.Prefix{netip.MustParsePrefix(address)}, Open: h.open}}
}

func node(t testing.TB, _ int, event string) *agent {
	t.Helper()
	a := new(agent)
	d, err := New(Config{
		Event: event, Server: journal.NodeID{1, 2, 3}, Port: 8430, Now: time.Now, Rand: rand.Reader,
		Media: func() ([]Medium, error) { a.mu.Lock(); defer a.mu.Unlock(); return a.media, nil },
		Found: func(list []string) { a.mu.Lock(); defer a.mu.Unlock(); a.heard = list },
	})
	if err != nil {
		t.Fatal(err)
	}
	a.Discovery = d
	return a
}

// run runs agents until the returned function is called.
func run(t *testing.T, agents ...*agent) func() {
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for _, a := range agents {
		group.Go(func() { a.Run(ctx) })
	}
	return func() {
		cancel()
		group.Wait()
	}
}

func TestAgentsFindEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		var agents []*agent
		for i := range 3 {
			a := node(t, i, "GALA")
			a.on(h, fmt.Sprintf("192.168.7.%d/24", i+1))
			agents = append(agents, a)
		}
		other := node(t, 9, "OTHER")
		other.on(h, "192.168.7.9/24")
		stop := run(t, append(agents, other)...)
		time.Sleep(2 * time.Second)
		if got := agents[0].list(); !slices.Equal(got, []string{"http://192.168.7.2:8430", "http://192.168.7.3:8430"}) {
			t.Errorf("the first found %v", got)
		}
		if got := other.list(); len(got) != 0 {
			t.Errorf("another event's found %v", got)
		}
		late := node(t, 4, "GALA")
		late.on(h, "192.168.7.4/24")
		stopLate := run(t, late)
		time.Sleep(2 * time.Second)
		if len(late.list()) != 3 || len(agents[0].list()) != 3 {
			t.Errorf("with a late one: %v, %v", late.list(), agents[0].list())
		}
		stopLate()
		time.Sleep(Life + LookEvery)
		if got := agents[0].list(); len(got) != 2 {
			t.Errorf("after it left: %v", got)
		}
		before := h.count()
		time.Sleep(time.Hour)
		if got := agents[0].list(); len(got) != 2 {
			t.Errorf("an hour later: %v", got)
		}
		// One question in AskEvery, and one answer of each.
		if n, most := h.count()-before, int(time.Hour/AskEvery)*(2+4); n > most {
			t.Errorf("%d packets in an hour, want at most %d", n, most)
		}
		stop()
	})
}

func TestNetworksComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newHub(), newHub()
		a, b := node(t, 1, "GALA"), node(t, 2, "GALA")
		first.cut(true)
		a.on(first, "10.0.0.1/24")
		b.on(first, "10.0.0.2/24")
		defer run(t, a, b)()
		time.Sleep(time.Minute)
		first.cut(false)
		time.Sleep(LookEvery + 2*time.Second)
		if got := a.list(); !slices.Equal(got, []string{"http://10.0.0.2:8430"}) {
			t.Errorf("when the network came: %v", got)
		}
		a.on(second, "10.9.0.1/24")
		b.on(second, "10.9.0.2/24")
		time.Sleep(LookEvery + 2*time.Second)
		if got := a.list(); !slices.Contains(got, "http://10.9.0.2:8430") {
			t.Errorf("with other addresses: %v", got)
		}
		time.Sleep(Life + LookEvery)
		if got := a.list(); !slices.Equal(got, []string{"http://10.9.0.2:8430"}) {
			t.Errorf("when the old ones are too old: %v", got)
		}
	})
}

// Where an agent does not answer it does not advertise; it looks all the same.
func TestOnlyWhereItAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		a, b := node(t, 1, "GALA"), node(t, 2, "GALA")
		a.Only = netip.MustParseAddr("172.16.0.1")
		a.on(h, "10.0.0.1/24")
		b.on(h, "10.0.0.2/24")
		defer run(t, a, b)()
		time.Sleep(time.Minute)
		if len(b.list()) != 0 || len(a.list()) != 1 {
			t.Errorf("found %v and %v", a.list(), b.list())
		}
	})
}

// What strangers say, however much, is kept within bounds, and never names a host
// beyond the network.
func TestStrangersOnTheNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		a, honest := node(t, 1, "GALA"), node(t, 2, "GALA")
		a.on(h, "10.0.0.1/16")
		honest.on(h, "10.0.0.2/16")
		stop := run(t, a, honest)
		time.Sleep(time.Second)
		liar := node(t, 3, "GALA") // who has seen a tag can say it again
		say := func(addr string, port uint16) {
			h.say(packed(t, advert{instance: "aa", port: port, tag: liar.tag(liar.salt), addrs: []netip.Addr{netip.MustParseAddr(addr)}, life: 120}))
		}
		for _, beyond := range []string{"8.8.8.8", "10.1.0.1", "127.0.0.1", "224.0.0.251"} {
			say(beyond, 80)
		}
		time.Sleep(time.Second)
		if got := a.list(); len(got) != 1 {
			t.Errorf("hosts beyond the network count: %v", got)
		}
		for i := range 5000 {
			say("10.0.77.1", uint16(i+1))
			say(fmt.Sprintf("10.0.%d.%d", 100+i/250, i%250+1), 9)
			h.say([]byte("noise"))
			h.say(make([]byte, MaxPacket+1))
			if i%50 == 0 {
				time.Sleep(time.Second)
			}
		}
		time.Sleep(time.Second)
		if n := len(a.list()); n > MaxHints {
			t.Errorf("%d addresses are kept", n)
		}
		each := 0
		for _, base := range a.list() {
			if len(base) > 17 && base[:17] == "http://10.0.77.1:" {
				each++
			}
		}
		if each > MaxEach {
			t.Errorf("%d addresses of one host are kept", each)
		}
		time.Sleep(AskEvery * 2)
		if !slices.Contains(a.list(), "http://10.0.0.2:8430") {
			t.Errorf("the honest one is not found any more: %v", a.list())
		}
		stop()
	})
}

// Asking without end makes an agent answer once a second.
func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		a := node(t, 1, "GALA")
		a.on(h, "10.0.0.1/24")
		stop := run(t, a)
		time.Sleep(time.Minute)
		q, err := question()
		if err != nil {
			t.Fatal(err)
		}
		before, asked := h.count(), 0
		for range 100 {
			for range 10 {
				h.say(q)
				asked++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := h.count() - before - asked; n < 5 || n > 12 {
			t.Errorf("%d answers in ten seconds", n)
		}
		stop()
	})
}

func TestHints(t *testing.T) {
	h, now := newHints(), time.Unix(1_000_000, 0)
	at := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 8430)
	}
	for i := range 2 * MaxHints {
		if !h.add(at(i), now.Add(time.Duration(i)*time.Second)) {
			t.Errorf("address %d is no news", i)
		}
	}
	list := h.list()
	if len(list) != MaxHints || slices.Contains(list, "http://"+at(0).String()) || !slices.Contains(list, "http://"+at(2*MaxHints-1).String()) {
		t.Errorf("%d are kept: %v", len(list), list)
	}
	if h.add(at(2*MaxHints-1), now.Add(time.Hour)) {
		t.Error("the same again is news")
	}
	if !h.expire(now.Add(time.Hour)) || len(h.list()) != 1 {
		t.Errorf("an hour later: %v", h.list())
	}
}
