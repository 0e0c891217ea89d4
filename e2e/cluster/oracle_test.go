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
	"usher/e2e/books"
	"usher/server/catalog"
	"usher/server/payment"
	"usher/server/sales"
	"usher/server/ticketing"
)

// ledgers are all books in the end.
type ledgers struct{ *books.Books }

// judge holds what is left to all that has to be so.
func (w *town) judge() {
	w.t.Helper()
	read, err := books.Read(w.t.Context(), w.db)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, wrong := range read.Wrong {
		w.t.Error(wrong)
	}
	b := &ledgers{read}
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
	for _, c := range b.Payments {
		b.judgePayment(w.t, c)
	}
	for ref, k := range b.Hand {
		b.judgeHand(w.t, ref, k)
	}
	used := map[ticket.ID]string{}
	for _, o := range b.Orders {
		b.judgeOrder(w.t, o)
		b.judgeTickets(w.t, o, ring, w.clock.Now().Unix(), used)
		b.judgeMail(w.t, o)
	}
	for id, k := range b.Tickets {
		if used[id] == "" {
			w.t.Errorf("ticket %s of event %s is no order's: %+v", id, k.Event, k)
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
func (w *town) judgeInbox(b *ledgers) {
	var queued, sent, arrived int
	for _, list := range b.Mails {
		queued += len(list)
		for _, l := range list {
			if l.State == "sent" {
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
func (b *ledgers) judgeTale(t testing.TB, told *tale) {
	if told.code == "" {
		return
	}
	o := b.ByCode[told.code]
	if o == nil {
		t.Errorf("buyer %+v was shown an order that isn't there", told)
		return
	}
	wrong := func(what string) {
		t.Errorf("%s: buyer %d (%s) was last told %q and order %s is %s", what, told.number, told.manner, told.last, o.Code, o.State)
	}
	ever := b.payment(o)
	switch {
	case o.Email != "" && o.Email != told.email:
		wrong("somebody else's order")
	case told.told["paid"] && !o.Has():
		wrong("said to be paid")
	case told.last == "blocked" && ever == nil:
		wrong("blocked without a payment")
	case (told.last == "over" || told.last == "left") && o.Has() && ever == nil:
		wrong("said to be over")
	case told.last == "left" && ever == nil && o.State != sales.Left:
		wrong("said to be given up")
	}
}

// payment gives a payment of an order that the provider has taken.
func (b *ledgers) payment(o *books.Order) *books.Charge {
	for _, c := range b.Payments {
		if c.Order == o.ID && c.State == payment.Paid {
			return c
		}
	}
	return nil
}

// judgePayment: each payment has its paid order, or went back; what was not paid is
// nobody's money.
func (b *ledgers) judgePayment(t testing.TB, c *books.Charge) {
	o, k := b.Orders[c.Order], b.Known[c.Ref]
	wrong := func(what string) { t.Errorf("%s: payment %+v, the shop says %+v of order %+v", what, c, k, o) }
	if o == nil {
		wrong("no order")
		return
	}
	if c.State != payment.Paid {
		if k != nil && (k.Accepted || k.State == string(payment.Paid)) || c.Refunded != 0 {
			wrong("not paid, and counted")
		}
		return
	}
	switch {
	case k == nil || k.State != string(payment.Paid) || k.Order != c.Order || k.Amount != c.Amount:
		wrong("paid, and the shop knows it otherwise")
	case k.Accepted && (!o.Has() || o.Paid != c.Amount || c.Amount != o.Total):
		wrong("accepted, without a paid order of that amount")
	case k.Accepted && c.Refunded != o.Refunded:
		wrong("accepted, and other money given back than the order's")
	case k.Accepted && (o.State == sales.ChargedBack) != (c.Lost() > 0):
		wrong("a dispute ended otherwise")
	case !k.Accepted && c.Refunded != c.Amount && c.Lost() == 0:
		wrong("not accepted, and not given back")
	case c.Refunded != b.Refunds[c.Ref]:
		wrong("the shop counts other refunds")
	}
}

// judgeHand: money by transfer or in cash was said once for an order that awaited it,
// and has paid it.
func (b *ledgers) judgeHand(t testing.TB, ref string, k *books.Known) {
	o := b.Orders[k.Order]
	if o == nil || ref != k.Via+" slip "+o.Code || !k.Accepted || !o.Has() || !byHand(o) || o.Paid != k.Amount || k.Amount != o.Total {
		t.Errorf("payment %s is %+v, of order %+v", ref, k, o)
	}
}

// byHand says whether an order was to be paid by transfer or in cash.
func byHand(o *books.Order) bool {
	return o.Total > 0 && (o.Method == catalog.MethodInvoice || o.Method == catalog.MethodBoxOffice)
}

// judgeOrder: an order is of what it is of, at its price, paid by one payment if at
// all, and settled.
func (b *ledgers) judgeOrder(t testing.TB, o *books.Order) {
	sum := o.Fee
	for _, item := range o.Items {
		sum += int64(item.Count) * (item.Price + item.Fee)
	}
	accepted, due := 0, 1
	if o.Total == 0 {
		due = 0
	}
	for _, list := range []map[string]*books.Known{b.Known, b.Hand} {
		for _, k := range list {
			if k.Order == o.ID && k.Accepted {
				accepted++
			}
		}
	}
	switch {
	case !o.Has() && byHand(o) && o.State == sales.Cancelled && accepted == 0 && o.Paid == 0: // by the organiser, before it was paid
	case sum != o.Total:
		t.Errorf("order %s is of %d and costs %d", o.Code, sum, o.Total)
	case o.Has() && (accepted != due || o.Paid != o.Total):
		t.Errorf("order %s is %s, with %d payments accepted and %d of %d paid", o.Code, o.State, accepted, o.Paid, o.Total)
	case !o.Has() && (accepted != 0 || o.Paid != 0):
		t.Errorf("order %s is %s, with %d payments accepted and %d paid", o.Code, o.State, accepted, o.Paid)
	case !o.Has() && !slices.Contains([]sales.State{sales.Expired, sales.Left, sales.Refunded}, o.State):
		t.Errorf("order %s is %s for ever", o.Code, o.State)
	}
}

// judgeTickets: a paid order has a ticket for each of its places, which is its alone
// and signed. Those are good whose money was not taken back, and they are worth what is
// left of it. Any other order has none.
func (b *ledgers) judgeTickets(t testing.TB, o *books.Order, ring *keyring.Ring, now int64, used map[ticket.ID]string) {
	var want, have []string
	worth := map[uint32]int64{}
	for _, item := range o.Items {
		worth[item.Product] = item.Price + item.Fee
		for n := range item.Count {
			seat := ""
			if n < len(item.Seats) {
				seat = item.Seats[n]
			}
			if o.Has() {
				want = append(want, fmt.Sprint(item.Product, seat))
			}
		}
	}
	good, left := 0, o.Fee
	for _, id := range o.Tickets {
		k, there := b.Tickets[id]
		genuine, err := ticket.Judge(k.Token, ticket.Context{Keys: ring, Event: o.Event, Now: now, InRoster: func(ticket.ID) bool { return true }})
		switch {
		case !there || used[id] != "":
			t.Errorf("order %s: ticket %s is not there, or order %s's too", o.Code, id, used[id])
			continue
		case err != nil:
			t.Errorf("order %s: ticket %s doesn't verify: %v", o.Code, id, err)
			continue
		case genuine.ID != id || genuine.Event != o.Event || genuine.Product != k.Product || genuine.Seat != k.Seat:
			t.Errorf("order %s: ticket %s says something else: %+v", o.Code, id, genuine.Claims)
		case k.State != ticketing.Valid && k.State != ticketing.Cancelled || k.Unpaid || k.Event != o.Event || k.Order != o.Code:
			t.Errorf("order %s is %s, and its ticket is %+v", o.Code, o.State, k)
		}
		used[id] = o.Code
		have = append(have, fmt.Sprint(k.Product, k.Seat))
		if k.State == ticketing.Valid {
			good, left = good+1, left+worth[k.Product]
		}
	}
	switch {
	case !slices.Equal(want, have):
		t.Errorf("order %s is %s with places %v, and has tickets %v", o.Code, o.State, want, have)
	case o.State.Good() && (good == 0 || left != o.Paid-o.Refunded) || !o.State.Good() && good != 0:
		t.Errorf("order %s is %s, %d of %d went back, and %d good tickets with its fee are worth %d", o.Code, o.State, o.Refunded, o.Paid, good, left)
	}
}

// judgeMail: who has tickets got one mail with them, who got money back one that says
// so, who was to pay one that says how, and nobody any other.
func (b *ledgers) judgeMail(t testing.TB, o *books.Order) {
	count := map[string]int{}
	for _, l := range b.Mails[o.ID] {
		count[l.Kind]++
		if l.Address != o.Email || l.State == "failed" {
			t.Errorf("order %s of %s has mail %+v", o.Code, o.Email, l)
		}
	}
	returned, paid := 0, 0
	if o.Has() {
		paid = 1
	}
	for ref, k := range b.Known {
		if c := b.Payments[ref]; k.Order == o.ID && c != nil && c.State == payment.Paid && !k.Accepted {
			returned++
		}
	}
	cancelled, awaiting := 0, 0
	if o.State == sales.Cancelled {
		cancelled = 1
	}
	if byHand(o) && (o.Has() || o.State == sales.Cancelled) {
		awaiting = 1
	}
	want := map[string]int{"awaiting": awaiting, "tickets": paid, "returned": returned, "refund": b.Asked[o.ID], "cancelled": cancelled}
	maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
	if !maps.Equal(count, want) {
		t.Errorf("order %s is %s, should have mail %v, and has %+v", o.Code, o.State, want, b.Mails[o.ID])
	}
}

// judgeLedger: every account is what the provider's books and the orders come to.
func (b *ledgers) judgeLedger(t testing.TB) {
	want := map[string]int64{"buyers": 0, "disputed": 0, "owed": 0, "at:bank": 0, "at:cash": 0}
	for _, k := range b.Hand {
		want["at:"+k.Via] += k.Amount
	}
	want["at:sandbox"], want["cost:sandbox"] = b.Held()
	for ref, c := range b.Payments {
		if k := b.Known[ref]; c.State == payment.Paid && k != nil && !k.Accepted {
			want["owed"] += c.Refunded + c.Lost() - c.Amount // twice: by the shop and by the bank
		}
	}
	var sold int64
	for _, o := range b.Orders {
		if o.State != sales.ChargedBack {
			sold += o.Paid - o.Refunded
		}
	}
	for account, amount := range want {
		if b.Balance[account] != amount {
			t.Errorf("the ledger has %d in %s, the books come to %d", b.Balance[account], account, amount)
		}
	}
	if have := -b.Balance["sales"] - b.Balance["service"] - b.Balance["tax"]; have != sold {
		t.Errorf("the ledger has sold for %d, the orders are of %d", have, sold)
	}
	if sum := b.Sum(); sum != 0 {
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
