package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/server/catalog"
	"usher/server/clocktest"
	"usher/server/doors"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// onWays runs a test for servers on one database, for every way that word may go between
// them. The test calls meanwhile when it is under way: something may happen to the way.
func onWays(t *testing.T, test func(t *testing.T, cfg server.Config, meanwhile func())) {
	t.Helper()
	t.Run("by the database", func(t *testing.T) {
		test(t, server.Config{Database: dbtest.PostgresURL(t, migrations.Server)}, func() {})
	})
	t.Run("by Redis", func(t *testing.T) {
		test(t, server.Config{Database: dbtest.PostgresURL(t, migrations.Server), Redis: os.Getenv("USHER_TEST_REDIS_URL")}, func() {})
	})
	t.Run("by Redis, which goes", func(t *testing.T) {
		redis, way := dbtest.Behind(t, os.Getenv("USHER_TEST_REDIS_URL"))
		test(t, server.Config{Database: dbtest.PostgresURL(t, migrations.Server), Redis: redis}, way.Cut)
	})
}

// shops are servers on one database that sell, by one clock. Only the last of them does
// what is due by the clock: the others could as well be dead.
func shops(t *testing.T, n int, cfg server.Config) []*till {
	t.Helper()
	clock := clocktest.At(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC))
	cfg.Now, cfg.PublicURL, cfg.Selling = clock.Now, "http://shop.example", server.Selling{Sandbox: true, Inbox: true}
	list := []*till{{t: t, clock: clock, site: served(t, opened(t, cfg))}}
	list[0].apply(strings.Replace(quayShop, "capacity = 10", "capacity = 12", 1))
	cfg.Unsealed = true
	for range n - 1 {
		list = append(list, &till{t: t, clock: clock, site: served(t, unlocked(t, cfg))})
	}
	last := list[n-1]
	ctx, cancel := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() { last.Stock.Keep(ctx) })
	working.Go(func() { last.Sales.Run(ctx) })
	t.Cleanup(func() { cancel(); working.Wait() })
	return list
}

// says wants that each of several servers says something at a path.
func says(list []*till, path, want string) {
	for i, l := range list {
		l.t.Helper()
		if answer, body := l.get(path); answer.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			l.t.Errorf("server %d says at %s: %d, and not %q: %.300s", i, path, answer.StatusCode, want, body)
		}
	}
}

// What is sold, held and changed at one server is so at every other a second later, and
// what a dead one held is given back within a second of its time.
func TestOneShopOnSeveralServers(t *testing.T) {
	onWays(t, func(t *testing.T, cfg server.Config, meanwhile func()) {
		list := shops(t, 3, cfg)
		one, dead := list[0], list[1]
		says(list, "/events/SHOP-1", "General")
		says(list, "/events/SHOP-1/left", `"ga":"plenty"`)

		path := one.begin("n.ga=6")
		one.clock.Pass(time.Second)
		says(list, "/events/SHOP-1/left", `"ga":"few"`)
		meanwhile()
		dead.begin("n.ga=6")
		one.clock.Pass(time.Second)
		says(list, "/events/SHOP-1/left", `"ga":"none"`)

		one.apply(strings.NewReplacer("capacity = 10", "capacity = 14", `"General"`, `"Standing"`).Replace(quayShop))
		one.clock.Pass(time.Second)
		says(list, "/events/SHOP-1", "Standing")
		says(list, "/events/SHOP-1/left", `"ga":"few"`)

		// The first hold is over since most of a second, and the second one is not.
		one.clock.Pass(10*time.Minute - 3*time.Second + 900*time.Millisecond)
		left := func() (n int) {
			row := one.DB.Read().QueryRowContext(t.Context(), `select capacity - taken from pool where event = 'SHOP-1' and code = 'hall'`)
			if err := row.Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		until(t, "the places of the first hold are back", func() bool { return left() == 8 })
		id, err := one.Sales.Open(t.Context(), strings.TrimPrefix(path, "/order/"))
		if err != nil {
			t.Fatal(err)
		}
		until(t, "its order is over", func() bool {
			o, err := one.Sales.Order(t.Context(), id)
			return err == nil && o.State == sales.Expired
		})
		one.clock.Pass(time.Second)
		until(t, "those of the second one, whose server is dead, too", func() bool { return left() == 14 })
		one.clock.Pass(time.Second)
		says(list, "/events/SHOP-1/left", `"ga":"plenty"`)
	})
}

// What a gate tells one server, a manager sees at the other, and a revocation that is
// made at one reaches the gates of all.
func TestOneDoorOnSeveralServers(t *testing.T) {
	onWays(t, func(t *testing.T, cfg server.Config, meanwhile func()) {
		one := served(t, opened(t, cfg))
		cfg.Unsealed = true
		two := served(t, unlocked(t, cfg))
		if one.key != two.key {
			t.Error("the manager's key of one server doesn't open the other")
		}
		guests(t, one)
		north, accept := one.linked(t, "north device")
		south, _ := two.linked(t, "south device")
		live := two.do(t, "GET", "/manage/events/NIGHT-1/live", []string{"Authorization: Bearer " + two.key}, nil)
		meanwhile()

		w := journaltest.NewWriter(t, "north device")
		scan := w.Write(t, journal.KindScan, journaltest.Admission("north", journaltest.Ticket(1)))
		if err := accept(t.Context(), []*journal.Record{scan}); err != nil {
			t.Fatal(err)
		}
		until(t, "the gate of the other server has the scan", func() bool { return len(south.Records(scan.Chain)) == 1 })
		until(t, "both servers count it", func() bool { return counted(t, one) == 1 && counted(t, two) == 1 })
		shown := bufio.NewScanner(live.Body)
		shown.Buffer(nil, 1<<20)
		for scans := uint64(0); scans == 0; {
			if !shown.Scan() {
				t.Fatalf("the live page ends before it shows the scan: %v", shown.Err())
			}
			var b doors.Board
			if line, is := strings.CutPrefix(shown.Text(), "data: "); is && json.Unmarshal([]byte(line), &b) == nil {
				scans = b.Devices[0].Records + b.Devices[1].Records
			}
		}

		var void *ticketing.Ticket
		if err := two.Tickets.Each(t.Context(), event, func(k ticketing.Ticket) error { void = &k; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := two.Tickets.Revoke(t.Context(), *void, ticketing.Revoked, "lost"); err != nil {
			t.Fatal(err)
		}
		here, err := two.Journals.Store(event).Vector(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, memory := range map[string]*journaltest.Memory{"north": north, "south": south} {
			until(t, name+" has the revocation", func() bool {
				has, err := memory.Vector(t.Context())
				return err == nil && has.Covers(here)
			})
		}
		for _, s := range []*site{one, two} {
			until(t, "each server knows that all gates have it, and that both are linked", func() bool {
				b, err := s.Doors.Board(t.Context(), event)
				return err == nil && b.Spread.Know == 2 && b.Devices[0].Linked && b.Devices[1].Linked && b.Revoked == 1
			})
		}
	})
}

// Who buys while PostgreSQL is gone is told so, and does the same again when it is back:
// nothing that was there is lost, and nothing is there twice.
func TestBuyingWhileTheDatabaseIsGone(t *testing.T) {
	address, way := dbtest.Behind(t, dbtest.PostgresURL(t, migrations.Server))
	l := tillOn(t, server.Config{Database: address})
	cart := "n.ga=2&key=0123456789abcdef"
	path := l.begin(cart)
	l.clock.Pass(2 * time.Second) // what pages remember of the shop is old
	gone := func(name, method, path, form string) {
		t.Helper()
		l.check(t, ask{
			name: name, method: method, path: path, body: form, header: []string{"Content-Type: application/x-www-form-urlencoded"}, status: 503,
			want: []string{"<h1>Please try again in a moment</h1>", "can’t be reached at the moment. Nothing is lost"}, never: []string{"127.0.0.1", "postgres", "dial"},
			heads: []string{"Retry-After: 5", "Cache-Control: no-store", "Content-Type: text/html"},
		})
	}
	way.Cut()
	gone("the event", "GET", "/events/SHOP-1", "")
	gone("a cart", "POST", "/events/SHOP-1/order", cart)
	gone("the order", "GET", path, "")
	gone("paying", "POST", path+"/pay", buyer[1:]+"card")
	l.check(t, ask{name: "a notice", method: "POST", path: "/hooks/sandbox", body: "{}", status: 401}) // nobody signed it
	way.Mend()

	if again := l.begin(cart); again != path {
		t.Errorf("the same cart is another order: %s, %s", again, path)
	}
	answer, body := l.post(path+"/pay", buyer[1:]+"card")
	page := answer.Header.Get("Location")
	if answer.StatusCode != http.StatusSeeOther || !strings.Contains(page, "/sandbox/") {
		t.Fatalf("paying afterwards: %s to %q: %.300s", answer.Status, page, body)
	}
	way.Cut()
	gone("coming back", "GET", path, "")
	way.Mend()
	l.card(page, "4242424242424242")
	id, err := l.Sales.Open(t.Context(), strings.TrimPrefix(path, "/order/"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := l.Sales.Refresh(t.Context(), id)
	if err != nil || o.State != sales.Paid || len(o.Tickets) != 2 || o.Method != catalog.MethodCard {
		t.Errorf("in the end: %+v, %v", o, err)
	}
	if left, err := l.Stock.Counts(t.Context(), "SHOP-1"); err != nil || left[1].Sold != 2 || left[1].Held != 0 {
		t.Errorf("in the end: %+v, %v", left, err)
	}
	if err := l.Sales.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// A database that takes what it is asked and doesn't answer is no database to a load
// balancer; nor are keys that nobody unlocked.
func TestReadyWords(t *testing.T) {
	cfg := server.Config{Database: dbtest.PostgresURL(t, migrations.Server), Redis: os.Getenv("USHER_TEST_REDIS_URL")}
	s := served(t, opened(t, cfg))
	s.check(t, ask{name: "well", path: "/readyz", status: 200, want: []string{`"status":"ready"`}})
	numbers := func(want ...string) {
		t.Helper()
		s.check(t, ask{name: "metrics", path: "/metrics", status: 200, want: want})
	}
	numbers("usher_ready 1", "usher_draining 0", "usher_exchanges 0", "usher_redis_up 1")
	s.StartDrain()
	numbers("usher_ready 1", "usher_draining 1")
	s.EndDrain()

	held := make(chan struct{})
	free := make(chan struct{})
	locking := make(chan error, 1)
	go func() {
		tx, err := s.DB.SQL().BeginTx(context.WithoutCancel(t.Context()), nil)
		if err == nil {
			_, err = tx.Exec(`lock table event in access exclusive mode`)
			close(held)
			<-free
			_ = tx.Rollback() // it changed nothing
		}
		locking <- err
	}()
	<-held
	s.check(t, ask{name: "silent", path: "/readyz", status: 503, want: []string{"the database doesn't answer within 2s"}, heads: []string{"Retry-After: 5"}})
	close(free)
	if err := <-locking; err != nil {
		t.Fatal(err)
	}
	s.check(t, ask{name: "well again", path: "/readyz", status: 200})

	locked, err := server.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Close()
	answer := served(t, locked).do(t, "GET", "/readyz", nil, nil)
	if body := text(t, answer); answer.StatusCode != 503 || !strings.Contains(body, "the keys are locked") {
		t.Errorf("locked: %s: %s", answer.Status, body)
	}
}
