package pass

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// columns are what scan reads, in its order.
const columns = `serial, app, event, ticket, generation, void, changed_at, rev, tries`

func scan(from func(...any) error) (k pass, err error) {
	var changed int64
	err = from(&k.serial, &k.app, &k.event, &k.ticket, &k.generation, &k.void, &changed, &k.rev, &k.tries)
	k.changed = time.UnixMilli(changed).UTC()
	return k, err
}

func (p *Passes) bySerial(ctx context.Context, q sqldb.Queryer, serial string) (pass, error) {
	k, err := scan(q.QueryRowContext(ctx, `select `+columns+` from pass where serial = $1`, serial).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return k, fault.New(fault.NotFound, "there is no such pass")
	}
	return k, stored(err, "reading a pass")
}

// list reads passes.
func list(ctx context.Context, q sqldb.Queryer, query string, args ...any) (all []pass, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		k, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

// texts reads a column of texts.
func texts(ctx context.Context, q sqldb.Queryer, query string, args ...any) (all []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

// stored gives a failed statement a kind; faults pass as they are.
func stored(err error, doing string) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return fault.Wrap(fault.Internal, err, "the database failed %s", doing)
}
