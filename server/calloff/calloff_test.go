package calloff_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"usher/server/calloff"
	"usher/server/catalog"
	"usher/server/payment"
	"usher/server/post"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// An event that is called off is closed at once; then everybody gets a mail, all money
// goes back once, every ticket is void with the reason, and every place is free.
func TestCallOff(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		two := w.paid(t, "Ada", shoptest.Cart("ga", 2))
		box := w.paid(t, "Bea", shoptest.Cart("seat", 2))
		part := w.paid(t, "Cleo", shoptest.Cart("ga", 3))
		part, err := w.Sales.GiveBack(t.Context(), part.ID, part.Tickets[:1])
		if err != nil || part.Refunded != 2430 {
			t.Fatalf("%d went back, %v", part.Refunded, err)
		}
		all := w.paid(t, "Dora", shoptest.Cart("ga", 1))
		if all, err = w.Sales.GiveBack(t.Context(), all.ID, all.Tickets); err != nil {
			t.Fatal(err)
		}
		open := w.begun(t, "Eve", shoptest.Cart("ga", 1))
		paying, ref := w.ToBank(t, w.Begins(t, shoptest.Cart("ga", 1)), shoptest.Buyer("Fay"))
		awaiting := w.begun(t, "Gil", shoptest.Cart("ga", 2))
		if awaiting, _, err = w.Sales.Pay(t.Context(), awaiting.ID, sales.Payment{Method: catalog.MethodInvoice}); err != nil {
			t.Fatal(err)
		}
		bank := w.begun(t, "Hal", shoptest.Cart("ga", 1))
		if bank, _, err = w.Sales.Pay(t.Context(), bank.ID, sales.Payment{Method: catalog.MethodInvoice}); err == nil {
			bank, err = w.Sales.Receive(t.Context(), bank.ID, sales.Received{Via: sales.Bank, Ref: "1", Amount: bank.Total, Who: "organiser"})
		}
		if err != nil || bank.State != sales.Paid {
			t.Fatal(bank.State, err)
		}
		w.give(t, two, 0, "grace@friends.example")
		w.imports(t, "external_id,name,email,product\ng1,Guest,ivy@guests.example,ga\ng2,Guest,IVY@guests.example,ga\ng3,Guest,,ga\n")

		j, err := w.CallOff(t.Context(), event, "storm warning", "organiser")
		if err != nil || j.Phase != calloff.Orders || j.Total != 8 {
			t.Fatalf("%+v, %v", j, err)
		}
		if _, err := w.Sales.Begin(t.Context(), shoptest.Cart("ga", 1)); !errors.Is(err, fault.Refused) {
			t.Errorf("it is sold still: %v", err)
		}
		if _, _, err := w.Sales.Pay(t.Context(), open.ID, sales.Payment{Method: catalog.MethodCard}); !errors.Is(err, fault.Refused) {
			t.Errorf("it can be paid still: %v", err)
		}
		if again, err := w.CallOff(t.Context(), event, "another reason", "organiser"); err != nil || again.ID != j.ID || again.Why != "storm warning" {
			t.Errorf("a second time: %+v, %v", again, err)
		}
		w.Bank.Ends(ref, payment.Paid) // in the last moment
		p := w.finish(t)
		if p.Orders != 8 || p.Refunds != 4 || p.Told != 2 { // two for the address that is written in two ways, of which one is sent
			t.Errorf("it came to %+v", p)
		}
		for name, c := range map[string]struct {
			o     sales.Order
			state sales.State
			back  int64
		}{
			"two": {two, sales.Cancelled, 5550}, "box": {box, sales.Cancelled, 10148}, "part": {part, sales.Cancelled, 8250 - 270}, "all": {all, sales.PartRefunded, 2430},
			"open": {open, sales.Cancelled, 0}, "paying": {paying, sales.Refunded, 0}, "awaiting": {awaiting, sales.Cancelled, 0}, "bank": {bank, sales.Cancelled, 2850},
		} {
			o := w.OrderNow(t, c.o.ID)
			want(t, name, o.State, c.state)
			want(t, name+": back", o.Refunded, c.back)
			tickets, err := w.Tickets.Of(t.Context(), event, o.Tickets)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range tickets {
				want(t, name+": ticket", k.State, ticketing.Cancelled)
				if k.Why != "storm warning" && k.Why != "given back by its buyer" {
					t.Errorf("%s: the door says %q", name, k.Why)
				}
			}
		}
		want(t, "floor", w.Left(t, "floor"), 100)
		want(t, "box", w.Left(t, "box"), 4)
		got := w.letters(t, "called_off", "called_off_holder")
		for _, who := range []string{"ada", "bea", "cleo", "eve", "fay", "gil", "hal"} {
			want(t, who, got["called_off "+who+"@people.example"], 1)
		}
		want(t, "grace", got["called_off_holder grace@friends.example"], 1)
		want(t, "ivy", got["called_off_holder ivy@guests.example"]+got["called_off_holder IVY@guests.example"], 1)
		want(t, "dora, who has none any more", got["called_off dora@people.example"], 0)
		if err := w.Reopen(t.Context(), event); !errors.Is(err, fault.Refused) {
			t.Errorf("it is sold again: %v", err)
		}
		w.sound(t)
	})
}

// give gives a ticket to somebody else.
func (w *world) give(t testing.TB, o sales.Order, n int, email string) {
	t.Helper()
	tickets, err := w.Tickets.Of(t.Context(), event, o.Tickets)
	if err == nil {
		_, err = w.Tickets.Transfer(t.Context(), tickets[n], "Grace Hopper", email, "given away")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) imports(t testing.TB, list string) {
	t.Helper()
	if _, err := w.Tickets.Import(t.Context(), event, "guests.csv", strings.NewReader(list), nil); err != nil {
		t.Fatal(err)
	}
}

// Whatever address a ticket has, all who have others are told, and get their money.
func TestCallOffWithALongAddress(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		long := strings.Repeat("Ⱥ", 110) + "@friends.example" // which is longer in small letters
		o := w.paid(t, "Ada", shoptest.Cart("ga", 2))
		w.give(t, o, 0, long)
		w.imports(t, "external_id,name,email,product\ng1,Guest,"+long+",ga\n")
		if _, err := w.CallOff(t.Context(), event, "storm warning", "organiser"); err != nil {
			t.Fatal(err)
		}
		w.finish(t)
		want(t, "Ada's order", w.OrderNow(t, o.ID).State, sales.Cancelled)
		got := w.letters(t, "called_off", "called_off_holder")
		want(t, "Ada", got["called_off ada@people.example"], 1)
		want(t, "who has the others", got["called_off_holder "+long], 1)
		w.sound(t)
	})
}

// An event that is moved tells everybody, keeps its tickets, closes its sale until it is
// opened again, and lets buyers give back for all of their price until a time.
func TestMove(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		two := w.paid(t, "Ada", shoptest.Cart("ga", 2))
		one := w.paid(t, "Bea", shoptest.Cart("ga", 1))
		open := w.begun(t, "Eve", shoptest.Cart("ga", 1))
		w.give(t, two, 1, "grace@friends.example")
		w.imports(t, "external_id,name,email,product\ng1,Guest,ivy@guests.example,ga\n")
		before, err := w.Catalog.Event(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		day := int64(24 * time.Hour / time.Second)
		m := calloff.Moving{Starts: before.Starts + 30*day, Ends: before.Ends + 30*day, Choose: shoptest.Start.Unix() + 7*day, Why: "the singer is ill", Who: "organiser"}
		for what, bad := range map[string]func(*calloff.Moving){
			"into the past": func(m *calloff.Moving) { m.Starts = shoptest.Start.Unix() - 1 }, "an end before its start": func(m *calloff.Moving) { m.Ends = m.Starts },
			"no reason": func(m *calloff.Moving) { m.Why = "" }, "a choice that is over": func(m *calloff.Moving) { m.Choose = shoptest.Start.Unix() },
			"where it is": func(m *calloff.Moving) { m.Starts, m.Ends = before.Starts, before.Ends },
		} {
			b := m
			bad(&b)
			if _, err := w.Move(t.Context(), event, b); !errors.Is(err, fault.BadInput) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := w.Move(t.Context(), event, m); err != nil {
			t.Fatal(err)
		}
		if again, err := w.Move(t.Context(), event, m); err != nil || again.Number != 1 {
			t.Errorf("a second time: %+v, %v", again, err)
		}
		p := w.finish(t)
		if p.Tickets != 0 || p.Refunds != 0 || p.Told != 1 {
			t.Errorf("it came to %+v", p)
		}
		e, err := w.Catalog.Event(t.Context(), event)
		if err != nil || e.Starts != m.Starts || e.Admission != before.Admission+30*day || e.Standing == nil || e.Standing.From != before.Starts {
			t.Errorf("it is %+v, %v", e, err)
		}
		if shop, err := w.Catalog.Shop(t.Context(), event); err != nil || shop.Resale.Until != m.Ends {
			t.Errorf("tickets are sold on until %+v, %v; want the new end", shop.Resale, err)
		}
		want(t, "who was buying", w.OrderNow(t, open.ID).State, sales.Cancelled)
		want(t, "who has bought", w.OrderNow(t, two.ID).State, sales.Paid)
		got := w.letters(t, "moved", "moved_holder", "cancelled")
		all := map[string]int{"moved ada@people.example": 1, "moved bea@people.example": 1, "moved_holder grace@friends.example": 1, "moved_holder ivy@guests.example": 1, "cancelled eve@people.example": 1}
		if !maps.Equal(got, all) {
			t.Errorf("the letters are %v", got)
		}
		if _, err := w.Sales.Begin(t.Context(), shoptest.Cart("ga", 1)); !errors.Is(err, fault.Refused) {
			t.Errorf("it is sold still: %v", err)
		}
		if one, err = w.Sales.GiveBack(t.Context(), one.ID, one.Tickets); err != nil || one.Refunded != one.Total || one.State != sales.Refunded {
			t.Errorf("given back, it is %s and %d of %d went back, %v", one.State, one.Refunded, one.Total, err)
		}
		if err := w.Reopen(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		w.begun(t, "New", shoptest.Cart("ga", 1))
		w.Time.Pass(8 * 24 * time.Hour)
		if two, err = w.Sales.GiveBack(t.Context(), two.ID, two.Tickets[:1]); err != nil || two.Refunded != 2430 { // by the event's own terms again
			t.Errorf("after the choice %d went back, %v", two.Refunded, err)
		}
		w.sound(t)
	})
}

// Whose order is disputed at that moment is told as everybody is, and whoever they gave a
// ticket to; the money and the places wait for what the bank decides.
func TestDisputedAreTold(t *testing.T) {
	off := func(t *testing.T, w *world) {
		if _, err := w.CallOff(t.Context(), event, "storm warning", "organiser"); err != nil {
			t.Fatal(err)
		}
	}
	move := func(t *testing.T, w *world) {
		starts := shoptest.Start.AddDate(0, 6, 0).Unix()
		if _, err := w.Move(t.Context(), event, calloff.Moving{Starts: starts, Ends: starts + 3600, Why: "storm warning", Who: "organiser"}); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		do     func(*testing.T, *world)
		kind   string
		end    payment.DisputeState
		state  sales.State
		ticket ticketing.State
		back   int64
	}{
		"called off, won":  {off, "called_off", payment.DisputeWon, sales.Cancelled, ticketing.Cancelled, 5550},
		"called off, lost": {off, "called_off", payment.DisputeLost, sales.ChargedBack, ticketing.Cancelled, 0},
		"moved, won":       {move, "moved", payment.DisputeWon, sales.Paid, ticketing.Valid, 0},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				o := w.paid(t, "Ada", shoptest.Cart("ga", 2))
				w.give(t, o, 0, "grace@friends.example")
				ref := w.refOf(t, o)
				w.Bank.Set(ref, func(p *payment.Payment) { p.Dispute = payment.Dispute{State: payment.DisputeOpen, Amount: p.Amount} })
				w.Settles(t, ref)
				c.do(t, w)
				w.finish(t)
				want(t, "while the bank decides", w.OrderNow(t, o.ID).State, sales.Disputed)
				got := w.letters(t, c.kind, c.kind+"_holder")
				want(t, "ada", got[c.kind+" ada@people.example"], 1)
				want(t, "grace", got[c.kind+"_holder grace@friends.example"], 1)
				l, err := w.Sales.Compose(t.Context(), post.Mail{Kind: c.kind, About: o.ID, Detail: "0 storm warning"})
				if err != nil || !strings.Contains(l.Text, "storm warning") || strings.Contains(l.Text, "stay good") || strings.Contains(l.Text, "goes back to you") {
					t.Errorf("they are told %v:\n%s", err, l.Text)
				}
				w.Bank.Set(ref, func(p *payment.Payment) { p.Dispute.State = c.end })
				w.Settles(t, ref)
				w.finish(t)
				o = w.OrderNow(t, o.ID)
				want(t, "in the end", o.State, c.state)
				want(t, "back", o.Refunded, c.back)
				want(t, "back at the bank", w.Bank.Get(ref).Refunded, c.back)
				tickets, err := w.Tickets.Of(t.Context(), event, o.Tickets)
				if err != nil || tickets[0].State != c.ticket || tickets[1].State != c.ticket {
					t.Errorf("the tickets are %+v, %v", tickets, err)
				}
				w.sound(t)
			})
		})
	}
}

// A job that is cut short after any batch goes on where it was, at two servers at once.
func TestCutShort(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		var bought []sales.Order
		for range 10 {
			bought = append(bought, w.paid(t, "Ada", shoptest.Cart("ga", 2)))
		}
		w.imports(t, "external_id,name,email,product\ng1,G,a@g.example,ga\ng2,G,b@g.example,ga\ng3,G,c@g.example,ga\ng4,G,d@g.example,ga\n")
		if _, err := w.CallOff(t.Context(), event, "storm warning", "organiser"); err != nil {
			t.Fatal(err)
		}
		for range 12 { // each batch is of another process, and a rival does one at the same time
			a, b := w.beside(t), w.beside(t)
			errs := make(chan error, 2)
			for _, one := range []*world{a, b} {
				go func() { _, err := one.Step(t.Context(), event); errs <- err }()
			}
			for range 2 {
				if err := <-errs; err != nil {
					t.Fatal(err)
				}
			}
			w.Time.Pass(time.Second / 2)
		}
		p := w.finish(t)
		if p.Orders != 10 || p.Tickets != 24 || p.Refunds != 10 || p.Told != 4 {
			t.Errorf("it came to %+v", p)
		}
		for _, o := range bought {
			o = w.OrderNow(t, o.ID)
			want(t, "order", o.State, sales.Cancelled)
			want(t, "back", o.Refunded, o.Total)
			if paid := w.Bank.Get(w.refOf(t, o)); paid.Refunded != o.Total {
				t.Errorf("%d went back at the provider", paid.Refunded)
			}
		}
		want(t, "floor", w.Left(t, "floor"), 100)
		want(t, "letters", w.letters(t, "called_off")["called_off ada@people.example"], 10)
		w.sound(t)
	})
}

func (w *world) refOf(t testing.TB, o sales.Order) (ref string) {
	t.Helper()
	if err := w.DB.Read().QueryRowContext(t.Context(), `select ref from order_payment where order_id = $1 and accepted = 1`, o.ID).Scan(&ref); err != nil {
		t.Fatal(err)
	}
	return ref
}

// What is sold on a server that has not heard yet is ended, too.
func TestSoldAtTheLastMoment(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		other := w.beside(t)
		if _, err := other.Catalog.Shop(t.Context(), event); err != nil { // it knows the shop for a second
			t.Fatal(err)
		}
		if _, err := w.CallOff(t.Context(), event, "storm warning", "organiser"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := w.WorkOff(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		late := other.paid(t, "Late", shoptest.Cart("ga", 2))
		w.finish(t)
		late = w.OrderNow(t, late.ID)
		want(t, "the late order", late.State, sales.Cancelled)
		want(t, "back", late.Refunded, late.Total)
		want(t, "floor", w.Left(t, "floor"), 100)
		w.sound(t)
	})
}
