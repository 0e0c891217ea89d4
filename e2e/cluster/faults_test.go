package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"time"

	"usher/e2e/rig"
	"usher/e2e/venue"
)

// mishap is something that goes wrong, and is set right again.
type mishap struct {
	name  string
	often int
	first bool // it happens in every run, however short
	do    func(*faults) error
}

// kinds are all faults.
var kinds = []mishap{
	{"a server is killed", 8, true, (*faults).oneServer},
	{"Redis is killed", 4, true, (*faults).redis},
	{"PostgreSQL is stopped at once", 4, true, (*faults).postgres},
	{"a server stands still", 3, true, (*faults).pause},
	{"a server is told to stop", 3, false, (*faults).stop},
	{"two servers are killed", 2, false, (*faults).twoServers},
	{"PostgreSQL and Redis are stopped at once", 1, false, (*faults).both},
	{"all servers are killed", 1, false, (*faults).allServers},
}

// faults makes things go wrong, one after the other.
type faults struct {
	*town
	dice  *rand.Rand
	count map[string]int
	sold  int64 // how many were told that they have paid while Redis was gone
}

// run does so until the time is over and each of the first kinds was there.
func (f *faults) run(until time.Time) {
	var order []mishap
	for _, k := range kinds {
		if k.first {
			order = append(order, k)
		}
	}
	f.dice.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for !f.t.Failed() && (len(order) > 0 || time.Now().Before(until)) {
		f.rest(300, 1500)
		k := rig.Draw(f.dice, kinds, func(k mishap) int { return k.often })
		if len(order) > 0 {
			k, order = order[0], order[1:]
		}
		f.count[k.name]++
		if err := k.do(f); err != nil {
			f.t.Errorf("%s: %v", k.name, err)
		}
	}
}

// rest lets so many milliseconds pass.
func (f *faults) rest(least, most int) {
	time.Sleep(time.Duration(least+f.dice.IntN(most-least)) * time.Millisecond)
}

// servers kills some for a while.
func (f *faults) servers(n int) error {
	some := f.dice.Perm(len(f.instances))[:n]
	for _, i := range some {
		f.instances[i].Want(false)
	}
	f.rest(20, 1000)
	for _, i := range some {
		f.instances[i].Want(true)
	}
	return nil
}

func (f *faults) oneServer() error  { return f.servers(1) }
func (f *faults) twoServers() error { return f.servers(2) }
func (f *faults) allServers() error { return f.servers(len(f.instances)) }

// stop has a server drain and end, as when it is replaced.
func (f *faults) stop() error {
	s := f.instances[f.dice.IntN(len(f.instances))]
	err := s.End()
	s.Want(true)
	return err
}

// pause has a server stand still and go on: whatever it had taken on, others may have
// taken over.
func (f *faults) pause() error {
	s := f.instances[f.dice.IntN(len(f.instances))]
	s.Signal(syscall.SIGSTOP)
	f.rest(500, 3000)
	s.Signal(syscall.SIGCONT)
	return nil
}

// redis is gone until every server that runs says so.
func (f *faults) redis() error {
	up := f.up()
	if err := f.town.redis.Halt(); err != nil {
		return err
	}
	before := f.paidTold.Load()
	said := until(up, func(r rig.Readiness) error {
		if r.Code != http.StatusOK || !strings.Contains(r.Notes["redis"], "Redis") {
			return fmt.Errorf("/readyz says %d and %v, and nothing of Redis", r.Code, r.Notes)
		}
		return nil
	})
	f.rest(20, 500)
	f.sold += f.paidTold.Load() - before
	return errors.Join(said, f.town.redis.Start())
}

// postgres is gone until every server that runs says so.
func (f *faults) postgres() error {
	up := f.up()
	if err := f.town.postgres.Halt(); err != nil {
		return err
	}
	said := until(up, func(r rig.Readiness) error {
		if r.Code != http.StatusServiceUnavailable || r.Later == "" || r.Why == "" {
			return fmt.Errorf("/readyz says %d, why %q, Retry-After %q", r.Code, r.Why, r.Later)
		}
		return nil
	})
	f.rest(20, 1500)
	return errors.Join(said, f.town.postgres.Start())
}

func (f *faults) both() error {
	if err := errors.Join(f.town.redis.Halt(), f.town.postgres.Halt()); err != nil {
		return err
	}
	f.rest(20, 1500)
	return errors.Join(f.town.postgres.Start(), f.town.redis.Start())
}

// up lists the servers that answer. One that is starting may have to wait for what is
// about to go.
func (f *faults) up() (list []*rig.Instance) {
	for _, s := range f.instances {
		if _, err := s.Ready(); err == nil {
			list = append(list, s)
		}
	}
	return list
}

// until waits until each of some servers answers so.
func until(some []*rig.Instance, so func(rig.Readiness) error) error {
	var all []error
	for _, s := range some {
		all = append(all, rig.WaitFor(venue.Patience, func() error {
			r, err := s.Ready()
			if err != nil {
				return err
			}
			return so(r)
		}))
	}
	return errors.Join(all...)
}
