package dbtest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
)

// witness is a test that notes what it is blamed for.
type witness struct {
	testing.TB
	blamed []string
}

func (w *witness) Errorf(format string, args ...any) {
	w.blamed = append(w.blamed, fmt.Sprintf(format, args...))
}

func TestUnchanged(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		write := func(query string, args ...any) {
			t.Helper()
			err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
				_, err := tx.ExecContext(ctx, query, args...)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		insert := func(event string) {
			write(`insert into event (code, rev, content, terms, standing, created_at, updated_at) values ($1, 1, $2, '', '', 5, 5)`, event, []byte{0xab})
		}
		insert("A")
		if lines := dbtest.Dump(t, db); !slices.Contains(lines, "event code=A rev=1 content=x'ab' terms= standing= created_at=5 updated_at=5") {
			t.Errorf("the dump is %q", lines)
		}
		for _, c := range []struct {
			name string
			do   func()
			want []string
		}{
			{"nothing", func() {}, nil},
			{"there and back", func() { insert("B"); write(`delete from event where code = 'B'`) }, nil},
			{"a new row", func() { insert("B") }, []string{"got: event code=B"}},
			{"another value", func() { write(`update event set content = $1 where code = 'A'`, []byte{0xac}) },
				[]string{"lost: event code=A rev=1 content=x'ab'", "got: event code=A rev=1 content=x'ac'"}},
			{"a row less", func() { write(`delete from event where code = 'B'`) }, []string{"lost: event code=B"}},
		} {
			w := &witness{TB: t}
			dbtest.Unchanged(w, db, c.do)
			if !slices.EqualFunc(w.blamed, c.want, strings.Contains) {
				t.Errorf("%s: blamed for %q, want %q", c.name, w.blamed, c.want)
			}
		}
	})
}
