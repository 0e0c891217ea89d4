package inventory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"usher/migrations/sqldb"
)

// conn is what a batch needs of its transaction.
type conn interface {
	sqldb.Queryer
	Engine() sqldb.Engine
}

// openTally opens pools of an event for change: until the transaction ends nobody
// else changes them. Codes are in their order. Known plans of seats are brought up
// to date and changed by what is decided.
func openTally(ctx context.Context, tx conn, event string, codes []string, known plans) (*tally, error) {
	t := &tally{event: event, shelves: make(map[string]*shelf, len(codes))}
	for _, code := range codes {
		shelf, seated, err := openShelf(ctx, tx, event, code)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("opening pool %s: %w", code, err)
		}
		if seated {
			if shelf.plan, err = readPlan(ctx, tx, event, shelf, known[code]); err != nil {
				return nil, fmt.Errorf("reading the seats of pool %s: %w", code, err)
			}
		}
		t.shelves[code] = shelf
	}
	return t, nil
}

func openShelf(ctx context.Context, tx conn, event, code string) (*shelf, bool, error) {
	s, seated := &shelf{pool: code}, 0
	err := tx.QueryRowContext(ctx, `
		update pool set rev = rev + 1 where event = $1 and code = $2
		returning capacity, taken, seated, layout, rev`, event, code).Scan(&s.capacity, &s.taken, &seated, &s.layout, &s.rev)
	s.found = s.taken
	return s, seated == 1, err
}

// readPlan reads who has the seats of a pool: all of them, or of a plan that is
// known those that changed since.
func readPlan(ctx context.Context, q sqldb.Queryer, event string, s *shelf, known *plan) (*plan, error) {
	if known == nil || known.layout != s.layout {
		var codes []string
		var runs []int64
		err := each(ctx, q, func(scan func(...any) error) error {
			var code string
			var run int64
			err := scan(&code, &run)
			codes, runs = append(codes, code), append(runs, run)
			return err
		}, `select code, run from seat where event = $1 and pool = $2 order by place`, event, s.pool)
		if err != nil {
			return nil, err
		}
		known = newPlan(codes, runs)
		known.layout, known.ours = s.layout, true
	} else {
		known.ours = known.rev == s.rev-1
	}
	err := each(ctx, q, func(scan func(...any) error) error {
		var code, holder string
		err := scan(&code, &holder)
		known.set(code, holder)
		return err
	}, `select code, holder from seat where event = $1 and pool = $2 and rev > $3`, event, s.pool, known.rev)
	return known, err
}

// write makes the pools and seats what the tally says. Each statement is guarded by
// what was read, so a mistake here is an error and no sale.
func (t *tally) write(ctx context.Context, tx conn) error {
	for _, s := range t.shelves {
		if s.taken != s.found {
			done, err := tx.ExecContext(ctx, `
				update pool set taken = taken + $3 where event = $1 and code = $2 and taken + $3 between 0 and capacity`,
				t.event, s.pool, s.taken-s.found)
			if err := exactly(1, done, err); err != nil {
				return fmt.Errorf("taking %d places of pool %s: %w", s.taken-s.found, s.pool, err)
			}
		}
		if err := t.writeSeats(ctx, tx, s, s.moves); err != nil {
			return fmt.Errorf("changing %d seats of pool %s: %w", len(s.moves), s.pool, err)
		}
	}
	return nil
}

// writeSeats gives seats their new holders: on PostgreSQL in one trip, on SQLite by
// a statement each, which is no dearer. A seat that changes hands twice in a batch
// has both moves in their order.
func (t *tally) writeSeats(ctx context.Context, tx conn, s *shelf, moves []move) error {
	if len(moves) == 0 {
		return nil
	}
	if tx.Engine() == sqldb.Postgres {
		return t.writeSeatsAtOnce(ctx, tx, s, merged(moves))
	}
	for _, m := range moves {
		done, err := tx.ExecContext(ctx, `
			update seat set holder = $5, rev = $6 where event = $1 and pool = $2 and code = $3 and holder = $4`,
			t.event, s.pool, m.seat, m.from, m.to, s.rev)
		if err := exactly(1, done, err); err != nil {
			return fmt.Errorf("seat %s: %w", m.seat, err)
		}
	}
	return nil
}

func (t *tally) writeSeatsAtOnce(ctx context.Context, tx conn, s *shelf, moves []move) error {
	codes, from, to := make([]string, len(moves)), make([]string, len(moves)), make([]string, len(moves))
	for i, m := range moves {
		codes[i], from[i], to[i] = m.seat, m.from, m.to
	}
	done, err := tx.ExecContext(ctx, `
		update seat set holder = m.holder, rev = $6
		from unnest($3::text[], $4::text[], $5::text[]) as m(code, was, holder)
		where seat.event = $1 and seat.pool = $2 and seat.code = m.code and seat.holder = m.was`,
		t.event, s.pool, codes, from, to, s.rev)
	return exactly(int64(len(moves)), done, err)
}

// merged makes one move of a seat's several: from the first holder to the last.
func merged(moves []move) []move {
	at := make(map[string]int, len(moves))
	var list []move
	for _, m := range moves {
		if i, moved := at[m.seat]; moved {
			list[i].to = m.to
			continue
		}
		at[m.seat] = len(list)
		list = append(list, m)
	}
	return list
}

// exactly makes an error of a statement that changed another number of rows.
func exactly(want int64, done sql.Result, err error) error {
	if err != nil {
		return err
	}
	got, err := done.RowsAffected()
	if err == nil && got != want {
		err = fmt.Errorf("%d rows were changed, want %d", got, want)
	}
	return err
}

var holdInsert = []string{"id", "event", "owner", "lines", "until", "extended", "state", "made_at", "changed_at"}

func insertHolds(ctx context.Context, tx conn, holds []Hold, now time.Time) error {
	if len(holds) == 0 {
		return nil
	}
	rows := make([][]any, len(holds))
	for i := range holds {
		h, at := &holds[i], now.UnixMilli()
		rows[i] = []any{h.ID, h.Event, h.Owner, linesText(h.Lines), h.Until.UnixMilli(), 0, string(h.State), at, at}
	}
	return sqldb.InsertRows(ctx, tx, "hold", holdInsert, rows)
}

// knownHolds gives those of the ids that are there. Mostly none is, which costs one
// look.
func knownHolds(ctx context.Context, tx conn, ids []string) (map[string]*Hold, error) {
	known := make(map[string]*Hold)
	for some := range slices.Chunk(ids, chunk) {
		var p params
		in := p.list(some)
		var n int
		if err := tx.QueryRowContext(ctx, `select count(*) from hold where id in (`+in+`)`, p...).Scan(&n); err != nil {
			return nil, fmt.Errorf("looking for known holds: %w", err)
		}
		if n == 0 {
			continue
		}
		err := each(ctx, tx, func(scan func(...any) error) error {
			h, err := scanHold(scan)
			known[h.ID] = &h
			return err
		}, `select `+holdColumns+` from hold where id in (`+in+`)`, p...)
		if err != nil {
			return nil, fmt.Errorf("reading known holds: %w", err)
		}
	}
	return known, nil
}

// openHolds counts the open holds of owners for an event. Where they can't come to
// the limit together they aren't told apart.
func openHolds(ctx context.Context, tx conn, event string, owners []string, limit int) (map[string]int, error) {
	open := make(map[string]int)
	for some := range slices.Chunk(owners, chunk) {
		p := params{event}
		where := `where state = 'held' and event = $1 and owner in (` + p.list(some) + `)`
		var all int
		if err := tx.QueryRowContext(ctx, `select count(*) from hold `+where, p...).Scan(&all); err != nil {
			return nil, fmt.Errorf("counting open holds: %w", err)
		}
		if all+len(owners) <= limit {
			for _, owner := range some {
				open[owner] = all
			}
			continue
		}
		err := each(ctx, tx, func(scan func(...any) error) error {
			var owner string
			var n int
			err := scan(&owner, &n)
			open[owner] = n
			return err
		}, `select owner, count(*) from hold `+where+` group by owner`, p...)
		if err != nil {
			return nil, fmt.Errorf("counting open holds: %w", err)
		}
	}
	return open, nil
}
