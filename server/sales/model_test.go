package sales_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/server/catalog"
	"usher/server/payment"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// errCrash is what a crash looks like from inside.
var errCrash = errors.New("the server dies here")

// machine does what buyers, organisers, the bank and the clock may do, in any
// order, while servers die at any step.
type machine struct {
	*world
	t      testing.TB
	orders []string
	shown  map[string]bool // the payments to whose page a buyer was sent
	keys   int             // of refunds and money received
	dies   int             // at how many steps from now the server dies; 0: it doesn't
}

// I8: whatever happens, each payment is one paid order with its tickets, or the
// money goes back; the ledger sums to nothing and no place is sold twice. Once the
// dust settles nothing is left over.
func TestWhateverHappens(t *testing.T) {
	shoptest.Fewer(t, "20")
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, returns(`{ keep_percent = 12.5 }`))
		rapid.Check(t, func(rt *rapid.T) {
			m := &machine{world: w, t: t, shown: map[string]bool{}}
			m.begin(rt)
			rt.Repeat(map[string]func(*rapid.T){
				"begin": m.begins, "pay by card": m.paysByCard, "pay otherwise": m.paysOtherwise, "bank": m.bankActs, "bank line": m.bankLine,
				"notice": m.notices, "time": m.timePasses, "leave": m.leaves, "extend": m.extends, "refund": m.refunds, "give back": m.givesBack, "cancel": m.cancels,
				"money by hand": m.receives, "reconcile": m.reconciles, "a server dies soon": m.diesSoon, "": m.holds,
			})
			m.settles(rt)
		})
	})
}

// begin makes the world as if nothing had happened in it.
func (m *machine) begin(rt *rapid.T) {
	for _, forget := range []string{`delete from ledger`, `delete from order_event`, `delete from order_refund`, `delete from order_payment`,
		`delete from sale_order`, `delete from hold`, `delete from mail`, `delete from ticket`, `update pool set taken = 0`} {
		if err := m.DB.Exec(m.t.Context(), forget); err != nil {
			rt.Fatal(err)
		}
	}
	m.Stock.Close()
	m.Shop = shoptest.Open(m.t, m.DB)
	m.Step(m.step)
}

// step counts down to the server's death.
func (m *machine) step(name string) error {
	if m.dies == 0 {
		return nil
	}
	if m.dies--; m.dies == 0 {
		return fmt.Errorf("%s: %w", name, errCrash)
	}
	return nil
}

// may passes over what the machine may be told: no place, too late, the bank is
// down, the server is dead. What is nobody's fault but ours fails the test.
func (m *machine) may(rt *rapid.T, err error) {
	if err == nil || errors.Is(err, errCrash) || fault.KindOf(err) != fault.Internal {
		return
	}
	rt.Fatal(err)
}

// nobody is the order that is picked while there is none: whatever is done to it
// has to be refused.
const nobody = "NOBODY"

// some picks an order.
func (m *machine) some(rt *rapid.T) string {
	if len(m.orders) == 0 {
		return nobody
	}
	return rapid.SampledFrom(m.orders).Draw(rt, "order")
}

func (m *machine) begins(rt *rapid.T) {
	cart := ga(rapid.IntRange(1, 8).Draw(rt, "tickets"))
	if rapid.Bool().Draw(rt, "free") {
		cart.Wanted[0].Offer = "free"
	}
	o, err := m.Begin(m.t.Context(), cart)
	if m.may(rt, err); err == nil {
		m.orders = append(m.orders, o.ID)
	}
}

func (m *machine) paysByCard(rt *rapid.T) {
	o, url, err := m.Pay(m.t.Context(), m.some(rt), sales.Payment{Method: catalog.MethodCard, Details: &ada})
	if m.may(rt, err); err == nil && url != "" {
		m.shown[o.Ref()] = true
	}
}

func (m *machine) paysOtherwise(rt *rapid.T) {
	method := rapid.SampledFrom([]string{catalog.MethodInvoice, catalog.MethodBoxOffice}).Draw(rt, "method")
	_, _, err := m.Pay(m.t.Context(), m.some(rt), sales.Payment{Method: method, Details: &ada})
	m.may(rt, err)
}

// payment picks a payment at the bank to whose page a buyer was sent.
func (m *machine) payment(rt *rapid.T) (p payment.Payment, any bool) {
	list := m.Bank.All()
	list = slices.DeleteFunc(list, func(p payment.Payment) bool { return !m.shown[p.Ref] })
	if len(list) == 0 {
		return p, false
	}
	return rapid.SampledFrom(inOrder(list)).Draw(rt, "payment"), true
}

// inOrder has payments in the order in which they were made.
func inOrder(list []payment.Payment) []payment.Payment {
	slices.SortFunc(list, func(a, b payment.Payment) int {
		return cmp.Or(cmp.Compare(len(a.Ref), len(b.Ref)), cmp.Compare(a.Ref, b.Ref))
	})
	return list
}

func (m *machine) bankActs(rt *rapid.T) {
	p, any := m.payment(rt)
	if !any {
		return
	}
	switch rapid.SampledFrom([]string{"pays", "pays", "pays", "fails", "other amount", "disputes", "decides", "sends back"}).Draw(rt, "act") {
	case "pays":
		m.Bank.Ends(p.Ref, payment.Paid)
	case "fails":
		m.Bank.Ends(p.Ref, payment.Failed)
	case "other amount":
		if p.State == payment.Pending {
			m.Bank.Set(p.Ref, func(p *payment.Payment) { p.Amount, p.State = p.Amount+1, payment.Paid })
		}
	case "disputes":
		if p.State == payment.Paid && p.Refunded == 0 && (p.Dispute.State == "" || p.Dispute.State == payment.DisputeWon) {
			_, won, _ := p.Dispute.Sums()
			m.Bank.Set(p.Ref, func(p *payment.Payment) {
				p.Dispute = payment.Dispute{State: payment.DisputeOpen, Amount: p.Amount, AlsoWon: won}
			})
		}
	case "sends back":
		if p.Dispute.State == "" {
			m.Bank.SendsBack(p.Ref)
		}
	case "decides":
		if p.Dispute.State == payment.DisputeOpen {
			end := rapid.SampledFrom([]payment.DisputeState{payment.DisputeWon, payment.DisputeLost}).Draw(rt, "end")
			m.Bank.Set(p.Ref, func(p *payment.Payment) { p.Dispute.State = end })
		}
	}
}

func (m *machine) bankLine(rt *rapid.T) {
	down := fault.New(fault.Unavailable, "the bank can't be reached")
	m.Bank.Has(map[string]shoptest.Line{
		"well": {}, "down": {Trouble: down}, "answers are lost": {Lost: down}, "busy": {Busy: true},
	}[rapid.SampledFrom([]string{"well", "well", "down", "answers are lost", "busy"}).Draw(rt, "line")])
}

func (m *machine) notices(rt *rapid.T) {
	p, any := m.payment(rt)
	if !any {
		return
	}
	for range rapid.IntRange(1, 3).Draw(rt, "times") {
		m.may(rt, m.Settle(m.t.Context(), "test", p.Ref))
	}
}

func (m *machine) timePasses(rt *rapid.T) {
	m.Time.Pass(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 9 * time.Minute, 10 * time.Minute, 24 * time.Hour}).Draw(rt, "time"))
	if rapid.Bool().Draw(rt, "holds end") {
		if _, _, err := m.Stock.Expire(m.t.Context()); err != nil {
			rt.Fatal(err)
		}
	}
}

func (m *machine) leaves(rt *rapid.T) {
	_, err := m.Leave(m.t.Context(), m.some(rt))
	m.may(rt, err)
}

func (m *machine) extends(rt *rapid.T) {
	_, err := m.Extend(m.t.Context(), m.some(rt))
	m.may(rt, err)
}

func (m *machine) refunds(rt *rapid.T) {
	id := m.some(rt)
	if id == nobody {
		return
	}
	o, err := m.Order(m.t.Context(), id)
	if err != nil {
		rt.Fatal(err)
	}
	m.keys++
	r := sales.Refund{Key: fmt.Sprint(m.keys), Why: "because", Who: "organiser"}
	switch what := rapid.SampledFrom([]string{"all", "tickets", "goodwill"}).Draw(rt, "what"); {
	case what == "tickets" && len(o.Tickets) > 0:
		r.Tickets = o.Tickets[:rapid.IntRange(1, len(o.Tickets)).Draw(rt, "tickets")]
	case what == "goodwill":
		r.Amount = 100
	}
	for range 2 {
		_, err = m.Refund(m.t.Context(), o.ID, r)
		m.may(rt, err)
	}
}

// givesBack has a buyer give some tickets back, in two windows.
func (m *machine) givesBack(rt *rapid.T) {
	id := m.some(rt)
	if id == nobody {
		return
	}
	o, err := m.Order(m.t.Context(), id)
	if err != nil {
		rt.Fatal(err)
	}
	if len(o.Tickets) == 0 {
		return
	}
	from := rapid.IntRange(0, len(o.Tickets)-1).Draw(rt, "from")
	for range 2 {
		_, err := m.GiveBack(m.t.Context(), id, o.Tickets[from:rapid.IntRange(from+1, len(o.Tickets)).Draw(rt, "to")])
		m.may(rt, err)
	}
}

func (m *machine) cancels(rt *rapid.T) {
	_, err := m.Cancel(m.t.Context(), m.some(rt), "because", "organiser")
	m.may(rt, err)
}

func (m *machine) receives(rt *rapid.T) {
	id := m.some(rt)
	if id == nobody {
		return
	}
	o, err := m.Order(m.t.Context(), id)
	if err != nil {
		rt.Fatal(err)
	}
	if o.Total == 0 || !o.Complete() {
		return // there is nothing to pay
	}
	m.keys++
	_, err = m.Receive(m.t.Context(), o.ID, sales.Received{Via: sales.Bank, Ref: o.ID + fmt.Sprint(m.keys), Amount: o.Total + int64(rapid.IntRange(0, 1).Draw(rt, "too much"))})
	m.may(rt, err)
}

func (m *machine) reconciles(rt *rapid.T) { m.may(rt, m.Reconcile(m.t.Context())) }

func (m *machine) diesSoon(rt *rapid.T) { m.dies = rapid.IntRange(1, 4).Draw(rt, "steps") }

// holds is what is so at every moment.
func (m *machine) holds(rt *rapid.T) {
	if err := m.Check(m.t.Context()); err != nil {
		rt.Fatal(err)
	}
	for _, id := range m.orders {
		o, err := m.Order(m.t.Context(), id)
		if err != nil {
			rt.Fatal(err)
		}
		if o.State.Good() != (len(m.good(rt, o)) > 0) && o.Total > 0 && o.Refunded == 0 {
			rt.Fatalf("order %s is %s and has %d good tickets", o.Code, o.State, len(m.good(rt, o)))
		}
		if o.State == sales.Paid && (len(o.Tickets) != len(o.Places()) || o.Paid != o.Total) {
			rt.Fatalf("order %s is paid %d of %d and has %d tickets of %d", o.Code, o.Paid, o.Total, len(o.Tickets), len(o.Places()))
		}
	}
}

// good lists an order's good tickets.
func (m *machine) good(rt *rapid.T, o sales.Order) (list []ticketing.Ticket) {
	tickets, err := m.Tickets.Of(m.t.Context(), o.Event, o.Tickets)
	if err != nil {
		rt.Fatal(err)
	}
	for _, k := range tickets {
		if k.State == ticketing.Valid {
			list = append(list, k)
		}
	}
	return list
}

// settles lets the dust settle: the bank can be reached, servers live, time passes.
// Then every payment is an order's or went back, and every order that is still
// good is cancelled, after which all places are free.
func (m *machine) settles(rt *rapid.T) {
	m.dies = 0
	m.Bank.Has(shoptest.Line{})
	for _, p := range inOrder(m.Bank.All()) {
		if p.Dispute.State != payment.DisputeOpen {
			continue
		}
		if o, err := m.Order(m.t.Context(), p.Order); err == nil && o.State == sales.Disputed {
			continue // its end is below
		}
		end := rapid.SampledFrom([]payment.DisputeState{payment.DisputeWon, payment.DisputeLost}).Draw(rt, "end of "+p.Ref)
		m.Bank.Set(p.Ref, func(p *payment.Payment) { p.Dispute.State = end })
	}
	for range 3 {
		m.Time.Pass(30 * 24 * time.Hour)
		if _, _, err := m.Stock.Expire(m.t.Context()); err != nil {
			rt.Fatal(err)
		}
		for range 3 {
			if err := m.Reconcile(m.t.Context()); err != nil {
				rt.Fatal(err)
			}
		}
	}
	for _, p := range inOrder(m.Bank.All()) { // of what was sent back may not be known yet
		if p.State == payment.Paid {
			m.may(rt, m.Settle(m.t.Context(), "test", p.Ref))
		}
	}
	m.holds(rt)
	m.accountFor(rt)
	for _, id := range m.orders {
		o, err := m.Order(m.t.Context(), id)
		if err != nil {
			rt.Fatal(err)
		}
		if o.State.Good() || o.State == sales.Disputed {
			if o.State == sales.Disputed {
				m.Bank.Set(m.accepted(rt, o).Ref, func(p *payment.Payment) { p.Dispute.State = payment.DisputeLost })
				m.may(rt, m.Settle(m.t.Context(), "test", m.accepted(rt, o).Ref))
				continue
			}
			if _, err := m.Cancel(m.t.Context(), id, "the end", "organiser"); err != nil {
				rt.Fatal(err)
			}
		}
	}
	if n := m.Left(m.t, "floor"); n != 20 {
		rt.Fatalf("%d places are left in the end, want all 20", n)
	}
}

// accountFor compares every payment with what became of its order.
func (m *machine) accountFor(rt *rapid.T) {
	for _, p := range m.Bank.All() {
		if !m.shown[p.Ref] {
			continue // the server died before it could send anybody there
		}
		o, err := m.Order(m.t.Context(), p.Order)
		switch {
		case err != nil:
			rt.Fatal(err)
		case p.State == payment.Pending:
			rt.Fatalf("order %s is %s, and payment %s can still be made", o.Code, o.State, p.Ref)
		case p.State != payment.Paid:
			continue
		}
		if m.accepted(rt, o).Ref == p.Ref {
			went := p.Refunded + m.failed(rt, p.Ref) + m.waiting(rt, p.Ref)
			if p.Dispute.State == payment.DisputeLost && o.State != sales.ChargedBack {
				went += p.Dispute.Amount // what was to go back went so
			}
			if went != o.Refunded {
				rt.Fatalf("of payment %s %d went back, of order %s (%s) %d", p.Ref, went, o.Code, o.State, o.Refunded)
			}
			continue
		}
		if p.Refunded+m.failed(rt, p.Ref) != p.Amount && p.Dispute.State != payment.DisputeLost {
			rt.Fatalf("payment %s of %d pays nothing, and %d of it went back; order %s is %s", p.Ref, p.Amount, p.Refunded, o.Code, o.State)
		}
	}
	for account, want := range map[string]int64{"owed": -m.failed(rt, "") - m.waiting(rt, ""), "buyers": 0} {
		if n := m.Balance(m.t, account); n != want {
			rt.Fatalf("%d are left at %s, want %d", n, account, want)
		}
	}
}

// failed is what the organiser is to give back by other means: of a payment, or with "" of
// all.
func (m *machine) failed(rt *rapid.T, ref string) int64 {
	return m.toGoBack(rt, ref, `state = 'refused'`)
}

// waiting is what is to go back of payments that the buyer's bank has for now: of one, or
// with "" of all.
func (m *machine) waiting(rt *rapid.T, ref string) int64 {
	return m.toGoBack(rt, ref, `state = 'asked' and ref in (select ref from order_payment where dispute = 'open')`)
}

func (m *machine) toGoBack(rt *rapid.T, ref, which string) (sum int64) {
	err := m.DB.Read().QueryRowContext(m.t.Context(), `select coalesce(sum(amount), 0) from order_refund where ($1 = '' or ref = $1) and `+which, ref).Scan(&sum)
	if err != nil {
		rt.Fatal(err)
	}
	return sum
}

// accepted is the payment that paid an order, if any.
func (m *machine) accepted(rt *rapid.T, o sales.Order) (p payment.Payment) {
	err := m.DB.Read().QueryRowContext(m.t.Context(), `select coalesce(max(ref), '') from order_payment where order_id = $1 and accepted = 1`, o.ID).Scan(&p.Ref)
	if err != nil {
		rt.Fatal(err)
	}
	return p
}
