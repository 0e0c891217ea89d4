package sqldb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"usher/migrations/sqldb"
)

func insertItems(t *testing.T, db *sqldb.DB, columns []string, rows [][]any) error {
	t.Helper()
	return db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		return sqldb.InsertRows(ctx, tx, "item", columns, rows)
	})
}

func itemRows(n int) (rows [][]any, want []int) {
	for i := range n {
		rows, want = append(rows, []any{i, fmt.Sprint("text ", i)}), append(want, i)
	}
	return rows, want
}

func TestInsertRows(t *testing.T) {
	for _, n := range []int{0, 1, 2, sqldb.MaxRows - 1, sqldb.MaxRows, sqldb.MaxRows + 1, 3*sqldb.MaxRows + 7} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			onEach(t, func(t *testing.T, db *sqldb.DB) {
				rows, want := itemRows(n)
				if err := insertItems(t, db, []string{"n", "text"}, rows); err != nil {
					t.Fatal(err)
				}
				wantItems(t, db, want...)
				if wrong := text(t, db.Read(), `select count(*) from item where text <> 'text ' || n`); wrong != "0" {
					t.Errorf("%s values in the wrong place", wrong)
				}
			})
		})
	}
}

func TestInsertRowsRefuses(t *testing.T) {
	good := func() [][]any { rows, _ := itemRows(2*sqldb.MaxRows + 10); return rows }
	last := len(good()) - 1
	short, long, twice := good(), good(), good()
	short[last], long[last], twice[last] = short[last][:1], append(long[last], 1), twice[0]
	for _, c := range []struct {
		name    string
		columns []string
		rows    [][]any
		want    string
	}{
		{"no columns", nil, good(), "0 columns"},
		{"more columns than placeholders", make([]string, 40000), good(), "40000 columns"},
		{"a value too few", []string{"n", "text"}, short, fmt.Sprintf("row %d has 1 values for 2 columns", last)},
		{"a value too many", []string{"n", "text"}, long, fmt.Sprintf("row %d has 3 values for 2 columns", last)},
		{"a row twice", []string{"n", "text"}, twice, "insert 2 rows into item"},
		{"no such column", []string{"n", "words"}, good(), fmt.Sprintf("insert %d rows into item", sqldb.MaxRows)},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, db *sqldb.DB) {
				err := insertItems(t, db, c.columns, c.rows)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want it to say %q", err, c.want)
				}
				if unique := c.name == "a row twice"; sqldb.IsUnique(err) != unique {
					t.Errorf("IsUnique is %v for %v", !unique, err)
				}
				wantItems(t, db)
			})
		})
	}
}

// Lists of every length take so few different statements that each stays prepared.
func TestInsertRowsKeepsFewStatements(t *testing.T) {
	db := openItems(t, newPath(t), sqldb.Options{})
	before := sqldb.Kept(db)
	first := 0
	for n := range 2 * sqldb.MaxRows {
		rows, _ := itemRows(n)
		for _, row := range rows {
			row[0] = first
			first++
		}
		if err := insertItems(t, db, []string{"n", "text"}, rows); err != nil {
			t.Fatal(err)
		}
	}
	if more := sqldb.Kept(db) - before; more > 10 {
		t.Errorf("%d statements more are kept", more)
	}
}
