package cluster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/server/payment"
	"usher/server/sales"
	"usher/server/ticketing"
)

// judge holds what is left to all that has to be so.
func (w *town) judge() {
	w.t.Helper()
	b, err := w.read()
	if err != nil {
		w.t.Fatal(err)
	}
	ring, err := w.ring()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range w.rounds {
		w.judgePlaces(r)
		for _, told := range r.tales {
			b.judgeTale(w.t, told)
		}
		report, err := w.organiser.Audit(w.t.Context(), r.code, nil)
		if err != nil || !report.Sound() {
			w.t.Errorf("the journal of %s is not sound: %+v, %v", r.code, report, err)
		}
	}
	for _, c := range b.payments {
		b.judgePayment(w.t, c)
	}
	used := map[ticket.ID]string{}
	for _, o := range b.orders {
		b.judgeOrder(w.t, o)
		b.judgeTickets(w.t, o, ring, w.clock.Now().Unix(), used)
		b.judgeMail(w.t, o)
	}
	for id, k := range b.tickets {
		if used[id] == "" {
			w.t.Errorf("ticket %s of event %s is no order's: %+v", id, k.event, k)
		}
	}
	b.judgeLedger(w.t)
	if err := w.organiser.Sales.Check(w.t.Context()); err != nil {
		w.t.Error(err)
	}
	w.judgeInbox(b)
	w.judgeLogs()
}

// judgeInbox: each mail arrived that is called sent, and none that nobody queued. One may
// have arrived that is called queued still: a server, or the database, ended before that
// could be noted, and it is sent again under the same id when the lease of it is over.
func (w *town) judgeInbox(b *books) {
	var queued, sent, arrived int
	for _, list := range b.mails {
		queued += len(list)
		for _, l := range list {
			if l.state == "sent" {
				sent++
			}
		}
	}
	if err := w.db.Read().QueryRowContext(w.t.Context(), `select count(*) from inbox_mail`).Scan(&arrived); err != nil || arrived < sent || arrived > queued {
		w.t.Errorf("%d mails were queued, %d sent, and %d arrived: %v", queued, sent, arrived, err)
	}
}

// ring is the key ring by which gates verify, followed from its first.
func (w *town) ring() (*keyring.Ring, error) {
	chain, err := w.organiser.Vault.Chain(w.t.Context())
	if err != nil {
		return nil, err
	}
	last, err := keyring.Walk(chain[0], chain[1:]...)
	if err != nil {
		return nil, err
	}
	return &last.Ring, nil
}

// judgePlaces: sold is capacity exactly, and nothing is held.
func (w *town) judgePlaces(r *round) {
	m, err := look(w.t.Context(), w.db, r.code, r.pools)
	if err != nil {
		w.t.Error(err)
		return
	}
	m.check(w.t) // so that what is taken is what people have
	if open := m.unsold(); len(open) > 0 {
		w.t.Errorf("event %s is not sold out: %s", r.code, strings.Join(open, "; "))
	}
}

// judgeTale: what a buyer was told is so.
func (b *books) judgeTale(t testing.TB, told *tale) {
	if told.code == "" {
		return
	}
	o := b.byCode[told.code]
	if o == nil {
		t.Errorf("buyer %+v was shown an order that isn't there", told)
		return
	}
	wrong := func(what string) {
		t.Errorf("%s: buyer %d (%s) was last told %q and order %s is %s", what, told.number, told.manner, told.last, o.code, o.state)
	}
	ever := b.payment(o)
	switch {
	case o.email != "" && o.email != told.email:
		wrong("somebody else's order")
	case told.told["paid"] && !has(o):
		wrong("said to be paid")
	case told.last == "blocked" && ever == nil:
		wrong("blocked without a payment")
	case (told.last == "over" || told.last == "left") && has(o) && ever == nil:
		wrong("said to be over")
	case told.last == "left" && ever == nil && o.state != sales.Left:
		wrong("said to be given up")
	}
}

// payment gives a payment of an order that the provider has taken.
func (b *books) payment(o *order) *charge {
	for _, c := range b.payments {
		if c.order == o.id && c.state == payment.Paid {
			return c
		}
	}
	return nil
}

// has says whether an order has, or had, its tickets for what it costs.
func has(o *order) bool {
	return o.state.Good() || o.state == sales.ChargedBack || o.paid > 0 && (o.state == sales.Refunded || o.state == sales.Cancelled)
}

// judgePayment: each payment has its paid order, or went back; what was not paid is
// nobody's money.
func (b *books) judgePayment(t testing.TB, c *charge) {
	o, k := b.orders[c.order], b.known[c.ref]
	wrong := func(what string) { t.Errorf("%s: payment %+v, the shop says %+v of order %+v", what, c, k, o) }
	if o == nil {
		wrong("no order")
		return
	}
	if c.state != payment.Paid {
		if k != nil && (k.accepted || k.state == string(payment.Paid)) || c.refunded != 0 {
			wrong("not paid, and counted")
		}
		return
	}
	switch {
	case k == nil || k.state != string(payment.Paid) || k.order != c.order || k.amount != c.amount:
		wrong("paid, and the shop knows it otherwise")
	case k.accepted && (!has(o) || o.paid != c.amount || c.amount != o.total):
		wrong("accepted, without a paid order of that amount")
	case k.accepted && c.refunded != o.refunded:
		wrong("accepted, and other money given back than the order's")
	case k.accepted && (o.state == sales.ChargedBack) != (c.lost() > 0):
		wrong("a dispute ended otherwise")
	case !k.accepted && c.refunded != c.amount && c.lost() == 0:
		wrong("not accepted, and not given back")
	case c.refunded != b.refunds[c.ref]:
		wrong("the shop counts other refunds")
	}
}

// judgeOrder: an order is of what it is of, at its price, paid by one payment if at
// all, and settled.
func (b *books) judgeOrder(t testing.TB, o *order) {
	sum := o.fee
	for _, item := range o.items {
		sum += int64(item.Count) * (item.Price + item.Fee)
	}
	accepted, due := 0, 1
	if o.total == 0 {
		due = 0
	}
	for _, k := range b.known {
		if k.order == o.id && k.accepted {
			accepted++
		}
	}
	switch {
	case sum != o.total:
		t.Errorf("order %s is of %d and costs %d", o.code, sum, o.total)
	case has(o) && (accepted != due || o.paid != o.total):
		t.Errorf("order %s is %s, with %d payments accepted and %d of %d paid", o.code, o.state, accepted, o.paid, o.total)
	case !has(o) && (accepted != 0 || o.paid != 0):
		t.Errorf("order %s is %s, with %d payments accepted and %d paid", o.code, o.state, accepted, o.paid)
	case !has(o) && !slices.Contains([]sales.State{sales.Expired, sales.Left, sales.Refunded}, o.state):
		t.Errorf("order %s is %s for ever", o.code, o.state)
	}
}

// judgeTickets: a paid order has a ticket for each of its places, which is its alone
// and signed. Those are good whose money was not taken back, and they are worth what is
// left of it. Any other order has none.
func (b *books) judgeTickets(t testing.TB, o *order, ring *keyring.Ring, now int64, used map[ticket.ID]string) {
	var want, have []string
	worth := map[uint32]int64{}
	for _, item := range o.items {
		worth[item.Product] = item.Price + item.Fee
		for n := range item.Count {
			seat := ""
			if n < len(item.Seats) {
				seat = item.Seats[n]
			}
			if has(o) {
				want = append(want, fmt.Sprint(item.Product, seat))
			}
		}
	}
	good, left := 0, o.fee
	for _, id := range o.tickets {
		k, there := b.tickets[id]
		genuine, err := ticket.Judge(k.token, ticket.Context{Keys: ring, Event: o.event, Now: now, InRoster: func(ticket.ID) bool { return true }})
		switch {
		case !there || used[id] != "":
			t.Errorf("order %s: ticket %s is not there, or order %s's too", o.code, id, used[id])
			continue
		case err != nil:
			t.Errorf("order %s: ticket %s doesn't verify: %v", o.code, id, err)
			continue
		case genuine.ID != id || genuine.Event != o.event || genuine.Product != k.product || genuine.Seat != k.seat:
			t.Errorf("order %s: ticket %s says something else: %+v", o.code, id, genuine.Claims)
		case k.state != ticketing.Valid && k.state != ticketing.Cancelled || k.unpaid || k.event != o.event || k.order != o.code:
			t.Errorf("order %s is %s, and its ticket is %+v", o.code, o.state, k)
		}
		used[id] = o.code
		have = append(have, fmt.Sprint(k.product, k.seat))
		if k.state == ticketing.Valid {
			good, left = good+1, left+worth[k.product]
		}
	}
	switch {
	case !slices.Equal(want, have):
		t.Errorf("order %s is %s with places %v, and has tickets %v", o.code, o.state, want, have)
	case o.state.Good() && (good == 0 || left != o.paid-o.refunded) || !o.state.Good() && good != 0:
		t.Errorf("order %s is %s, %d of %d went back, and %d good tickets with its fee are worth %d", o.code, o.state, o.refunded, o.paid, good, left)
	}
}

// judgeMail: who has tickets got one mail with them, who got money back one that says
// so, and nobody any other.
func (b *books) judgeMail(t testing.TB, o *order) {
	count := map[string]int{}
	for _, l := range b.mails[o.id] {
		count[l.kind]++
		if l.address != o.email || l.state == "failed" {
			t.Errorf("order %s of %s has mail %+v", o.code, o.email, l)
		}
	}
	returned, paid := 0, 0
	if has(o) {
		paid = 1
	}
	for ref, k := range b.known {
		if c := b.payments[ref]; k.order == o.id && c != nil && c.state == payment.Paid && !k.accepted {
			returned++
		}
	}
	cancelled := 0
	if o.state == sales.Cancelled {
		cancelled = 1
	}
	want := map[string]int{"tickets": paid, "returned": returned, "refund": b.asked[o.id], "cancelled": cancelled}
	maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
	if !maps.Equal(count, want) {
		t.Errorf("order %s is %s, should have mail %v, and has %+v", o.code, o.state, want, b.mails[o.id])
	}
}

// judgeLedger: every account is what the provider's books and the orders come to.
func (b *books) judgeLedger(t testing.TB) {
	want := map[string]int64{"buyers": 0, "disputed": 0, "owed": 0, "at:sandbox": 0, "cost:sandbox": 0}
	for ref, c := range b.payments {
		if c.state != payment.Paid {
			continue
		}
		want["at:sandbox"] += c.amount - c.fee() - c.refunded - c.lost()
		want["cost:sandbox"] += c.fee()
		if k := b.known[ref]; k != nil && !k.accepted {
			want["owed"] += c.refunded + c.lost() - c.amount // twice: by the shop and by the bank
		}
	}
	var sold, sum int64
	for _, o := range b.orders {
		if o.state != sales.ChargedBack {
			sold += o.paid - o.refunded
		}
	}
	for account, amount := range want {
		if b.balance[account] != amount {
			t.Errorf("the ledger has %d in %s, the books come to %d", b.balance[account], account, amount)
		}
	}
	if have := -b.balance["sales"] - b.balance["service"] - b.balance["tax"]; have != sold {
		t.Errorf("the ledger has sold for %d, the orders are of %d", have, sold)
	}
	for _, amount := range b.balance {
		sum += amount
	}
	if sum != 0 {
		t.Errorf("all accounts sum to %d", sum)
	}
}

// judgeLogs: no server says that something is beyond it.
func (w *town) judgeLogs() {
	var all []error
	for _, s := range w.instances {
		for _, log := range s.Logs() {
			for line := range strings.Lines(log.String()) {
				if strings.Contains(line, "panic") || strings.Contains(line, "disorder") || strings.Contains(line, "damaged") {
					all = append(all, errors.New(strings.TrimSpace(line)))
				}
			}
		}
	}
	if err := errors.Join(all...); err != nil {
		w.t.Errorf("in the servers' logs: %v", err)
	}
}
