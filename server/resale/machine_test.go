package resale_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/crypto/ticket"
	"usher/server/payment"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// bid is an order about a listing, as the machine knows it.
type bid struct {
	id, ref, who string
	listing      string
	heard        bool // that it was paid
}

// machine does with one ticket what sellers, buyers, gates and the organiser may do, in
// any order, and knows whose it is and who is to be paid.
type machine struct {
	*world
	id      ticket.ID
	owner   string // whose the ticket is
	paid    string // the order by which they have it
	open    string // the listing; "": none
	holder  string // the order that has its place
	bids    []*bid
	sold    []string // listings
	entered bool
	void    bool
}

// Whatever is done with a ticket, it is whose the model says, the ledger sums to nothing,
// and when the event is over each seller has been credited their price less the fee, once.
func TestFromHandToHand(t *testing.T) {
	shoptest.Fewer(t, "20")
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, strings.Replace(file, "capacity = 20", "capacity = 2000", 1))
		start := w.Time.Now()
		rapid.Check(t, func(rt *rapid.T) {
			w.Time.Set(start)
			o := w.Buys(rt, ada, ga(1))
			m := &machine{world: w, owner: "ada", paid: o.ID, id: o.Tickets[0]}
			rt.Repeat(map[string]func(*rapid.T){
				"list": m.puts, "take back": m.takes, "begin": m.begins, "pay": m.pays, "leave": m.leaves,
				"time": m.passes, "admit": m.admits, "refund": m.refunds, "": m.holds,
			})
			m.ends(rt)
		})
	})
}

// want fails unless something was done, or refused.
func want(rt *rapid.T, what string, err error, done bool) {
	if done && err != nil || !done && fault.KindOf(err) != fault.Refused {
		rt.Fatalf("%s: %v, and it should be done: %t", what, err, done)
	}
}

func (m *machine) puts(rt *rapid.T) {
	l, err := m.List(rt.Context(), m.TicketNow(rt, event, m.id), resale.Asked{Price: 2000})
	want(rt, "listing", err, m.open == "" && !m.entered && !m.void)
	if err == nil {
		m.open, m.holder = l.ID, ""
	}
}

func (m *machine) takes(rt *rapid.T) {
	if m.open != "" {
		_, err := m.TakeBack(rt.Context(), m.open)
		if want(rt, "taking back", err, m.holder == ""); err == nil {
			m.open = ""
		}
	}
	for _, id := range m.sold {
		_, err := m.TakeBack(rt.Context(), id)
		want(rt, "taking back what is sold", err, false)
	}
}

func (m *machine) begins(rt *rapid.T) {
	if m.open == "" {
		return
	}
	o, err := m.Sales.Begin(rt.Context(), of(resale.Listing{ID: m.open}))
	if want(rt, "beginning", err, m.holder == ""); err != nil {
		return
	}
	b := &bid{id: o.ID, listing: m.open, who: fmt.Sprintf("buyer%d", len(m.bids))}
	_, b.ref = m.ToBank(rt, o, shoptest.Buyer(b.who))
	m.holder, m.bids = o.ID, append(m.bids, b)
}

// some picks an order that waits for its payment; nil: there is none.
func (m *machine) some(rt *rapid.T) *bid {
	var list []*bid
	for _, b := range m.bids {
		if !b.heard {
			list = append(list, b)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return rapid.SampledFrom(list).Draw(rt, "order")
}

// pays has a payment made and heard of twice, in time or late.
func (m *machine) pays(rt *rapid.T) {
	b := m.some(rt)
	if b == nil {
		return
	}
	m.Bank.Ends(b.ref, payment.Paid)
	m.Settles(rt, b.ref)
	m.Settles(rt, b.ref)
	b.heard = true
	state := m.OrderNow(rt, b.id).State
	if m.open == b.listing && (m.holder == "" || m.holder == b.id) {
		m.owner, m.paid, m.open, m.sold = b.who, b.id, "", append(m.sold, b.listing)
		if state != sales.Paid {
			rt.Fatalf("the order of %s is %s", b.who, state)
		}
	} else if state != sales.Refunded {
		rt.Fatalf("the order of %s, who is too late, is %s", b.who, state)
	}
}

func (m *machine) leaves(rt *rapid.T) {
	b := m.some(rt)
	if b == nil {
		return
	}
	if _, err := m.Sales.Leave(rt.Context(), b.id); err != nil {
		rt.Fatal(err)
	}
	if b.heard = true; m.holder == b.id { // its payment can't be made any more
		m.holder = ""
	}
}

func (m *machine) passes(rt *rapid.T) {
	m.Time.Pass(11 * time.Minute)
	if _, _, err := m.Stock.Expire(rt.Context()); err != nil {
		rt.Fatal(err)
	}
	m.holder = ""
}

func (m *machine) admits(rt *rapid.T) {
	if m.void {
		return
	}
	m.Doors.Admit(m.id)
	m.look(rt)
	m.entered, m.open = true, ""
}

// refunds has the organiser give the holder their money back.
func (m *machine) refunds(rt *rapid.T) {
	if m.void || rapid.IntRange(0, 2).Draw(rt, "rarely") > 0 {
		return
	}
	if _, err := m.Sales.Refund(rt.Context(), m.paid, sales.Refund{Key: "k", Why: "ill", Who: "organiser", Entered: true}); err != nil {
		rt.Fatal(err)
	}
	m.look(rt)
	m.void, m.open = true, ""
}

// holds is what is so at every moment.
func (m *machine) holds(rt *rapid.T) {
	k := m.TicketNow(rt, event, m.id)
	if k.Email != m.owner+"@people.example" || (k.State == ticketing.Valid) == m.void {
		rt.Fatalf("the ticket is %s's and %s, and should be %s's", k.Email, k.State, m.owner)
	}
	if err := m.Sales.Check(rt.Context()); err != nil {
		rt.Fatal(err)
	}
	if l, there, err := m.Of(rt.Context(), event, m.id); err != nil || there && (l.State == resale.Open) != (m.open != "") {
		rt.Fatalf("the listing is %s, %v", l.State, err)
	}
}

// ends has the event end: all who sold are credited, once, and nothing is held.
func (m *machine) ends(rt *rapid.T) {
	m.passes(rt)
	m.Time.Set(time.Date(2026, 8, 5, 0, 0, 0, 0, time.UTC))
	m.look(rt)
	m.look(rt)
	for n := 1; n > 0; {
		var err error
		if n, err = m.Sales.Repay(rt.Context()); err != nil {
			rt.Fatal(err)
		}
	}
	m.open = ""
	m.holds(rt)
	for _, id := range m.sold {
		if l := m.listing(rt, id); l.Payout != resale.Credited || l.Card+l.Hand != 1900 {
			rt.Fatalf("who sold has %+v", l)
		}
	}
	m.sound(rt)
	for _, account := range []string{"owed", "resale", "buyers"} {
		if n := m.Balance(rt, account); n != 0 {
			rt.Fatalf("%d are left at %s", n, account)
		}
	}
}
