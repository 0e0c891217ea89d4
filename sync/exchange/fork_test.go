package exchange_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/fault"
	"usher/sync/journal"
)

// twins are two gates that hold different branches of a third one's chain, which
// part after common records.
func twins(t *testing.T, common, a, b int) (left, right *exchangetest.Node, chain journal.Chain) {
	t.Helper()
	server, gates := venue(t, "left", "right", "cloned")
	author := gates[2]
	clone := author.Fork()
	clone.Stamp.Time++
	branches := [2][]*journal.Record{author.Scans(t, common+a), nil}
	clone.Head = journal.Head{}
	clone.Stamp.Time--
	branches[1] = clone.Scans(t, common)
	clone.Stamp.Time++
	branches[1] = append(branches[1], clone.Scans(t, b)...)
	for i, g := range gates[:2] {
		if err := errors.Join(g.Accept(t.Context(), server.Memory.Records(server.Chain())), g.Accept(t.Context(), branches[i])); err != nil {
			t.Fatal(err)
		}
	}
	return gates[0], gates[1], author.Chain()
}

func TestForksAreFoundAndKeptByBoth(t *testing.T) {
	for _, c := range []struct {
		name           string
		common, a, b   int
		twice          int // records that were written twice
		growing, level bool
	}{
		{"level heads", 3, 4, 4, 4, false, false},
		{"left ahead", 3, 9, 4, 4, false, false},
		{"right ahead", 3, 2, 600, 2, false, false},
		{"nothing in common", 0, 3, 5, 3, false, false},
		{"while both are at it", 2, 3, 3, 3, true, false},
		{"until level", 2, 5, 3, 3, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				left, right, chain := twins(t, c.common, c.a, c.b)
				want := [2]int{c.common + c.a, c.common + c.b}
				if c.level {
					x, y := exchangetest.Pair(nil)
					go exchange.Run(t.Context(), y, right.Local)
					if err := exchange.Level(t.Context(), x, left.Local); !errors.Is(err, fault.Exists) {
						t.Errorf("Level: %v", err)
					}
					time.Sleep(time.Second)
				} else {
					m := meet(t, left, right, nil)
					time.Sleep(2 * time.Second)
					left.Own(t, 2)
					time.Sleep(5 * time.Second)
					m.part()
					if right.Vector()[left.Chain()].Seq != 2 {
						t.Error("a fork of one chain held up another")
					}
				}
				for i, n := range []*exchangetest.Node{left, right} {
					if got := int(n.Vector()[chain].Seq); got != want[i] {
						t.Errorf("node %d holds %d records of the chain, want its own %d", i, got, want[i])
					}
					if got := len(n.Memory.Forks()); got != c.twice {
						t.Errorf("node %d keeps proof of %d records, want %d", i, got, c.twice)
					}
				}
				peer, _ := left.Local.Peers.Get(right.ID())
				if len(peer.Forked) != 1 || peer.Forked[0] != chain {
					t.Errorf("left knows of forks with right: %v", peer.Forked)
				}
			})
		})
	}
}

// The branch that comes to a node in the middle of a session does not fit what
// the node got from elsewhere meanwhile.
func TestForkFoundByTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left, right, chain := twins(t, 3, 0, 0)
		m := meet(t, left, right, nil)
		defer m.part()
		time.Sleep(time.Second)
		for i, n := range []*exchangetest.Node{left, right} {
			w := exchangetest.NewGate(t, "cloned", left).Writer
			w.Scans(t, 3)
			w.Stamp.Time += int64(i)
			if err := n.Accept(t.Context(), w.Scans(t, 2)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(30 * time.Second)
		for i, n := range []*exchangetest.Node{left, right} {
			if got := len(n.Memory.Forks()); got != 2 {
				t.Errorf("node %d keeps proof of %d records, want 2", i, got)
			}
			if got := n.Vector()[chain].Seq; got != 5 {
				t.Errorf("node %d holds %d", i, got)
			}
		}
	})
}

// A gate that was restored from an old image gets its own records back before it
// writes new ones, and has no fork.
func TestARestoredGateGetsItsRecordsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		records := gates[0].Own(t, 30)
		m := meet(t, gates[0], server, nil)
		time.Sleep(time.Second)
		m.part()
		restored := exchangetest.NewGate(t, "north", server)
		restored.Local.Now = time.Now
		if err := restored.Accept(t.Context(), records[:12]); err != nil {
			t.Fatal(err)
		}
		m = meet(t, restored, server, nil)
		time.Sleep(time.Second)
		m.part()
		exchangetest.Same(t, server, restored)
		if len(server.Memory.Forks())+len(restored.Memory.Forks()) != 0 {
			t.Error("a fork was found where there is none")
		}
	})
}

// What a node held before it was restored from a backup is not safe there any more, and
// nobody goes on saying so.
func TestARestoredNodeHoldsLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		gates[0].Own(t, 30)
		m := meet(t, gates[0], server, nil)
		time.Sleep(time.Second)
		m.part()
		held := func() uint64 { return gates[0].Local.Peers.Held(gates[0].Chain(), nil) }
		if held() != 30 {
			t.Fatalf("the server is known to hold %d", held())
		}
		restored := exchangetest.NewServer(t)
		restored.Local.Now = time.Now
		if err := restored.Accept(t.Context(), server.Memory.Records(server.Chain())); err != nil {
			t.Fatal(err)
		}
		restored.Refuse(func([]*journal.Record) error { return fault.New(fault.Internal, "disk full") })
		m = meet(t, gates[0], restored, nil)
		time.Sleep(time.Second)
		m.part()
		if held() != 0 {
			t.Errorf("the restored server holds none, and is said to hold %d", held())
		}
		restored.Refuse(nil)
		m = meet(t, gates[0], restored, nil)
		time.Sleep(time.Second)
		m.part()
		if held() != 30 {
			t.Errorf("the restored server got all, and is said to hold %d", held())
		}
	})
}

// A server restored from a backup goes on in a new epoch, and takes back from
// its gates what the backup lacks, their enrolments included.
func TestARestoredServerGetsItsRecordsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "early", "late")
		backup := server.Memory.Records(server.Chain())[:1]
		server.Own(t, 40)
		for _, g := range gates {
			g.Own(t, 5)
			m := meet(t, g, server, nil)
			time.Sleep(time.Second)
			m.part()
		}
		restored := exchangetest.NewServer(t)
		restored.Local.Now = time.Now
		if err := restored.Accept(t.Context(), backup); err != nil {
			t.Fatal(err)
		}
		restored.Head = backup[0].Head()
		restored.Writer = restored.NextEpoch()
		restored.Own(t, 3)
		for range 2 {
			for _, g := range gates {
				m := meet(t, g, restored, nil)
				time.Sleep(3 * time.Second)
				m.part()
			}
		}
		exchangetest.Same(t, restored, gates[0], gates[1])
		if !restored.Vector().Covers(server.Vector()) {
			t.Errorf("something of before the restore is lost: %v of %v", restored.Vector(), server.Vector())
		}
	})
}
