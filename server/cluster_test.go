package server_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/migrations"
	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/link"
	"usher/sync/state"
)

// linked keeps a device in an exchange with a server until the test ends, and gives
// what it holds and how it takes in more.
func (s *site) linked(t *testing.T, name string) (memory *journaltest.Memory, accept func(context.Context, []*journal.Record) error) {
	t.Helper()
	admitted, reply := s.enrol(t, name, grant.RoleScanner)
	address, err := link.Address(s.url, event)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := link.Dialer{}.Dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	st := state.New(state.Config{Event: event, Pins: admitted.Pins, Server: admitted.Server})
	if err := st.TrustRing(admitted.Ring); err != nil {
		t.Fatal(err)
	}
	memory = journaltest.NewMemory()
	accept = func(ctx context.Context, records []*journal.Record) error {
		if err := memory.Append(ctx, records); err != nil {
			return err
		}
		for _, r := range records {
			if _, err := st.Apply(r); err != nil {
				return err
			}
		}
		return nil
	}
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		ended <- exchange.Run(ctx, conn, exchange.Local{
			Event: event, Self: journaltest.Signer(t, name), Store: memory, Directory: st, Introduction: reply.Record,
			Accept: accept, Subscribe: st.Subscribe, IsServer: st.IsServer,
			Peers: new(exchange.Peers), Clock: exchange.NewClock(exchange.Estimate{}, nil), Now: time.Now, Rand: rand.Reader,
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the exchange of %s: %v", name, err)
		}
	})
	return memory, accept
}

// counted is how many records of gates a server has taken into its picture.
func counted(t *testing.T, s *site) (n uint64) {
	t.Helper()
	b, err := s.Doors.Board(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range b.Devices {
		n += d.Records
	}
	return n
}

// until waits for what has to come true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never comes true that %s", what)
		}
	}
}

// A server whose database can't be reached says that, to machines and to people,
// and nothing of the database; when it is back, so is the server.
func TestDatabaseGone(t *testing.T) {
	address, way := dbtest.Behind(t, dbtest.PostgresURL(t, migrations.Server))
	s := served(t, opened(t, server.Config{Database: address}))
	page := ask{name: "a page", path: "/manage/events/NIGHT-1/board", header: []string{"Authorization: Bearer " + s.key}, status: 200}
	s.check(t, page)
	way.Cut()
	gone, later := "the database can't be reached now", []string{"Retry-After: 5"}
	s.check(t, ask{name: "ready", path: "/readyz", status: 503, heads: later, want: []string{`"status":"not ready"`, gone}, never: []string{"127.0.0.1", "postgres"}})
	s.check(t, ask{name: "alive", path: "/healthz", status: 200})
	s.check(t, ask{name: "the list of events", path: "/", header: page.header, status: 503, heads: later, want: []string{"can’t be reached at the moment"}, never: []string{"127.0.0.1", "postgres"}})
	s.check(t, ask{name: "a manager's page", path: "/manage/orders", header: page.header, status: 503, heads: later, want: []string{"the database can&#39;t be reached now"}})
	s.check(t, ask{name: "an exchange", path: "/api/v1/sync/NIGHT-1", status: 503, heads: later, want: []string{`"type":"unavailable"`}})
	if _, err := server.Open(t.Context(), server.Config{Database: address}); !errors.Is(err, fault.Unavailable) {
		t.Errorf("opening another: %v", err)
	}
	way.Mend()
	s.check(t, ask{name: "ready again", path: "/readyz", status: 200})
	s.check(t, page)
	guests(t, s)
}

// With Redis gone all goes on, and the server says what is slow.
func TestRedisGone(t *testing.T) {
	redis, way := dbtest.Behind(t, os.Getenv("USHER_TEST_REDIS_URL"))
	cfg := server.Config{Database: dbtest.PostgresURL(t, migrations.Server), Redis: redis}
	one := served(t, opened(t, cfg))
	cfg.Unsealed = true
	two := served(t, unlocked(t, cfg))
	north, _ := two.linked(t, "north device")
	has := func() bool {
		here, err := one.Journals.Store(event).Vector(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		v, err := north.Vector(t.Context())
		return err == nil && v.Covers(here)
	}
	until(t, "the gate has all", has)
	one.check(t, ask{name: "ready", path: "/readyz", status: 200, want: []string{`{"status":"ready"}`}})
	way.Cut()
	guests(t, one)
	until(t, "the gate has what was written without Redis", has)
	until(t, "the server says that it is slow", func() bool {
		answer := one.do(t, "GET", "/readyz", nil, nil)
		body, err := io.ReadAll(answer.Body)
		return err == nil && answer.StatusCode == 200 && strings.Contains(string(body), `"notes":{"redis":"Redis can't be reached`)
	})
	way.Mend()
	until(t, "the server is well again", func() bool {
		answer := one.do(t, "GET", "/readyz", nil, nil)
		body, err := io.ReadAll(answer.Body)
		return err == nil && answer.StatusCode == 200 && !strings.Contains(string(body), "redis")
	})
}

// Redis without a database to tell of is a mistake.
func TestRedisOnAFile(t *testing.T) {
	_, err := server.Open(t.Context(), server.Config{Data: t.TempDir(), Unsealed: true, Redis: "redis://127.0.0.1:1/0"})
	if !errors.Is(err, fault.BadInput) {
		t.Errorf("got %v", err)
	}
}
