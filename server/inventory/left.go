package inventory

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Left gives how many places each pool of the event has left. It is cheap, and may
// be a second old; fault.NotFound for an event without pools.
func (s *Stock) Left(ctx context.Context, event string) (map[string]int64, error) {
	now := s.now()
	if pools, known := s.memory.lefts(event, now); known {
		return maps.Clone(pools), nil
	}
	counts, err := s.counts(ctx, event)
	if err != nil {
		return nil, err
	}
	pools := make(map[string]int64, len(counts))
	for _, c := range counts {
		pools[c.Pool] = c.Capacity - c.Sold - c.Held
	}
	s.memory.note(event, pools, now)
	return maps.Clone(pools), nil
}

// Count is how far a pool is sold.
type Count struct {
	Pool     string
	Name     string
	Capacity int64
	Sold     int64
	Held     int64
}

// Counts gives how far each pool of the event is sold, by code, as of this moment.
// It reads every open hold; for pages that many look at there is Left.
func (s *Stock) Counts(ctx context.Context, event string) ([]Count, error) {
	// The holds go first. One that is made meanwhile counts as sold, and none is
	// counted twice.
	held, err := heldPlaces(ctx, s.db.Read(), event)
	if err != nil {
		return nil, stored(err, "counting the places of event %s", event)
	}
	counts, err := s.counts(ctx, event)
	for i := range counts {
		c := &counts[i]
		c.Held = min(held[c.Pool], c.Sold)
		c.Sold -= c.Held
	}
	return counts, err
}

const poolCounts = `select code, name, capacity, taken from pool where event = $1 and ` + listed + ` order by code`

// counts reads the pools of an event, with all that is taken as sold.
func (s *Stock) counts(ctx context.Context, event string) ([]Count, error) {
	if err := checkCode("event", event); err != nil {
		return nil, err
	}
	var counts []Count
	err := each(ctx, s.db.Read(), func(scan func(...any) error) error {
		var c Count
		err := scan(&c.Pool, &c.Name, &c.Capacity, &c.Sold)
		counts = append(counts, c)
		return err
	}, poolCounts, event)
	if err == nil && len(counts) == 0 {
		return nil, fault.New(fault.NotFound, "event %.40q has no places to sell", event)
	}
	return counts, stored(err, "counting the places of event %s", event)
}

// Level is how many places are left, in a word that need not be right to the second.
type Level string

// The levels.
const (
	Plenty Level = "plenty"
	Few    Level = "few"
	None   Level = "none"
)

// LevelOf says how many are left of a capacity: few means at most a tenth of it, or
// ten.
func LevelOf(left, capacity int64) Level {
	switch {
	case left <= 0:
		return None
	case left <= 10 || left <= capacity/10:
		return Few
	}
	return Plenty
}

// readPools reads the pools of an event with their seats, after moving each one's
// rev: until the transaction ends nobody else changes them.
func readPools(ctx context.Context, tx *sqldb.Tx, event string) (map[string]*poolRow, error) {
	var codes []string
	err := each(ctx, tx, func(scan func(...any) error) error {
		var code string
		err := scan(&code)
		codes = append(codes, code)
		return err
	}, `select code from pool where event = $1 and `+listed+` order by code`, event)
	if err != nil {
		return nil, err
	}
	pools := make(map[string]*poolRow, len(codes))
	for _, code := range codes {
		p, seated := &poolRow{}, 0
		err := tx.QueryRowContext(ctx, `
			update pool set taken = taken where event = $1 and code = $2 returning name, capacity, taken, seated`,
			event, code).Scan(&p.name, &p.capacity, &p.taken, &seated)
		if err != nil {
			return nil, err
		}
		p.seated = seated == 1
		if p.seated {
			err = each(ctx, tx, func(scan func(...any) error) error {
				var s seatRow
				err := scan(&s.code, &s.run, &s.holder)
				p.seats = append(p.seats, s)
				return err
			}, `select code, run, holder from seat where event = $1 and pool = $2 order by place`, event, code)
		}
		if err != nil {
			return nil, err
		}
		pools[code] = p
	}
	return pools, nil
}

func compare(a, b string) int { return cmp.Compare(a, b) }

// poolCodes gives the keys of a map in their order.
func poolCodes[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
