package inventory

import (
	"fmt"
	"slices"

	"usher/sync/fault"
)

// shelf is a pool while a batch is decided: as it was found, and as the batch
// leaves it.
type shelf struct {
	pool     string
	capacity int64
	found    int64 // taken before the batch
	taken    int64
	layout   int64
	rev      int64 // of this batch
	plan     *plan // nil: its places are counted
	moves    []move
}

// move is a seat that gets another holder.
type move struct{ seat, from, to string }

func (s *shelf) left() int64 { return s.capacity - s.taken }

// tally decides requests one after the other over pools that nobody else changes
// meanwhile. It knows no database.
type tally struct {
	event   string
	shelves map[string]*shelf // without those that the event doesn't have
	changed bool              // something is to be kept
}

// keep adds the plans of the pools, as they are once the transaction has ended, to
// those that are known.
func (t *tally) keep(known plans) plans {
	for pool, shelf := range t.shelves {
		if shelf.plan == nil || isAside(pool) { // its one seat is soon read again
			continue
		}
		if known == nil {
			known = make(plans)
		}
		shelf.plan.rev = shelf.rev
		if !t.changed {
			shelf.plan.rev-- // which is rolled back
		}
		known[pool] = shelf.plan
	}
	return known
}

// take gives a holder all places of the lines, or says why it can't. The lines come
// back with the seats.
func (t *tally) take(holder string, lines []Line) ([]Line, error) {
	if err := t.enough(lines); err != nil {
		return nil, err
	}
	given := slices.Clone(lines)
	// Seats that were chosen go first: the best of the rest are for who named none.
	for i := range given {
		l := &given[i]
		l.Count = l.places()
		l.Seats = slices.Clone(l.Seats)
		for _, seat := range l.Seats {
			t.shelves[l.Pool].move(seat, "", holder)
		}
	}
	for i := range given {
		l, shelf := &given[i], t.shelves[given[i].Pool]
		if shelf.plan != nil && len(l.Seats) == 0 {
			l.Seats = shelf.plan.best(int(l.Count))
			for _, seat := range l.Seats {
				shelf.move(seat, "", holder)
			}
		}
		shelf.taken += l.Count
	}
	return given, nil
}

// enough refuses lines that can't all be had, before anything is moved.
func (t *tally) enough(lines []Line) error {
	for i := range lines {
		if t.shelves[lines[i].Pool] == nil {
			return missing(t.event, lines[i].Pool, i)
		}
	}
	short := Short{Left: make(map[string]int64, 1), Taken: map[string][]string{}}
	missing := false
	for pool, n := range perPool(lines) {
		shelf := t.shelves[pool]
		short.Left[pool] = shelf.left()
		if shelf.plan != nil {
			short.Left[pool] = min(short.Left[pool], int64(shelf.plan.free))
		}
		missing = missing || n > short.Left[pool]
	}
	for i := range lines {
		if err := t.choosable(i, &lines[i], &short); err != nil {
			return err
		}
	}
	if missing || len(short.Taken) > 0 {
		return &short
	}
	return nil
}

// choosable looks at the seats that a line names.
func (t *tally) choosable(i int, l *Line, short *Short) error {
	plan := t.shelves[l.Pool].plan
	if plan == nil && len(l.Seats) > 0 {
		return fault.At(fault.BadInput, fmt.Sprintf("lines[%d].seats", i), "pool %s has no numbered seats", l.Pool)
	}
	for _, code := range l.Seats {
		holder, known := plan.holder(code)
		if !known {
			return fault.At(fault.NotFound, fmt.Sprintf("lines[%d].seats", i), "pool %s has no seat %q", l.Pool, code)
		}
		if holder != "" {
			short.Taken[l.Pool] = append(short.Taken[l.Pool], code)
		}
	}
	return nil
}

// give takes places back from their holder. An error means that the database
// contradicts itself.
func (t *tally) give(holder string, lines []Line) error {
	for _, l := range lines {
		shelf := t.shelves[l.Pool]
		if shelf == nil {
			return fmt.Errorf("hold %s has places of pool %s, which event %s doesn't have", holder, l.Pool, t.event)
		}
		if shelf.plan != nil && int64(len(l.Seats)) != l.Count {
			return fmt.Errorf("hold %s has %d places of pool %s and %d seats", holder, l.Count, l.Pool, len(l.Seats))
		}
		for _, seat := range l.Seats {
			if has, _ := shelf.plan.holder(seat); has != holder {
				return fmt.Errorf("hold %s gives back seat %s of pool %s, which %q has", holder, seat, l.Pool, has)
			}
			shelf.move(seat, holder, "")
		}
		shelf.taken -= l.Count
	}
	return nil
}

func (s *shelf) move(seat, from, to string) {
	s.plan.set(seat, to)
	s.moves = append(s.moves, move{seat, from, to})
}
