package exchange_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/fault"
	"usher/sync/journal"
)

// venue is a server and gates that it has enrolled.
func venue(t *testing.T, names ...string) (*exchangetest.Node, []*exchangetest.Node) {
	t.Helper()
	server := exchangetest.NewServer(t)
	server.Local.Now = time.Now
	gates := make([]*exchangetest.Node, len(names))
	for i, name := range names {
		gates[i] = exchangetest.NewGate(t, name, server)
		gates[i].Local.Now = time.Now
		server.Enrol(t, gates[i])
	}
	return server, gates
}

// meeting is a session between two nodes, seen from both.
type meeting struct {
	a, b   chan error
	end    *exchangetest.End
	cancel context.CancelFunc
}

// meet begins a session between two nodes.
func meet(t *testing.T, a, b *exchangetest.Node, network exchangetest.Network) *meeting {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	x, y := exchangetest.Pair(network)
	m := &meeting{a: make(chan error, 1), b: make(chan error, 1), end: x, cancel: cancel}
	go func() { m.a <- exchange.Run(ctx, x, a.Local) }()
	go func() { m.b <- exchange.Run(ctx, y, b.Local) }()
	return m
}

// part ends the session.
func (m *meeting) part() (a, b error) {
	m.cancel()
	return <-m.a, <-m.b
}

func TestTwoNodesBringEachOtherUpToDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north", "south")
		gates[0].Own(t, 700)
		server.Own(t, 3)
		m := meet(t, gates[0], server, nil)
		defer m.part()
		time.Sleep(time.Second)
		exchangetest.Same(t, server, gates[0])
		gates[0].Own(t, 1)
		server.Own(t, 1)
		time.Sleep(100 * time.Millisecond)
		exchangetest.Same(t, server, gates[0])
		peer, ok := server.Local.Peers.Get(gates[0].ID())
		if !ok || !peer.Vector.Covers(server.Vector()) || peer.Connected != 1 {
			t.Errorf("the server knows of its gate: %+v", peer)
		}
		if n := gates[0].Local.Peers.Held(gates[0].Chain(), nil); n != 701 {
			t.Errorf("the gate knows that %d of its 701 records are held elsewhere", n)
		}
		if c := gates[0].Local.Checkpoints.Newest(server.Chain()); c == nil {
			t.Error("the server's checkpoint did not come")
		}
	})
}

func TestLevelEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		gates[0].Own(t, 10_000)
		x, y := exchangetest.Pair(nil)
		served := make(chan error, 1)
		go func() { served <- exchange.Run(t.Context(), y, server.Local) }()
		if err := exchange.Level(t.Context(), x, gates[0].Local); err != nil {
			t.Errorf("Level: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("the other side: %v", err)
		}
		exchangetest.Same(t, server, gates[0])
		if peer, _ := server.Local.Peers.Get(gates[0].ID()); peer.Connected != 0 || !peer.Vector.Covers(server.Vector()) {
			t.Errorf("the server knows of its gate: %+v", peer)
		}
	})
}

func TestBothSidesLevelAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		gates[0].Own(t, 5)
		x, y := exchangetest.Pair(nil)
		served := make(chan error, 1)
		go func() { served <- exchange.Level(t.Context(), y, server.Local) }()
		if err := errors.Join(exchange.Level(t.Context(), x, gates[0].Local), <-served); err != nil {
			t.Error(err)
		}
		exchangetest.Same(t, server, gates[0])
	})
}

func TestWhoIsNotLetIn(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(t *testing.T, server, gate *exchangetest.Node)
		server fault.Kind // what the server finds
		gate   fault.Kind // what the gate is told
	}{
		{"stranger", func(t *testing.T, server, gate *exchangetest.Node) {
			stranger := exchangetest.NewGate(t, "stranger", server)
			gate.Local.Self, gate.Local.Introduction = stranger.Signer, nil
		}, fault.Unauthorised, fault.Unauthorised},
		{"stranger with another's introduction", func(t *testing.T, server, gate *exchangetest.Node) {
			gate.Local.Self = exchangetest.NewGate(t, "stranger", server).Signer
		}, fault.Unauthorised, fault.Unauthorised},
		{"stranger with an enrolment it wrote itself", func(t *testing.T, server, gate *exchangetest.Node) {
			stranger := exchangetest.NewServer(t)
			stranger.Signer = exchangetest.NewGate(t, "stranger", server).Signer
			gate.Local.Self = stranger.Signer
			stranger.Enrol(t, &exchangetest.Node{Writer: stranger.Writer})
			gate.Local.Introduction = stranger.Memory.Records(stranger.Chain())[0].Bytes()
		}, fault.Unauthorised, fault.Unauthorised},
		{"expelled", func(t *testing.T, server, gate *exchangetest.Node) { server.Expel(t, gate) }, fault.Forbidden, fault.Forbidden},
		{"other event", func(t *testing.T, server, gate *exchangetest.Node) { gate.Local.Event = "OTHER" }, fault.Refused, fault.Refused},
		{"own key", func(t *testing.T, server, gate *exchangetest.Node) { gate.Local.Self = server.Signer }, fault.Refused, fault.Refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, gates := venue(t, "north")
				c.spoil(t, server, gates[0])
				before := server.Vector()
				m := meet(t, gates[0], server, nil)
				time.Sleep(time.Second)
				select {
				case err := <-m.b:
					if fault.KindOf(err) != c.server {
						t.Errorf("the server: %v, want %s", err, c.server)
					}
				default:
					t.Fatal("the server goes on")
				}
				if err := <-m.a; fault.KindOf(err) != c.gate {
					t.Errorf("the gate: %v, want %s", err, c.gate)
				}
				if !before.Covers(server.Vector()) {
					t.Error("the server took something in")
				}
			})
		})
	}
}

func TestExpulsionEndsASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		m := meet(t, gates[0], server, nil)
		time.Sleep(time.Second)
		server.Expel(t, gates[0])
		time.Sleep(exchange.PingEvery + time.Second)
		if err := <-m.b; !errors.Is(err, fault.Forbidden) {
			t.Errorf("the server: %v", err)
		}
		if err := <-m.a; !errors.Is(err, fault.Forbidden) {
			t.Errorf("the gate: %v", err)
		}
	})
}

// A gate enrolled while its neighbour was alone introduces itself, and brings
// the server's journal that the neighbour lacks.
func TestIntroduction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "old", "new")
		first := server.Memory.Records(server.Chain())[:1]
		if err := errors.Join(gates[0].Accept(t.Context(), first), gates[1].Accept(t.Context(), server.Memory.Records(server.Chain()))); err != nil {
			t.Fatal(err)
		}
		gates[1].Own(t, 3)
		gates[0].Own(t, 3)
		m := meet(t, gates[0], gates[1], nil)
		defer m.part()
		time.Sleep(time.Second)
		exchangetest.Same(t, gates[0], gates[1])
	})
}

func TestHalfOpenConnectionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		began := time.Now()
		lost := func(int, int, []byte) exchangetest.Fate {
			return exchangetest.Fate{Lost: time.Since(began) > time.Minute}
		}
		m := meet(t, gates[0], server, lost)
		for _, side := range []chan error{m.a, m.b} {
			if err := <-side; !errors.Is(err, fault.Unavailable) {
				t.Errorf("a silent connection ends with %v", err)
			}
		}
		if took := time.Since(began) - time.Minute; took > exchange.SilenceLimit+time.Second {
			t.Errorf("it took %v to notice", took)
		}
	})
}

func TestSilentStrangersAreLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, _ := venue(t)
		x, _ := exchangetest.Pair(nil)
		began := time.Now()
		if err := exchange.Run(t.Context(), x, server.Local); !errors.Is(err, fault.Unavailable) {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(began); took != exchange.HandshakeTimeout {
			t.Errorf("it took %v to give up", took)
		}
	})
}

func TestFlippedBitsEndASession(t *testing.T) {
	for n := range 6 {
		synctest.Test(t, func(t *testing.T) {
			server, gates := venue(t, "north")
			gates[0].Own(t, 20)
			flip := func(direction, i int, message []byte) exchangetest.Fate {
				if direction == 0 && i == n {
					return exchangetest.Fate{Change: func(b []byte) { b[len(b)/2] ^= 1 }}
				}
				return exchangetest.Fate{}
			}
			m := meet(t, gates[0], server, flip)
			errA, errB := <-m.a, <-m.b
			if errA == nil || errB == nil {
				t.Errorf("message %d changed: %v, %v", n, errA, errB)
			}
			if got := server.Vector()[gates[0].Chain()].Seq; got != 0 && got != 20 {
				t.Errorf("the server holds %d of 20", got)
			}
		})
	}
}

func TestRepeatedMessagesChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		gates[0].Own(t, 600)
		twice := func(_, n int, _ []byte) exchangetest.Fate { return exchangetest.Fate{Copies: n % 3 * min(n, 1)} }
		m := meet(t, gates[0], server, twice)
		time.Sleep(10 * time.Second)
		exchangetest.Same(t, server, gates[0])
		if a, b := m.part(); !errors.Is(a, context.Canceled) || !errors.Is(b, context.Canceled) {
			t.Errorf("the session had ended: %v, %v", a, b)
		}
	})
}

func TestUploadFailsWhileDownloadsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		full := fault.New(fault.Internal, "disk full")
		server.Refuse(func(list []*journal.Record) error {
			if list[0].Chain == gates[0].Chain() {
				return full
			}
			return nil
		})
		gates[0].Own(t, 300)
		m := meet(t, gates[0], server, nil)
		defer m.part()
		for range 20 {
			server.Own(t, 1)
			time.Sleep(time.Second)
			if gates[0].Vector()[server.Chain()] != server.Vector()[server.Chain()] {
				t.Fatal("a record of the server did not come in while uploads fail")
			}
		}
		if peer, _ := gates[0].Local.Peers.Get(server.ID()); fault.KindOf(peer.Refused[gates[0].Chain().String()]) != fault.Internal {
			t.Errorf("the gate knows of refusals: %v", peer.Refused)
		}
		server.Refuse(nil)
		time.Sleep(time.Minute)
		exchangetest.Same(t, server, gates[0])
	})
}

// A server whose database was gone for long gets what gates have soon after it is back.
func TestUploadsGoOnSoonAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		server.Refuse(func(list []*journal.Record) error {
			if list[0].Chain == gates[0].Chain() {
				return fault.New(fault.Unavailable, "the database can't be reached now")
			}
			return nil
		})
		gates[0].Own(t, 60)
		m := meet(t, gates[0], server, nil)
		defer m.part()
		time.Sleep(time.Hour)
		server.Refuse(nil)
		time.Sleep(exchange.RetryGone + time.Second)
		exchangetest.Same(t, server, gates[0])
	})
}

// One record that the other side can't take holds up neither what is before it
// nor other chains.
func TestAPoisonedRecordHoldsUpItsChainOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north", "south")
		south := gates[1].Own(t, 10)
		if err := errors.Join(gates[0].Accept(t.Context(), server.Memory.Records(server.Chain())), gates[0].Accept(t.Context(), south)); err != nil {
			t.Fatal(err)
		}
		rotten := &rottenStore{Store: gates[0].Memory, chain: gates[1].Chain(), seq: 5}
		gates[0].Local.Store = rotten
		gates[0].Own(t, 10)
		m := meet(t, gates[0], server, nil)
		defer m.part()
		time.Sleep(5 * time.Second)
		if got := server.Vector(); got[gates[1].Chain()].Seq != 4 || got[gates[0].Chain()].Seq != 10 {
			t.Errorf("the server holds %d of the rotten chain and %d of the other, want 4 and 10", got[gates[1].Chain()].Seq, got[gates[0].Chain()].Seq)
		}
		rotten.heal()
		time.Sleep(time.Minute)
		exchangetest.Same(t, server, gates[0])
	})
}

func TestStoreThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		gates[0].Own(t, 10)
		gates[0].Memory.Fail(errors.New("locked"))
		m := meet(t, gates[0], server, nil)
		defer m.part()
		time.Sleep(5 * time.Second)
		gates[0].Memory.Fail(nil)
		time.Sleep(10 * time.Second)
		exchangetest.Same(t, server, gates[0])
	})
}
