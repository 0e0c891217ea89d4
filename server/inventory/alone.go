package inventory

import (
	"context"
	"database/sql"
	"errors"

	"usher/migrations/sqldb"
)

// takeAlone takes places of one pool for one buyer, if there are enough and the buyer
// may have one hold more. Whether the hold is there already is left to the insert to
// find, which undoes all of it: looking first costs those many who are new.
const takeAlone = `
	update pool set taken = taken + $3, rev = rev + 1
	where event = $1 and code = $2 and seated = 0 and taken + $3 <= capacity
		and ($4 = '' or $5 > (select count(*) from hold where state = 'held' and event = $1 and owner = $4))
	returning capacity - taken`

// holdAlone makes the hold.
const holdAlone = `
	insert into hold (id, event, owner, lines, until, extended, state, made_at, changed_at)
	values ($1, $2, $3, $4, $5, 0, 'held', $6, $6)`

// alone is both in one statement, for PostgreSQL.
const alone = `
	with taken (places) as (` + takeAlone + `),
	held as (
		insert into hold (id, event, owner, lines, until, extended, state, made_at, changed_at)
		select $6, $1, $4, $7, $8, 0, 'held', $9, $9 from taken)
	select places from taken`

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
	hold, pool, left := newHold(r, counted(r.Lines)), r.Lines[0].Pool, int64(0)
	take := []any{b.event, pool, pools[pool], r.Owner, int64(b.maxOpen)}
	until, now := r.Until.UnixMilli(), b.now.UnixMilli()
	if s.db.Engine() == sqldb.Postgres {
		err = s.together(ctx, b, func() sqldb.Call {
			return sqldb.Call{Query: alone, Args: append(take[:len(take):len(take)], r.ID, linesText(hold.Lines), until, now), Each: sqldb.One(&done, &left)}
		})
	} else {
		err = s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
			b.forget()
			err := tx.QueryRowContext(ctx, takeAlone, take...).Scan(&left)
			if errors.Is(err, sql.ErrNoRows) {
				return errNothing
			}
			if done = err == nil; !done {
				return err
			}
			keep := sqldb.Call{Query: holdAlone, Args: []any{r.ID, b.event, r.Owner, linesText(hold.Lines), until, now}}
			return tx.Later(ctx, append([]sqldb.Call{keep}, b.asks[0].with(hold)...)...)
		})
	}
	switch {
	case sqldb.IsUnique(err): // the hold was there before
		return false, nil
	case errors.Is(err, errNothing):
		return false, nil
	case done && err == nil:
		b.asks[0].hold = hold
		b.left, b.back = map[string]int64{pool: left}, false
	}
	return done, err
}
