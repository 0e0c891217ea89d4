package dbtest

import (
	"testing"

	"usher/migrations/sqldb"
)

// Refuse makes every insert into a table and every change of it fail for the rows that
// meet a condition on new, until the test ends: `new.kind = 23`.
func Refuse(t testing.TB, db *sqldb.DB, table, condition string) {
	t.Helper()
	run := func(query string) {
		t.Helper()
		if _, err := db.SQL().ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	if db.Engine() == sqldb.SQLite {
		for _, act := range []string{"insert", "update"} {
			run(`create trigger refused_` + act + ` before ` + act + ` on ` + table + ` when ` + condition + ` begin select raise(abort, 'refused by the test'); end`)
		}
		return
	}
	run(`create function refuse() returns trigger as 'begin raise exception ''refused by the test''; end' language plpgsql`)
	run(`create trigger refused before insert or update on ` + table + ` for each row when (` + condition + `) execute function refuse()`)
	admin := db.SQL()
	t.Cleanup(func() { // the schema is used again
		if _, err := admin.Exec(`drop function refuse() cascade`); err != nil {
			t.Error(err)
		}
	})
}
