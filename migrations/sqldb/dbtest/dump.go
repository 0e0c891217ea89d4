package dbtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"usher/migrations/sqldb"
)

// tablesOf asks an engine for the names of its tables.
var tablesOf = map[sqldb.Engine]string{
	sqldb.SQLite:   `select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`,
	sqldb.Postgres: `select tablename from pg_tables where schemaname = current_schema()`,
}

// Dump gives every row of every table as a line, in an order of its own: two
// databases that hold the same give the same lines.
func Dump(t testing.TB, db *sqldb.DB) []string {
	t.Helper()
	names := column(t, db, tablesOf[db.Engine()])
	var lines []string
	for _, name := range names {
		lines = append(lines, table(t, db, name)...)
	}
	slices.Sort(lines)
	return lines
}

// Unchanged runs do, and fails if the database holds anything else after it.
func Unchanged(t testing.TB, db *sqldb.DB, do func()) {
	t.Helper()
	before := Dump(t, db)
	do()
	after := Dump(t, db)
	if slices.Equal(before, after) {
		return
	}
	for _, line := range without(before, after) {
		t.Errorf("the database lost: %.300s", line)
	}
	for _, line := range without(after, before) {
		t.Errorf("the database got: %.300s", line)
	}
}

// without lists what is in list and not in other, both sorted.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(line string) bool {
		_, there := slices.BinarySearch(other, line)
		return there
	})
}

func column(t testing.TB, db *sqldb.DB, query string) (values []string) {
	t.Helper()
	rows, err := db.Read().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}

func table(t testing.TB, db *sqldb.DB, name string) (lines []string) {
	t.Helper()
	rows, err := db.Read().QueryContext(t.Context(), `select * from "`+name+`"`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	for err == nil && rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err = rows.Scan(into...); err != nil {
			break
		}
		var line strings.Builder
		line.WriteString(name)
		for i, v := range values {
			if b, ok := v.([]byte); ok {
				v = fmt.Sprintf("x'%x'", b)
			}
			fmt.Fprintf(&line, " %s=%v", columns[i], v)
		}
		lines = append(lines, line.String())
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		t.Fatalf("dumping table %s: %v", name, err)
	}
	return lines
}
