package sqldb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

const (
	// maxVariables is the most placeholders that a statement may have on every
	// engine (SQLite: https://www.sqlite.org/limits.html#max_variable_number).
	maxVariables = 32766
	// maxRows is the most rows that are inserted by one statement; more of them
	// are no faster.
	maxRows = 100
)

// InsertRows inserts rows of values for the columns of a table, many to a
// statement. Table and columns are names in our own SQL, never from outside.
// All or none are inserted only inside a transaction.
func InsertRows(ctx context.Context, q Queryer, table string, columns []string, rows [][]any) error {
	if len(columns) == 0 || len(columns) > maxVariables {
		return fmt.Errorf("insert into %s: %d columns", table, len(columns))
	}
	chunk := min(maxRows, maxVariables/len(columns))
	for first := 0; len(rows) > 0; first += chunk {
		n := min(chunk, len(rows))
		args := make([]any, 0, n*len(columns))
		for i, row := range rows[:n] {
			if len(row) != len(columns) {
				return fmt.Errorf("insert into %s: row %d has %d values for %d columns", table, first+i, len(row), len(columns))
			}
			args = append(args, row...)
		}
		if _, err := q.ExecContext(ctx, insertText(table, columns, n), args...); err != nil {
			return fmt.Errorf("insert %d rows into %s: %w", n, table, err)
		}
		rows = rows[n:]
	}
	return nil
}

// insertText writes insert into table (columns) values ($1, $2), ($3, $4) and so
// on, for n rows.
func insertText(table string, columns []string, n int) string {
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
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	b.WriteString(")")
	return b.String()
}
