package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Call is a statement that waits to be run with others: see Tx.Later.
type Call struct {
	Query string
	Args  []any
	// Each is called for every row of the answer; nil when there are none, or when
	// nobody reads them. It should only read: its error fails the transaction, but
	// may come after the commit.
	Each func(*sql.Rows) error
	// Wrap says what an error of the statement means; nil leaves it as it is.
	Wrap func(error) error
}

// maxWaiting is how many calls wait at most before they are run.
const maxWaiting = 512

// Later runs statements whose answers are not needed yet, in their order: on SQLite
// at once, on PostgreSQL together with the next statement, with Flush or with the
// commit, in a single round trip. So a transaction costs a round trip for each time
// that it has to know something, and one for all that it only writes.
//
// An error may come with any later statement or with the commit, and undoes all of
// the transaction as any other; answers are there after Flush. The statements of a
// round trip are prepared before the first of them is run: none may need a table
// that another makes.
func (tx *Tx) Later(ctx context.Context, calls ...Call) error {
	for i := range calls {
		if err := tx.usable(); err != nil {
			return err
		}
		if err := tx.saw(tx.on.later(ctx, &calls[i])); err != nil {
			return err
		}
	}
	return nil
}

// Flush runs what waits.
func (tx *Tx) Flush(ctx context.Context) error {
	if err := tx.usable(); err != nil {
		return err
	}
	return tx.saw(tx.on.flush(ctx))
}

// run runs the call at once.
func (c *Call) run(ctx context.Context, q Queryer) error {
	if c.Each == nil {
		_, err := q.ExecContext(ctx, c.Query, c.Args...)
		return c.explain(err)
	}
	rows, err := q.QueryContext(ctx, c.Query, c.Args...)
	if err != nil {
		return c.explain(err)
	}
	return c.explain(eachRow(rows, c.Each))
}

// explain says of an error whose it is.
func (c *Call) explain(err error) error {
	if err == nil {
		return nil
	}
	if c.Wrap != nil {
		return c.Wrap(err)
	}
	return fmt.Errorf("%s: %w", title(c.Query), err)
}

// title is the beginning of a statement, enough to know it by.
func title(query string) string {
	const words = 4
	all := strings.Fields(query)
	if len(all) > words {
		return strings.Join(all[:words], " ") + " …"
	}
	return strings.Join(all, " ")
}

// One gives an Each for an answer of one row at most: it scans into dest, and sets
// found.
func One(found *bool, dest ...any) func(*sql.Rows) error {
	*found = false
	return func(rows *sql.Rows) error {
		if *found {
			return errors.New("there is more than one row")
		}
		*found = true
		return rows.Scan(dest...)
	}
}

// InsertLater is InsertRows for Later. wrap says what an error means; it may be nil.
func InsertLater(ctx context.Context, tx *Tx, table string, columns []string, rows [][]any, wrap func(error) error) error {
	return inserts(table, columns, rows, tx.Engine() == SQLite, func(n int, query string, args []any) error {
		return tx.Later(ctx, Call{Query: query, Args: args, Wrap: func(err error) error {
			err = fmt.Errorf("insert %d rows into %s: %w", n, table, err)
			if wrap != nil {
				err = wrap(err)
			}
			return err
		}})
	})
}
