package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/server/inventory"
	"usher/server/sales"
)

// perOrder is how many tickets each order has that a benchmark finds sold.
const perOrder = 4

// perName is how many orders have buyers of one name.
const perName = 100

// soldOut is a shop that has sold so many tickets, with one order that was bought as
// people do.
type soldOut struct {
	*stall
	handler http.Handler
	sold    int
}

// sellMany sells tickets by copying an order that was paid, with all that it left but
// the signed journal, which no page reads.
func sellMany(b *testing.B, cfg server.Config, tickets int) *soldOut {
	b.Helper()
	s := newStall(b, cfg)
	found, err := s.Sales.Find(b.Context(), sales.Search{State: sales.Paid})
	if err != nil || len(found) != 1 {
		b.Fatalf("%d orders are paid, %v", len(found), err)
	}
	id := found[0].ID
	numbers := func(n int) string {
		return fmt.Sprintf(` with recursive numbered(n) as (select 1 union all select n + 1 from numbered where n < %d) `, n)
	}
	const order = `event, state, rev, asked, currency, total, paid, refunded, paid_out, cart, details, name, email, until, over_at, extended, method, attempt, ref, url, tickets`
	orders, piece := tickets/perOrder, s.pieces(b)
	for _, statement := range []string{
		`insert into hold (id, event, owner, lines, until, extended, state, made_at, changed_at)` + numbers(orders) +
			`select 'copy' || n, event, 'owner' || n, lines, until, extended, state, made_at, changed_at from numbered, hold where id = '` + id + `'`,
		`insert into sale_order (id, code, ` + order + `, made_at, changed_at, paid_at)` + numbers(orders) +
			`select 'copy' || n, 'C' || n, ` + order + `, made_at - n, changed_at, paid_at from numbered, sale_order where id = '` + id + `'`,
		`insert into sale_word (word, made_at, order_id)` + numbers(orders) +
			fmt.Sprintf(`select w.word || (100000 + n %% %d), s.made_at - n, 'copy' || n from numbered, sale_order s, sale_word w where s.id = '%s' and w.order_id = s.id`, orders/perName, id),
		`insert into order_event (order_id, rev, number, at, kind, who, text)` + numbers(orders) +
			`select 'copy' || n, rev, number, at, kind, who, text from numbered, order_event where order_id = '` + id + `'`,
		`insert into mail (id, kind, about, detail, address, state, tries, queued_at, due_at, done_at, problem)` + numbers(orders) +
			`select 'copy' || n, kind, 'copy' || n, detail, address, 'sent', 1, queued_at, due_at, queued_at, problem from numbered, mail where about = '` + id + `'`,
		`insert into ticket (id, external_id, ` + piece + `)` + numbers(tickets) +
			`select (2000000000000000 + n) || '', 'C' || n, ` + piece + ` from numbered, ticket where id = '` + found[0].Tickets[0].String() + `'`,
		fmt.Sprintf(`update pool set capacity = 10000000, taken = taken + %d where event = 'SHOP-1' and code = 'hall'`, tickets),
		`analyze`,
	} {
		if err := s.DB.Exec(b.Context(), statement); err != nil {
			b.Fatalf("%.60s: %v", statement, err)
		}
	}
	handler, end, err := s.Handler(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(end)
	return &soldOut{stall: s, handler: handler, sold: tickets}
}

// pieces are the columns of a ticket but its id and its name, as the schema has them.
func (s *stall) pieces(b *testing.B) string {
	b.Helper()
	rows, err := s.DB.Read().QueryContext(b.Context(), `select * from ticket where 1 = 0`)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err := errors.Join(err, rows.Err()); err != nil {
		b.Fatal(err)
	}
	return strings.Join(slices.DeleteFunc(names, func(n string) bool { return n == "id" || n == "external_id" }), ", ")
}

// page asks for a page, without a network between.
func (s *soldOut) page(path, want string) error {
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+s.key)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
		return fmt.Errorf("%s: status %d lacks %q: %.300s", path, w.Code, want, w.Body)
	}
	return nil
}

// ways are what a benchmark does to a shop, by its name.
func (s *soldOut) ways(ctx context.Context) map[string]func(n int) error {
	return map[string]func(int) error{
		"hold": func(n int) error {
			_, err := s.Stock.Hold(ctx, inventory.Request{
				ID: fmt.Sprintf("bench%d", n), Event: "SHOP-1", Lines: []inventory.Line{{Pool: "hall", Count: 1}}, Until: s.clock.Now().Add(time.Minute), Owner: fmt.Sprint(n),
			})
			return err
		},
		"release": func(n int) error { return s.Stock.Release(ctx, fmt.Sprintf("bench%d", n)) },
		"event":   func(int) error { return s.page("/events/SHOP-1", "Quay") },
		"left":    func(int) error { s.clock.Pass(time.Second); return s.page("/events/SHOP-1/left", `"ga":"plenty"`) },
		"order":   func(int) error { return s.page(s.paid, "Your tickets are ready") },
		"story":   func(int) error { return s.page("/manage/orders/"+s.code, s.code) },
		"list":    func(int) error { return s.page("/manage/orders", s.code) },
		"state":   func(int) error { return s.page("/manage/orders?state=paid", s.code) },
		"name":    func(n int) error { return s.page(fmt.Sprintf("/manage/orders?text=ada%d", 100_000+n%2), "Ada L") },
		"email":   func(int) error { return s.page("/manage/orders?text=ada@example.org100001", "Ada L") },
		"common":  func(int) error { return s.page("/manage/orders?text=ada", "Ada L") }, // fits every order
		"code":    func(int) error { return s.page("/manage/orders?text="+s.code, s.code) },
		"events":  func(int) error { return s.page("/manage", "SHOP-1") },
	}
}

// BenchmarkFlat is what buyers and the organiser do at an event with a million tickets
// sold, beside one with a thousand: the median of each, taking turns, and the ratio.
func BenchmarkFlat(b *testing.B) {
	for _, engine := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			var shops []*soldOut
			for _, sold := range []int{1_000, 1_000_000} {
				cfg := server.Config{}
				if engine == sqldb.Postgres {
					cfg.Database = dbtest.PostgresURL(b, migrations.Server)
				}
				shops = append(shops, sellMany(b, cfg, sold))
			}
			for b.Loop() {
				few, many := shops[0].ways(b.Context()), shops[1].ways(b.Context())
				for _, name := range []string{"hold", "release", "event", "left", "order", "story", "list", "state", "name", "email", "common", "code", "events"} {
					beside(b, name, few[name], many[name])
				}
			}
		})
	}
}

// beside does two things in turn, and reports the median of each.
func beside(b *testing.B, name string, few, many func(int) error) {
	b.Helper()
	const turns, warm = 300, 20
	var took [2][]time.Duration
	for n := range turns {
		for i, do := range []func(int) error{few, many} {
			began := time.Now()
			if err := do(n); err != nil {
				b.Fatalf("%s: %v", name, err)
			}
			if n >= warm {
				took[i] = append(took[i], time.Since(began))
			}
		}
	}
	for i := range took {
		slices.Sort(took[i])
	}
	median := func(i int) float64 { return float64(took[i][len(took[i])/2].Nanoseconds()) / 1000 }
	b.ReportMetric(median(1), name+"-µs")
	b.ReportMetric(median(1)/median(0), "x-"+name)
}
