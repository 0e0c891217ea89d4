package inventory

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/clocktest"
	"usher/sync/fault"
)

const event = "NIGHT-1"

var start = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// world is a stock over a real database.
type world struct {
	*Stock
	clock *clocktest.Clock
}

func newWorld(t testing.TB, db *sqldb.DB, cfg Config) *world {
	t.Helper()
	w := &world{clock: clocktest.At(start)}
	w.Stock = New(db, w.clock.Now, cfg)
	t.Cleanup(w.Close)
	return w
}

// beside gives another server's stock over the same database.
func (w *world) beside(t testing.TB, cfg Config) *world {
	t.Helper()
	other := &world{clock: w.clock, Stock: New(w.db, w.clock.Now, cfg)}
	t.Cleanup(other.Close)
	return other
}

// onEach runs a test over every engine.
func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db, Config{})) })
}

// tb is what *testing.T and *rapid.T have in common.
type tb interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// inTx runs do in a transaction and gives its error.
func (w *world) inTx(t tb, do func(context.Context, *sqldb.Tx) error) error {
	t.Helper()
	return w.db.InTx(t.Context(), do)
}

// set makes pools of an event.
func (w *world) set(t tb, event string, pools ...Pool) {
	t.Helper()
	if err := w.trySet(t, event, pools...); err != nil {
		t.Fatal(err)
	}
}

func (w *world) trySet(t tb, event string, pools ...Pool) error {
	return w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) error { return w.SetIn(ctx, tx, event, pools) })
}

func (w *world) sell(t tb, id string) (h Hold, err error) {
	err = w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		h, err = w.SellIn(ctx, tx, id)
		return err
	})
	return h, err
}

func (w *world) take(t tb, event string, lines ...Line) (given []Line, err error) {
	err = w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		given, err = w.TakeIn(ctx, tx, event, lines)
		return err
	})
	return given, err
}

func (w *world) giveBack(t tb, event string, lines ...Line) error {
	return w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) error { return w.ReturnIn(ctx, tx, event, lines) })
}

// request asks for places for ten minutes.
func (w *world) request(id string, lines ...Line) Request {
	return Request{ID: id, Event: event, Lines: lines, Until: w.now().Add(10 * time.Minute)}
}

// hold takes places, which has to work.
func (w *world) hold(t tb, id string, lines ...Line) Hold {
	t.Helper()
	h, err := w.Hold(t.Context(), w.request(id, lines...))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func n(pool string, count int64) Line         { return Line{Pool: pool, Count: count} }
func seats(pool string, codes ...string) Line { return Line{Pool: pool, Seats: codes} }

// row lists seats "A-1" to "A-n".
func row(name string, n int) []Seat {
	list := make([]Seat, n)
	for i := range list {
		list[i] = Seat{Code: fmt.Sprintf("%s-%d", name, i+1), Row: name, Number: i + 1}
	}
	return list
}

// want checks what is sold and held of a pool, and that the database agrees with
// itself.
func (w *world) want(t tb, pool string, sold, held int64) {
	t.Helper()
	w.consistent(t, event)
	counts, err := w.Counts(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Pool == pool && (c.Sold != sold || c.Held != held) {
			t.Errorf("pool %s has %d sold and %d held, want %d and %d", pool, c.Sold, c.Held, sold, held)
		}
	}
}

// consistent checks in the tables that each seat's holder is a hold that has it,
// and that a seated pool's number is its seats'.
func (w *world) consistent(t tb, event string) {
	t.Helper()
	for _, c := range []struct{ what, query string }{
		{"pools over or under", `select count(*) from pool where event = $1 and (taken < 0 or taken > capacity)`},
		{"seated pools whose number isn't their seats'", `select count(*) from pool where event = $1 and seated = 1 and taken <>
			(select count(*) from seat where seat.event = pool.event and seat.pool = pool.code and holder <> '')`},
		{"seats of holds that are over", `select count(*) from seat where event = $1 and holder not in ('', '-')
			and not exists (select 1 from hold where hold.id = seat.holder and state in ('held', 'sold'))`},
	} {
		var n int
		if err := w.db.Read().QueryRowContext(t.Context(), c.query, event).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d, %v", c.what, n, err)
		}
	}
}

// wantShort checks that an error says how many are left.
func wantShort(t testing.TB, err error, left map[string]int64) {
	t.Helper()
	var short *Short
	if !errors.As(err, &short) || !errors.Is(err, fault.Refused) {
		t.Errorf("got %v, want *Short", err)
		return
	}
	for pool, n := range left {
		if short.Left[pool] != n {
			t.Errorf("%d left of %s, want %d", short.Left[pool], pool, n)
		}
	}
}

func wantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got %v, want %s", err, kind)
	}
}
