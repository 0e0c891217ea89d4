package sales_test

import (
	"fmt"
	"strings"
	"testing"

	"usher/migrations/sqldb"
	"usher/server/sales"
)

// multiply makes so many orders like one, with buyers of a thousand names.
func (w *world) multiply(t testing.TB, o sales.Order, n int) {
	t.Helper()
	const columns = `event, state, rev, asked, currency, total, paid, refunded, paid_out, cart, details, name, email, until, over_at, extended, method, attempt, ref, url, tickets`
	numbers := fmt.Sprintf(`with recursive numbered(n) as (select 1 union all select n + 1 from numbered where n < %d)`, n)
	for _, statement := range []string{
		`insert into sale_order (id, code, ` + columns + `, made_at, changed_at, paid_at) ` + numbers + `
			select 'copy' || n, 'C' || n, ` + columns + `, made_at - n, changed_at, paid_at from numbered, sale_order where id = '` + o.ID + `'`,
		`insert into sale_word (word, made_at, order_id) ` + numbers + `
			select 'name' || (n % 1000), made_at - n, 'copy' || n from numbered, sale_order where id = '` + o.ID + `'`,
		`analyze`,
	} {
		if err := w.DB.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// What a search costs doesn't grow with the orders that there are: no statement of it
// reads a whole table or sorts what it doesn't show.
func TestFindIsFlat(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.multiply(t, w.called(t, "Ada", "ada@example.org"), 20_000)
		how, bad := `explain `, []string{"Seq Scan", "Sort"}
		if w.DB.Engine() == sqldb.SQLite {
			how, bad = `explain query plan `, []string{"SCAN sale_order\n", "SCAN sale_word\n", "TEMP B-TREE"}
		}
		for query, args := range sales.Queries(event) {
			plan := w.plan(t, how+query, args)
			for _, b := range bad {
				if strings.Contains(plan, b) {
					t.Errorf("%s\nis done so:\n%s", query, plan)
				}
			}
		}
		if got := w.finds(t, sales.Search{Text: "name7", Event: event, Limit: 200}); len(got) != 200 {
			t.Errorf("%d orders are found", len(got))
		}
	})
}

func (w *world) plan(t *testing.T, query string, args []any) string {
	t.Helper()
	rows, err := w.DB.Read().QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for rows.Next() {
		cells := make([]any, len(names))
		for i := range cells {
			cells[i] = new(string)
		}
		if err := rows.Scan(cells...); err != nil {
			t.Fatal(err)
		}
		out.WriteString(*cells[len(cells)-1].(*string) + "\n") // of both engines the last column says how
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
