package inventory

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// TakeIn sells places without a hold, in the caller's transaction: for a payment
// that came after the hold was over, and at the box office. All of them or none;
// *Short when there are not enough. The pools' rows are the transaction's until it
// ends, and buyers wait for them: take last, and commit.
func (s *Stock) TakeIn(ctx context.Context, tx *sqldb.Tx, event string, lines []Line) ([]Line, error) {
	if err := checkLines(event, lines); err != nil {
		return nil, err
	}
	t, err := openTally(ctx, tx, event, poolsOf(lines), nil)
	if err != nil {
		return nil, stored(err, "taking %s of event %s", places(lines), event)
	}
	given, err := t.take(taker, lines)
	if err != nil {
		return nil, err
	}
	return given, stored(t.write(ctx, tx), "taking %s of event %s", places(lines), event)
}

// ReturnIn gives sold places back, in the caller's transaction: after a refund or a
// cancellation. Lines of a seated pool name the seats. Places that are held can't
// be given back by it: fault.Refused, and nothing is changed.
func (s *Stock) ReturnIn(ctx context.Context, tx *sqldb.Tx, event string, lines []Line) error {
	if err := checkLines(event, lines); err != nil {
		return err
	}
	t, err := openTally(ctx, tx, event, poolsOf(lines), nil)
	if err == nil {
		err = t.takeBack(ctx, tx, lines)
	}
	if err == nil {
		err = t.write(ctx, tx)
	}
	if err == nil {
		s.memory.forget(event) // at the latest a second after the commit memory looks again
	}
	return stored(err, "returning %s of event %s", places(lines), event)
}

// takeBack takes sold places back into the tally.
func (t *tally) takeBack(ctx context.Context, tx *sqldb.Tx, lines []Line) error {
	held, err := heldPlaces(ctx, tx, t.event)
	if err != nil {
		return err
	}
	for pool, n := range perPool(lines) {
		shelf := t.shelves[pool]
		if shelf == nil {
			return fault.New(fault.NotFound, "event %s has no pool %q", t.event, pool)
		}
		if sold := shelf.taken - held[pool]; n > sold {
			return fault.New(fault.Refused, "%d places of pool %s can't be returned: %d are sold", n, pool, sold)
		}
		shelf.taken -= n
	}
	for i := range lines {
		if err := t.takeBackSeats(ctx, tx, i, &lines[i]); err != nil {
			return err
		}
	}
	return nil
}

// takeBackSeats takes sold seats back: those that nobody just holds.
func (t *tally) takeBackSeats(ctx context.Context, tx *sqldb.Tx, i int, l *Line) error {
	shelf, where := t.shelves[l.Pool], fmt.Sprintf("lines[%d].seats", i)
	if shelf.plan == nil && len(l.Seats) == 0 {
		return nil
	}
	if shelf.plan == nil || len(l.Seats) == 0 {
		return fault.At(fault.BadInput, where, "seats are named where the pool has some, and only there")
	}
	for _, code := range l.Seats {
		holder, known := shelf.plan.holder(code)
		if !known {
			return fault.At(fault.NotFound, where, "pool %s has no seat %q", l.Pool, code)
		}
		if holder == "" {
			return fault.At(fault.Refused, where, "seat %s of pool %s isn't sold", code, l.Pool)
		}
		if holder != taker {
			sold, err := isSold(ctx, tx, holder)
			if err != nil {
				return err
			}
			if !sold {
				return fault.At(fault.Refused, where, "seat %s of pool %s is held, not sold", code, l.Pool)
			}
		}
		shelf.move(code, holder, "")
	}
	return nil
}

// heldPlaces counts the places of an event that are held and not sold, by pool.
func heldPlaces(ctx context.Context, q sqldb.Queryer, event string) (map[string]int64, error) {
	held := make(map[string]int64)
	err := each(ctx, q, func(scan func(...any) error) error {
		h, err := scanHold(scan)
		for pool, n := range perPool(h.Lines) {
			held[pool] += n
		}
		return err
	}, `select `+holdColumns+` from hold where state = 'held' and event = $1`, event)
	if err != nil {
		return nil, fmt.Errorf("counting the held places of event %s: %w", event, err)
	}
	return held, nil
}

func poolsOf(lines []Line) []string {
	return slices.Sorted(maps.Keys(perPool(lines)))
}
