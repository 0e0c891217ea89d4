package doors

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/sync/exchange"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// register is what the servers of a test have their leases in.
type register struct {
	mu    sync.Mutex // covers what follows
	names map[string]lease
	slow  time.Duration // it takes so long to answer
	gone  bool
	asked int
}

type lease struct {
	of    *desk
	until time.Time
}

var errGone = errors.New("the register is gone")

// desk is a server's way to the register.
type desk struct {
	*register
	levels int // how often it looked at what others have committed
}

// answer waits as long as the register takes.
func (d *desk) answer(ctx context.Context) error {
	d.mu.Lock()
	slow := d.slow
	d.asked++
	d.mu.Unlock()
	select {
	case <-time.After(slow + time.Microsecond):
	case <-ctx.Done():
		return ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone {
		return errGone
	}
	return nil
}

// Take implements Leases.
func (d *desk) Take(ctx context.Context, name string, hold time.Duration) (bool, error) {
	if err := d.answer(ctx); err != nil {
		return false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if has := d.names[name]; has.of != nil && has.of != d && time.Now().Before(has.until) {
		return false, nil
	}
	d.names[name] = lease{d, time.Now().Add(hold)}
	return true, nil
}

// Give implements Leases.
func (d *desk) Give(ctx context.Context, name string) error {
	if err := d.answer(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names[name].of == d {
		delete(d.names, name)
	}
	return nil
}

func (d *desk) level(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.levels++
	return nil
}

func (r *register) set(slow time.Duration, gone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slow, r.gone = slow, gone
}

// servers are the desks of servers on one register; end closes them.
func servers(r *register, n int) (list []*counter, desks []*desk, end func()) {
	r.names = map[string]lease{}
	ctx, cancel := context.WithCancel(context.Background())
	var working sync.WaitGroup
	for range n {
		d := &desk{register: r}
		c := &counter{}
		c.claims = newClaims(
			func(journal.NodeID, journal.TicketID) []exchange.Mark { return nil },
			func() claimTimes { return claimTimes{ClaimHold, ClaimPatience} },
			turns{event: event, sharing: &sharing{Leases: d}, level: d.level, spawn: func(work func(context.Context)) bool {
				working.Go(func() { work(ctx) })
				return true
			}},
		)
		list, desks = append(list, c), append(desks, d)
	}
	return list, desks, func() { cancel(); working.Wait() }
}

// after lets time go by, and gives who was answered until then.
func (c *counter) after(d time.Duration) []string {
	time.Sleep(d)
	synctest.Wait()
	return c.said()
}

// Of two gates at two servers one is answered, the other when the record of the first
// is there, or when it has waited long enough.
func TestOneAtATimeAtTwoServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &register{}
		list, desks, end := servers(r, 2)
		defer end()
		one, two := list[0], list[1]
		north := journaltest.NewWriter(t, "north")
		a, b, d := one.Attend(north.Chain().Node), two.Attend(node(2)), two.Attend(node(3))
		one.asks(a, 1, "a")
		if got := one.after(time.Millisecond); !slices.Equal(got, []string{"a"}) {
			t.Fatalf("the first: %v", got)
		}
		two.asks(b, 1, "b")
		two.asks(b, 2, "b, another ticket")
		if got := two.after(30 * time.Millisecond); !slices.Equal(got, []string{"b, another ticket"}) {
			t.Fatalf("the second at another server: %v", got)
		}
		looked := desks[1].levels
		one.arrived(scan(t, north, 1))
		two.arrived(scan(t, north, 1))
		if got := two.after(leasePoll + time.Millisecond); !slices.Equal(got, []string{"b"}) {
			t.Fatalf("after the first's record: %v", got)
		}
		if desks[1].levels != looked+1 {
			t.Errorf("it looked %d times at what the other server has committed, want once", desks[1].levels-looked)
		}
		two.asks(d, 1, "d")
		one.asks(a, 1, "a again")
		if got := two.after(ClaimPatience - 2*time.Millisecond); len(got) > 0 {
			t.Fatalf("answered early: %v", got)
		}
		if got := two.after(2 * time.Millisecond); !slices.Equal(got, []string{"d"}) {
			t.Fatalf("who waited long enough: %v", got)
		}
		if got := one.after(0); !slices.Equal(got, []string{"a again"}) {
			t.Fatalf("who waited long enough at the other server: %v", got)
		}
		two.asks(d, 1, "d again")
		if got := two.after(ClaimHold); !slices.Equal(got, []string{"d again"}) {
			t.Fatalf("the next at the server that has it: %v", got)
		}
		for _, seat := range []exchange.Seat{a, b, d} {
			seat.Leave()
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if one.isEmpty(t); len(r.names) > 0 {
			t.Errorf("leases are left: %v", r.names)
		}
		two.isEmpty(t)
	})
}

// A server that dies holds a ticket up for as long as a claim holds, and no longer.
func TestAServerThatDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list, desks, end := servers(&register{}, 2)
		defer end()
		if ok, err := desks[0].Take(t.Context(), event+"/"+"0000000000000001", ClaimHold); !ok || err != nil {
			t.Fatal(ok, err)
		}
		ticket := journal.TicketID{7: 1}
		answered := make(chan time.Time, 2)
		ask := func() {
			list[1].Attend(node(2)).Claim(ticket, func([]exchange.Mark) { answered <- time.Now() })
		}
		began := time.Now()
		ask()
		if took := (<-answered).Sub(began); took != ClaimPatience {
			t.Errorf("it took %v, want %v", took, ClaimPatience)
		}
		time.Sleep(ClaimHold - ClaimPatience - leasePoll)
		began = time.Now()
		ask()
		if took := (<-answered).Sub(began); took > 2*leasePoll {
			t.Errorf("after its time it took %v", took)
		}
		time.Sleep(ClaimHold + time.Second)
		synctest.Wait()
		list[1].isEmpty(t)
	})
}

// Without its leases a server grants as one that is alone: at once, or where nobody
// answers one claim is held up for a third of its patience, and the next for a second
// not at all.
func TestLeasesThatFail(t *testing.T) {
	for _, c := range []struct {
		name string
		slow time.Duration
		most time.Duration
	}{
		{"at once", 0, time.Millisecond},
		{"in silence", time.Hour, ClaimPatience / 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &register{}
				list, _, end := servers(r, 2)
				defer end()
				r.set(c.slow, true)
				a, b := list[0].Attend(node(1)), list[0].Attend(node(2))
				list[0].asks(a, 1, "a")
				if got := list[0].after(c.most); !slices.Equal(got, []string{"a"}) {
					t.Fatalf("the first: %v", got)
				}
				asked := r.asked
				for n := range uint64(20) {
					list[0].asks(a, 10+n, "at once")
					if got := list[0].said(); len(got) != 1 {
						t.Fatalf("not answered at once")
					}
				}
				list[0].asks(b, 1, "b")
				if got := list[0].after(ClaimPatience - time.Millisecond); len(got) > 0 {
					t.Errorf("the second here: %v", got)
				}
				a.Leave()
				if got := list[0].after(0); !slices.Equal(got, []string{"b"}) {
					t.Errorf("after the first had left: %v", got)
				}
				if r.asked != asked {
					t.Errorf("it was asked %d times more", r.asked-asked)
				}
				b.Leave()
				time.Sleep(leasePause)
				r.set(0, false)
				synctest.Wait()
				list[0].isEmpty(t)
				list[1].asks(list[1].Attend(node(3)), 1, "c")
				list[0].asks(list[0].Attend(node(1)), 1, "a")
				if got := append(list[0].after(leasePoll), list[1].after(0)...); len(got) != 1 {
					t.Errorf("when it is back: %v, want one of two", got)
				}
				time.Sleep(time.Hour)
				synctest.Wait()
			})
		})
	}
}

// The doors close with claims in the queue, and with those that wait for a lease.
func TestClosingWhileOthersAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list, _, end := servers(&register{}, 2)
		list[0].asks(list[0].Attend(node(1)), 1, "a")
		time.Sleep(time.Millisecond)
		list[1].asks(list[1].Attend(node(2)), 1, "b")
		time.Sleep(time.Millisecond)
		end()
		if got := list[1].after(ClaimPatience); !slices.Equal(got, []string{"b"}) {
			t.Errorf("answered: %v", got)
		}
		time.Sleep(ClaimHold)
		synctest.Wait()
		list[0].isEmpty(t)
		list[1].isEmpty(t)
	})
}
