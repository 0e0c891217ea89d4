// Package callofftest makes events with many orders, for tests of calling them off.
package callofftest

import (
	"fmt"
	"strings"
	"testing"

	"usher/migrations/sqldb"
	"usher/server/sales"
)

// Multiply makes so many more of an order of one ticket that was paid at the sandbox:
// each with a payment and a ticket of its own, and its place taken. Only the signed
// journal hasn't heard of them.
func Multiply(t testing.TB, db *sqldb.DB, o sales.Order, n int) {
	t.Helper()
	var ref string
	if err := db.Read().QueryRowContext(t.Context(), `select ref from order_payment where order_id = $1 and accepted = 1`, o.ID).Scan(&ref); err != nil {
		t.Fatal(err)
	}
	const copied, ticket = `'copy' || n`, `(2000000000000000 + n) || ''`
	for _, c := range []struct {
		table, where string
		as           map[string]string // what is another in each copy
	}{
		{"sale_order", "id = '" + o.ID + "'", map[string]string{"id": copied, "code": `'C' || n`, "tickets": `'["' || (2000000000000000 + n) || '"]'`, "made_at": "made_at + n"}},
		{"order_payment", "ref = '" + ref + "'", map[string]string{"ref": copied, "order_id": copied, "look_at": "0"}},
		{"sandbox_payment", "ref = '" + ref + "'", map[string]string{"ref": copied, "start_key": copied}},
		{"ledger", "order_id = '" + o.ID + "'", map[string]string{"order_id": copied}},
		{"ticket", "id = '" + o.Tickets[0].String() + "'", map[string]string{"id": ticket, "external_id": `'C' || n`, "order_code": `'C' || n`}},
	} {
		into, from := columns(t, db, c.table, c.as)
		exec(t, db, fmt.Sprintf(`insert into %s (%s) with recursive numbered(n) as (select 1 union all select n + 1 from numbered where n < %d)
			select %s from numbered, %s where %s`, c.table, into, n, from, c.table, c.where))
	}
	exec(t, db, fmt.Sprintf(`update pool set taken = taken + %d where event = '%s' and code = '%s'`, n, o.Event, o.Items[0].Pool))
	exec(t, db, `analyze`)
}

// columns lists a table's columns, and what each copy has in them.
func columns(t testing.TB, db *sqldb.DB, table string, as map[string]string) (into, from string) {
	t.Helper()
	rows, err := db.Read().QueryContext(t.Context(), `select * from `+table+` where 1 = 0`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	values := make([]string, len(names))
	for i, name := range names {
		if values[i] = name; as[name] != "" {
			values[i] = as[name]
		}
	}
	return strings.Join(names, ", "), strings.Join(values, ", ")
}

func exec(t testing.TB, db *sqldb.DB, statement string) {
	t.Helper()
	if err := db.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%.60s: %v", statement, err)
	}
}
