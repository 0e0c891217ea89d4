package inventory

import (
	"context"

	"usher/migrations/sqldb"
)

// alone takes places of one pool for one buyer and makes the hold, if there are enough
// and the buyer may have one hold more. It gives what is left; when it does nothing it
// gives no row.
// Whether the hold is there already is left to the insert to find, which undoes all of
// it: looking first costs those many who are new.
const alone = `
	with taken (places) as (
		update pool set taken = taken + $3, rev = rev + 1
		where event = $1 and code = $2 and seated = 0 and taken + $3 <= capacity
			and ($4 = '' or $5 > (select count(*) from hold where state = 'held' and event = $1 and owner = $4))
		returning capacity - taken),
	held as (
		insert into hold (id, event, owner, lines, until, extended, state, made_at, changed_at)
		select $6, $1, $4, $7, $8, 0, 'held', $9, $9 from taken)
	select places from taken`

// aloneInFile is the same for SQLite, where a statement changes one table: the view's
// trigger changes both. It gives no row, and fails where there are not enough.
const aloneInFile = `
	insert into hold_alone (event, pool, places, owner, most, id, lines, until, now)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

// settleAlone takes the places of a buyer who is alone, of one pool, by the least that
// does it. When it takes none it doesn't say why: nothing was done.
func (s *Stock) settleAlone(ctx context.Context, b *batch) (done bool, err error) {
	r := b.asks[0].take
	if len(b.asks) > 1 || r == nil {
		return false, nil
	}
	pools := perPool(r.Lines)
	if len(pools) > 1 {
		return false, nil
	}
	hold, pool := newHold(r, counted(r.Lines)), r.Lines[0].Pool
	call := sqldb.Call{Query: alone, Args: []any{b.event, pool, pools[pool], r.Owner, int64(b.maxOpen),
		r.ID, linesText(hold.Lines), r.Until.UnixMilli(), b.now.UnixMilli()}}
	var left int64
	err = s.together(ctx, b, func() sqldb.Call {
		if done = s.db.Engine() == sqldb.SQLite; done {
			call.Query = aloneInFile
			return call
		}
		call.Each = sqldb.One(&done, &left)
		return call
	})
	switch {
	case sqldb.IsUnique(err), sqldb.IsNull(err): // the hold was there before; there are not enough
		return false, nil
	case err != nil || !done:
		return false, err
	}
	b.asks[0].hold = hold
	b.left, b.back = nil, false
	if call.Each != nil { // else nobody has looked what is left
		b.left = map[string]int64{pool: left}
	}
	return true, nil
}
