package sqldb

import (
	"context"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

const (
	// maxVariables is the most placeholders that a statement may have on every
	// engine (SQLite: https://www.sqlite.org/limits.html#max_variable_number).
	maxVariables = 32766
	// maxRows is the most rows that are inserted by one statement, a power of two;
	// more of them are no faster.
	maxRows = 64
)

// InsertRows inserts rows of values for the columns of a table, many to a
// statement. Table and columns are names in our own SQL, never from outside.
// All or none are inserted only inside a transaction.
func InsertRows(ctx context.Context, q Queryer, table string, columns []string, rows [][]any) error {
	e, ok := q.(interface{ Engine() Engine })
	return inserts(table, columns, rows, ok && e.Engine() == SQLite, func(n int, query string, args []any) error {
		if _, err := q.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("insert %d rows into %s: %w", n, table, err)
		}
		return nil
	})
}

// inserts calls run with the statements that insert rows, and how many of them each
// does; bare is whether placeholders need no numbers.
func inserts(table string, columns []string, rows [][]any, bare bool, run func(n int, query string, args []any) error) error {
	if len(columns) == 0 || len(columns) > maxVariables {
		return fmt.Errorf("insert into %s: %d columns", table, len(columns))
	}
	text := insertNumbered
	if bare {
		text = insertBare
	}
	for first := 0; len(rows) > 0; {
		n := rowsAtOnce(len(rows), len(columns))
		args := make([]any, 0, n*len(columns))
		for i, row := range rows[:n] {
			if len(row) != len(columns) {
				return fmt.Errorf("insert into %s: row %d has %d values for %d columns", table, first+i, len(row), len(columns))
			}
			args = append(args, row...)
		}
		if err := run(n, insertText(table, columns, n, text), args); err != nil {
			return err
		}
		rows, first = rows[n:], first+n
	}
	return nil
}

// rowsAtOnce is how many rows the next statement inserts: a power of two, so that
// there are few different statements, each of which is kept prepared.
func rowsAtOnce(rows, columns int) int {
	n := min(maxRows, rows, maxVariables/columns)
	return 1 << (bits.Len(uint(n)) - 1)
}

// insertText writes insert into table (columns) values (...), (...) and so on, for
// n rows, with the placeholders that place writes.
func insertText(table string, columns []string, n int, place func(*strings.Builder, int)) string {
	var b strings.Builder
	fmt.Fprintf(&b, "insert into %s (%s) values ", table, strings.Join(columns, ", "))
	for i := range n * len(columns) {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%len(columns) == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		place(&b, i+1)
	}
	b.WriteString(")")
	return b.String()
}

// insertBare writes placeholders that are bound in their order. modernc.org/sqlite
// looks up the name of each of $1, $2 and so on by walking the list of all of them,
// so a statement of two thousand takes longer to bind than to run.
func insertBare(b *strings.Builder, _ int) { b.WriteByte('?') }

// insertNumbered writes $1, $2 and so on, which is all that PostgreSQL knows.
func insertNumbered(b *strings.Builder, i int) {
	b.WriteByte('$')
	b.WriteString(strconv.Itoa(i))
}
