package inventory

import (
	"context"
	"fmt"

	"usher/migrations/sqldb"
)

// settleSeen decides a batch of requests for seats by the plans that are in memory, on
// PostgreSQL, where each look at the database is a trip: all that it writes goes in one,
// with the commit, and fails if a pool is not as it was seen. Then, and whenever not
// everybody gets what they ask for, nothing was done.
func (s *Stock) settleSeen(ctx context.Context, q *queue, b *batch) (done bool, err error) {
	t := b.seenTally(s.db.Engine(), q.plans)
	if t == nil {
		return false, nil
	}
	open := make(map[string]int)
	for _, a := range b.asks {
		if a.hold, a.err = b.takeOne(t, a.take, nil, open); a.err != nil {
			b.unsee(t)
			return false, nil
		}
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		b.forget()
		if err := tx.Later(ctx, t.seenCalls(b, open)...); err != nil {
			return err
		}
		for _, a := range b.asks {
			if err := tx.Later(ctx, a.with(a.hold)...); err != nil {
				return err
			}
		}
		return nil
	})
	if sqldb.IsNull(err) || sqldb.IsUnique(err) { // it is not as it was seen
		b.unsee(t)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	t.changed = true
	q.plans = t.keep(q.plans)
	b.left, b.back = make(map[string]int64, len(t.shelves)), false
	for pool, shelf := range t.shelves {
		b.left[pool] = shelf.left()
	}
	return true, nil
}

// seenTally is the pools of a batch as the plans have them; nil when it is about
// something else, too, or when others change them at the moment.
func (b *batch) seenTally(engine sqldb.Engine, known plans) *tally {
	if engine != sqldb.Postgres {
		return nil
	}
	ids := make(map[string]bool, len(b.asks))
	for _, a := range b.asks {
		if a.take == nil || ids[a.take.ID] {
			return nil
		}
		ids[a.take.ID] = true
	}
	t := &tally{event: b.event, shelves: map[string]*shelf{}}
	for _, pool := range b.pools(nil) {
		p := known[pool]
		if p == nil || !p.ours {
			return nil
		}
		taken := int64(len(p.seats) - p.free)
		t.shelves[pool] = &shelf{pool: pool, capacity: int64(len(p.seats)), found: taken, taken: taken, layout: p.layout, rev: p.rev + 1, plan: p}
	}
	return t
}

// unsee takes back what a batch did to the plans.
func (b *batch) unsee(t *tally) {
	for _, s := range t.shelves {
		for i := len(s.moves) - 1; i >= 0; i-- {
			s.plan.set(s.moves[i].seat, s.moves[i].from)
		}
	}
	for _, a := range b.asks {
		a.hold, a.err = Hold{}, nil
	}
}

// seenPool takes places of a pool that is as it was seen. If it isn't, its rev is to be
// null, which no pool's may be.
const seenPool = `
	update pool set taken = taken + $3, rev = case when rev = $4 and layout = $5 and seated = 1 then rev + 1 end
	where event = $1 and code = $2`

// seenSeats gives free seats to their holders.
const seenSeats = `
	update seat set holder = m.holder, rev = $5
	from unnest($3::text[], $4::text[]) as m(code, holder)
	where seat.event = $1 and seat.pool = $2 and seat.code = m.code and seat.holder = ''`

// seenHolds makes the holds, if they have all seats and no owner has too many. If not,
// their state is to be null, which no hold's may be.
const seenHolds = `
	insert into hold (id, event, owner, lines, until, extended, state, made_at, changed_at)
	select r.id, $1, r.owner, r.lines, r.until, 0, case
		when (select count(*) from unnest($7::text[], $8::text[], $9::text[]) as m(pool, code, holder)
			join seat s on s.event = $1 and s.pool = m.pool and s.code = m.code and s.holder = m.holder) = cardinality($7::text[])
		and not exists (select 1 from unnest($10::text[], $11::bigint[]) as o(owner, more)
			where o.more + (select count(*) from hold h where h.state = 'held' and h.event = $1 and h.owner = o.owner) > $12)
		then 'held' end, $2, $2
	from unnest($3::text[], $4::text[], $5::text[], $6::bigint[]) as r(id, owner, lines, until)`

// seenCalls are the statements that write what was decided; open is how many holds each
// owner gets.
func (t *tally) seenCalls(b *batch, open map[string]int) []sqldb.Call {
	var list []sqldb.Call
	var pools, codes, holders []string
	for _, pool := range b.pools(nil) { // in the order in which everybody opens them
		s := t.shelves[pool]
		list = append(list, sqldb.Call{
			Query: seenPool, Args: []any{t.event, pool, s.taken - s.found, s.rev - 1, s.layout},
			Wrap: func(err error) error {
				return fmt.Errorf("taking %d places of pool %s: %w", s.taken-s.found, pool, err)
			},
		})
		first := len(codes)
		for _, m := range s.moves {
			pools, codes, holders = append(pools, pool), append(codes, m.seat), append(holders, m.to)
		}
		list = append(list, sqldb.Call{Query: seenSeats, Args: []any{t.event, pool, codes[first:], holders[first:], s.rev}})
	}
	var ids, of, texts, owners []string
	var untils, more []int64
	for _, a := range b.asks {
		ids, of = append(ids, a.hold.ID), append(of, a.hold.Owner)
		texts, untils = append(texts, linesText(a.hold.Lines)), append(untils, a.hold.Until.UnixMilli())
	}
	for owner, n := range open {
		if owner != "" {
			owners, more = append(owners, owner), append(more, int64(n))
		}
	}
	return append(list, sqldb.Call{Query: seenHolds, Args: []any{
		t.event, b.now.UnixMilli(), ids, of, texts, untils, pools, codes, holders, some(owners), some(more), int64(b.maxOpen),
	}})
}
