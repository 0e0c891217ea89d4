package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/e2e/books"
	"usher/e2e/rig"
	"usher/e2e/venue"
	"usher/e2e/visitor"
	"usher/migrations/sqldb"
	"usher/server"
	"usher/sync/fault"
)

// town is the whole: services, servers, and whoever looks on.
type town struct {
	t         testing.TB
	clock     rig.Clock
	postgres  *rig.Service
	redis     *rig.Service
	instances rig.Servers
	web       *visitor.Web
	organiser *server.Server // makes events, and serves nothing
	db        *sqldb.DB      // only to look
	manager   string         // the key to the manager's pages
	paidTold  atomic.Int64   // buyers who were shown that they have paid
	rounds    []*round
}

// newTown starts everything.
func newTown(t testing.TB, servers int) *town {
	t.Helper()
	w := &town{t: t, clock: rig.NewClock(*rate)}
	var database, redis string
	w.postgres, database = rig.NewPostgres(t)
	w.redis, redis = rig.NewRedis(t)
	var addresses []string
	for range servers {
		addresses = append(addresses, fmt.Sprintf("127.0.0.1:%d", rig.FreePort(t)))
	}
	w.web = &visitor.Web{T: t, Base: "http://" + rig.NewBalancer(t, addresses).Addr().String()}
	w.open(database)
	for _, address := range addresses {
		w.instances = append(w.instances, rig.Serve(t, address, []string{w.clock.Variable(), "USHER_DATABASE=" + database, "USHER_REDIS=" + redis},
			"--public-url", w.web.Base, "--trusted-proxies", "127.0.0.1", "--drain", "200ms", "--sandbox", "--inbox", "--log-level", "warn"))
	}
	rig.Wait(t, "every server is well", w.instances.Well)
	return w
}

// open opens the database for the organiser, whose keys rest unsealed, and to look.
func (w *town) open(database string) {
	w.t.Helper()
	var err error
	w.organiser, err = server.Open(w.t.Context(), server.Config{Database: database, Unsealed: true, Now: w.clock.Now,
		Selling: server.Selling{Sandbox: true, Inbox: true, From: mail.Address{Address: "tickets@pier.example"}}})
	if err == nil {
		err = w.organiser.Unlock(w.t.Context())
	}
	if err == nil {
		w.manager, err = w.organiser.ManagerKey(w.t.Context())
	}
	if err == nil {
		w.db, err = sqldb.OpenPostgres(w.t.Context(), database, sqldb.Options{ReadOnly: true})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := errors.Join(w.db.Close(), w.organiser.Close()); err != nil {
			w.t.Error(err)
		}
	})
}

// round makes an event and sells it out.
func (w *town) round() {
	w.t.Helper()
	r := &round{town: w, number: len(w.rounds) + 1, keys: map[string]string{}, pools: map[uint32]string{}}
	r.code = fmt.Sprintf("NIGHT-%d", r.number)
	spec, err := r.spec(w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	rig.Wait(w.t, "the event is made", func() error {
		_, err := w.organiser.Catalog.Apply(w.t.Context(), spec)
		return err
	})
	rig.Wait(w.t, "the event is there", func() error {
		shop, err := w.organiser.Catalog.Shop(w.t.Context(), r.code)
		if err == nil {
			for _, o := range shop.Offers {
				r.pools[o.Product] = o.Pool
			}
		}
		return err
	})
	w.rounds = append(w.rounds, r)
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { r.watch(ended) })
	watching.Go(r.manage)
	watching.Go(r.receive)
	r.sell(w.t)
	close(ended)
	watching.Wait()
}

// patience is how long a round may take that nothing is wrong with: holds, late
// payments and disputes run by the servers' clock.
func (w *town) patience() time.Duration {
	return 2*time.Minute + 6*time.Minute/time.Duration(w.clock.Rate)
}

// overdue holds it against a hold that it is there still, long after its time: longer
// than it takes whatever was killed to come back.
func (r *round) overdue(m *moment) {
	now, late := r.town.clock.Now().UnixMilli(), map[string]time.Time{}
	for id, h := range m.holds {
		if h.until > now {
			continue
		}
		first, before := r.late[id]
		if !before {
			first = time.Now()
		}
		if late[id] = first; time.Since(first) > venue.Patience {
			r.town.t.Errorf("event %s: the places of order %s are held still, and their time is over since more than %v", r.code, id, venue.Patience)
		}
	}
	r.late = late
}

// watch holds every moment of the event to the rules, and ends the round when all is
// sold and nothing can change any more.
func (r *round) watch(ended <-chan struct{}) {
	deadline := time.Now().Add(r.town.patience())
	for {
		select {
		case <-ended:
			return
		case <-time.After(200 * time.Millisecond):
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		s, err := look(ctx, r.town.db, r.code, r.pools)
		cancel()
		var open []string
		if err == nil {
			s.check(r.town.t)
			r.overdue(s)
			open = s.unsold()
		} else {
			open = []string{err.Error()}
		}
		if len(open) == 0 {
			open, err = books.Unsettled(context.Background(), r.town.db, r.code, r.town.clock.Now())
		}
		if err != nil && !errors.Is(err, fault.Unavailable) && !errors.Is(err, context.DeadlineExceeded) {
			r.town.t.Error(err)
		}
		if r.town.t.Failed() {
			r.over.Store(true)
		}
		switch {
		case r.over.Load():
			return
		case err == nil && len(open) == 0:
			r.over.Store(true)
			return
		case time.Now().After(deadline):
			r.town.t.Errorf("after %v event %s is not sold out and settled: %q, %v", r.town.patience(), r.code, open, err)
			r.over.Store(true)
			return
		}
	}
}
