package aftersale

import (
	"database/sql"
	"slices"
	"strings"

	"usher/e2e/books"
	"usher/server/inventory"
	"usher/server/payment"
	"usher/server/ticketing"
)

// judgeMoney holds the shop's books to the provider's, and each order to what is left
// of it, to the minor unit.
func (w *town) judgeMoney(b *books.Books) {
	w.t.Helper()
	for _, wrong := range b.Wrong {
		w.t.Error(wrong)
	}
	if err := w.organiser.Sales.Check(w.t.Context()); err != nil {
		w.t.Error(err)
	}
	at, cost := b.Held()
	held, hand, sold := w.judgeSales(b)
	want := map[string]int64{"resale": -held, "payouts": -hand, "buyers": 0, "disputed": 0, "owed": 0, "at:sandbox": at, "cost:sandbox": cost}
	for ref, c := range b.Payments {
		if k := b.Known[ref]; c.State == payment.Paid && k != nil && !k.Accepted {
			want["owed"] += c.Refunded + c.Lost() - c.Amount // twice: by the shop and by the bank
		}
		w.judgePayment(b, c)
	}
	for account, amount := range want {
		if b.Balance[account] != amount {
			w.t.Errorf("the ledger has %d in %s, the books come to %d", b.Balance[account], account, amount)
		}
	}
	for ref, c := range b.Payments {
		if k := b.Known[ref]; k != nil && k.Accepted {
			sold -= c.Lost() - b.Covered[ref]
		}
	}
	for _, o := range b.Orders {
		sold += o.Paid - o.Refunded
		w.judgeOrder(b, o)
	}
	if have := -b.Balance["sales"] - b.Balance["service"] - b.Balance["tax"]; have != sold {
		w.t.Errorf("the ledger has sold for %d, the orders are of %d: %v", have, sold, b.Balance)
	}
	if sum := b.Sum(); sum != 0 {
		w.t.Errorf("all accounts sum to %d", sum)
	}
}

// judgePayment: what was paid pays its order, or went back; and no more of it.
func (w *town) judgePayment(b *books.Books, c *books.Charge) {
	o, k := b.Orders[c.Order], b.Known[c.Ref]
	switch {
	case c.Refunded > c.Amount:
		w.t.Errorf("of payment %+v more went back than it was", c)
	case c.State != payment.Paid && (c.Refunded != 0 || k != nil && k.Accepted):
		w.t.Errorf("payment %+v was not made, and counts: %+v", c, k)
	case c.State != payment.Paid:
	case k == nil || o == nil || k.Amount != c.Amount:
		w.t.Errorf("the shop says %+v of payment %+v of order %+v", k, c, o)
	case c.Refunded != b.Refunds[c.Ref]:
		w.t.Errorf("of payment %+v the shop says that %d went back", c, b.Refunds[c.Ref])
	case k.Accepted && (o.Paid != c.Amount || c.Amount != o.Total || o.Refunded+o.PaidOut != c.Refunded && c.Lost() == 0):
		w.t.Errorf("payment %+v is of order %+v", c, o)
	case !k.Accepted && c.Refunded != c.Amount && c.Lost() == 0:
		w.t.Errorf("payment %+v pays nothing, and did not go back", c)
	}
}

// judgeOrder: the good tickets of an order are worth what is left of its money.
func (w *town) judgeOrder(b *books.Books, o *books.Order) {
	var worth []int64 // of each place
	for _, item := range o.Items {
		worth = append(worth, slices.Repeat([]int64{item.Price + item.Fee}, item.Count)...)
	}
	count, sold := len(worth), w.soldOut(o.Code)
	if len(o.Tickets) > count {
		w.t.Errorf("order %s has %d tickets for %d places", o.Code, len(o.Tickets), count)
		return
	}
	good, left, fee := 0, o.Fee, o.Fee
	for n, id := range o.Tickets {
		if slices.Contains(sold, id) {
			left += worth[n] // which its buyer may get as a seller, and nothing else
			continue
		}
		switch t := b.Tickets[id]; t.State {
		case ticketing.Valid:
			good, left = good+1, left+worth[n]
		case ticketing.Cancelled:
		default:
			w.t.Errorf("order %s is %s, and its ticket %s is %s", o.Code, o.State, id.Short(), t.State)
		}
	}
	switch {
	case o.Has() && len(o.Tickets) != count || !o.Has() && len(o.Tickets) != 0:
		w.t.Errorf("order %s is %s of %d places and has %d tickets", o.Code, o.State, count, len(o.Tickets))
	case o.State.Good() && good == 0 && len(sold) > 0 && left-fee == o.Paid-o.Refunded: // all that was left of it went back, with the fee
	case o.State.Good() && left != o.Paid-o.Refunded, !o.State.Good() && good != 0:
		w.t.Errorf("order %s is %s, %d of %d went back, and %d good tickets with its fee are worth %d", o.Code, o.State, o.Refunded, o.Paid, good, left)
	}
}

// judgePlaces: the places that are taken are those of tickets that are not void, each
// seat is of one of them, and what was given back can be bought again.
func (w *town) judgePlaces(b *books.Books) {
	w.t.Helper()
	shop, err := w.organiser.Catalog.Shop(w.t.Context(), event)
	w.must(err)
	pools := map[uint32]string{}
	for _, o := range shop.Offers {
		pools[o.Product] = o.Pool
	}
	want, seats, sold := map[string]int64{}, map[string]string{}, map[string]int64{}
	for _, l := range w.listings(`where state = 'sold'`) {
		sold[l.id] = 1
	}
	for id, t := range b.Tickets {
		if t.State == ticketing.Cancelled {
			continue
		}
		want[pools[t.Product]]++
		if t.Seat != "" && seats[t.Seat] != "" {
			w.t.Errorf("seat %s is of tickets %s and %s", t.Seat, seats[t.Seat], id.Short())
		}
		if t.Seat != "" {
			seats[t.Seat] = id.Short()
		}
	}
	w.must(books.Each(w.t.Context(), w.organiser.DB, `select code, taken from pool where event = $1`, func(rows *sql.Rows) error {
		var pool string
		var taken int64
		err := rows.Scan(&pool, &taken)
		if listing, aside := strings.CutPrefix(pool, inventory.Aside); aside {
			if taken != sold[listing] {
				w.t.Errorf("of listing %s %d places are taken, and %d are sold", listing, taken, sold[listing])
			}
			return err
		}
		if taken != want[pool] {
			w.t.Errorf("of pool %s %d places are taken, and %d tickets are good", pool, taken, want[pool])
		}
		return err
	}, event))
	taken, err := books.Strings(w.t.Context(), w.organiser.DB, `select code from seat where event = $1 and holder <> '' and pool not like 'aside/%'`, event)
	w.must(err)
	if len(taken) != len(seats) {
		w.t.Errorf("%d seats count as taken, and %d are", len(taken), len(seats))
	}
}
