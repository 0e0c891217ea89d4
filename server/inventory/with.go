package inventory

import (
	"context"
	"database/sql"

	"usher/migrations/sqldb"
)

// together runs the statement that decides a batch and what is kept along with its
// holds. A hold that was refused isn't there, so nothing is kept with it. decide gives
// the statement for each try, and forgets what the one before said.
func (s *Stock) together(ctx context.Context, b *batch, decide func() sqldb.Call) error {
	var with []sqldb.Call
	for _, a := range b.asks {
		if a.take != nil {
			with = append(with, a.with(newHold(a.take, counted(a.take.Lines)))...)
		}
	}
	if len(with) == 0 { // it is a transaction by itself
		c := decide()
		if c.Each == nil {
			return s.db.Exec(ctx, c.Query, c.Args...)
		}
		return s.db.ExecReturning(ctx, c.Each, c.Query, c.Args...)
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		b.forget()
		return tx.Later(ctx, append([]sqldb.Call{decide()}, with...)...)
	})
}

// keepWith keeps what belongs to the holds that the transaction has made.
func (b *batch) keepWith(ctx context.Context, tx *sqldb.Tx) error {
	b.forget()
	for _, a := range b.asks {
		if !a.made {
			continue
		}
		if err := tx.Later(ctx, a.with(a.hold)...); err != nil {
			return err
		}
	}
	return nil
}

// forget knows of nothing that was kept: it may be that it wasn't in the end.
func (b *batch) forget() {
	for _, a := range b.asks {
		a.kept = false
	}
}

// with is what is kept along with a hold.
func (a *ask) with(h Hold) []sqldb.Call {
	if a.take.With == nil {
		return nil
	}
	query, args := a.take.With(h)
	if query == "" {
		return nil
	}
	return []sqldb.Call{{Query: query, Args: args, Each: func(*sql.Rows) error { a.kept = true; return nil }}}
}
