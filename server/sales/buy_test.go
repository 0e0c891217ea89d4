package sales_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/server/catalog"
	"usher/server/inventory"
	"usher/server/payment"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// From a cart to tickets: prices of the catalogue, places, money, mail, ledger.
func TestBuy(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Begins(t, sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "ga", Count: 2}, {Offer: "seat", Count: 2}, {Offer: "free", Count: 1}}})
		if want := int64(2*2700 + 2*4999 + 150); o.State != sales.Open || o.Total != want || o.Currency != "EUR" || len(o.Code) != 10 {
			t.Fatalf("it is %+v, want a total of %d", o, want)
		}
		if !slices.Equal(o.Items[1].Seats, []string{"A-1", "A-2"}) || !o.Until.Equal(shoptest.Start.Add(10*time.Minute)) {
			t.Errorf("its seats are %v until %v", o.Items[1].Seats, o.Until)
		}
		if w.Left(t, "floor") != 17 || w.Left(t, "box") != 2 {
			t.Errorf("%d and %d places are left", w.Left(t, "floor"), w.Left(t, "box"))
		}
		details := ada
		details.Holders = []sales.Holder{{}, {}, {Name: "Grace", Answers: map[string]string{"meal": "beans"}}, {Name: "Joan", Email: "joan@buyers.example", Answers: map[string]string{"meal": "fish"}}}
		o, err := w.Details(t.Context(), o.ID, details)
		if err != nil || o.State != sales.Open || !o.Complete() {
			t.Fatal(o.State, err)
		}
		o, url, err := w.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard})
		if err != nil || o.State != sales.Paying || url != "https://bank.example/"+o.Ref() {
			t.Fatal(o.State, url, err)
		}
		if len(o.Tickets) != 0 || len(w.Mails(t, o.ID)) != 0 {
			t.Error("there are tickets before the money")
		}
		w.Bank.Ends(o.Ref(), payment.Paid)
		for range 3 { // a webhook, a poll, the buyer's return
			w.Settles(t, o.Ref())
		}
		o = w.OrderNow(t, o.ID)
		if o.State != sales.Paid || o.Paid != o.Total || len(o.Tickets) != 5 || !o.PaidAt.Equal(shoptest.Start) {
			t.Fatalf("it is %+v", o)
		}
		w.wantTickets(t, o)
		if got := w.Mails(t, o.ID); !slices.Equal(got, []string{"tickets"}) {
			t.Errorf("the letters %v are queued", got)
		}
		w.Sound(t)
		if got := w.Balance(t, "at:test"); got != o.Total {
			t.Errorf("%d are at the provider, want %d", got, o.Total)
		}
		if got := w.Balance(t, "tax"); got != -(353 + 1620) { // 7 percent in 54.00, 19 in 101.48
			t.Errorf("the taxes are %d", got)
		}
	})
}

// wantTickets checks the tickets of TestBuy.
func (w *world) wantTickets(t *testing.T, o sales.Order) {
	t.Helper()
	tickets, err := w.Tickets.Of(t.Context(), event, o.Tickets)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ name, email, seat string }{
		{"Ada Lovelace", ada.Email, ""}, {"Ada Lovelace", ada.Email, ""}, {"Grace", ada.Email, "A-1"}, {"Joan", "joan@buyers.example", "A-2"}, {"Ada Lovelace", ada.Email, ""},
	} {
		k := tickets[i]
		if k.Name != want.name || k.Email != want.email || k.Seat != want.seat || k.Order != o.Code || k.State != ticketing.Valid || k.Unpaid {
			t.Errorf("ticket %d is %+v", i, k)
		}
	}
	if !strings.Contains(string(tickets[2].Answers), "beans") {
		t.Errorf("the answers are %s", tickets[2].Answers)
	}
}

// What costs nothing is paid at once, without a provider and without a fee.
func TestFree(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Begins(t, sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "free", Count: 3}}})
		for range 2 {
			var err error
			if o, _, err = w.Pay(t.Context(), o.ID, sales.Payment{Details: &ada}); err != nil || o.State != sales.Paid || len(o.Tickets) != 3 || o.Total != 0 {
				t.Fatalf("%+v, %v", o, err)
			}
		}
		w.Time.Pass(time.Hour)
		if err := w.Reconcile(t.Context()); err != nil {
			t.Error(err)
		}
		if got := w.OrderNow(t, o.ID); got.State != sales.Paid || w.Left(t, "floor") != 17 || len(w.Bank.All()) != 0 {
			t.Errorf("it is %s, and %d places are left", got.State, w.Left(t, "floor"))
		}
	})
}

// The same key and cart is the same order; another cart is an error and takes
// nothing.
func TestBeginAgain(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		cart := ga(2)
		cart.Key = "a key that the buyer keeps"
		first := w.Begins(t, cart)
		w.Time.Pass(time.Minute)
		if again := w.Begins(t, cart); again.ID != first.ID || again.Code != first.Code || !again.Until.Equal(first.Until) {
			t.Errorf("%+v, then %+v", first, again)
		}
		other := ga(3)
		other.Key = cart.Key
		_, err := w.Begin(t.Context(), other)
		shoptest.WantKind(t, "another cart", err, fault.Exists)
		if w.Left(t, "floor") != 18 {
			t.Errorf("%d places are left", w.Left(t, "floor"))
		}
		if separate := w.Begins(t, ga(2)); separate.ID == first.ID {
			t.Error("without a key it is the same order")
		}
		w.Time.Pass(time.Hour)
		w.expire(t)
		if again := w.Begins(t, cart); again.ID != first.ID || again.State != sales.Expired {
			t.Errorf("after its time it is %s", again.State)
		}
	})
}

// expire does what servers do all the time.
func (w *world) expire(t testing.TB) {
	t.Helper()
	if _, _, err := w.Stock.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestCartsThatCantBe(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		want := func(offer string, count int, seats ...string) sales.Wanted {
			return sales.Wanted{Offer: offer, Count: count, Seats: seats}
		}
		for name, c := range map[string]struct {
			wanted []sales.Wanted
			kind   fault.Kind
		}{
			"nothing":             {nil, fault.BadInput},
			"no such product":     {[]sales.Wanted{want("vip", 1)}, fault.NotFound},
			"a hidden one":        {[]sales.Wanted{want("friend", 1)}, fault.NotFound},
			"none of it":          {[]sales.Wanted{want("ga", 0)}, fault.BadInput},
			"less than none":      {[]sales.Wanted{want("ga", -1)}, fault.BadInput},
			"very much":           {[]sales.Wanted{want("ga", 1<<62)}, fault.BadInput},
			"a sum of too much":   {[]sales.Wanted{want("ga", 8), want("free", 1)}, fault.BadInput},
			"one in two lines":    {[]sales.Wanted{want("ga", 1), want("ga", 1)}, fault.BadInput},
			"more seats":          {[]sales.Wanted{want("seat", 1, "A-1", "A-2")}, fault.BadInput},
			"a seat twice":        {[]sales.Wanted{want("seat", 2, "A-1", "A-1")}, fault.BadInput},
			"no such seat":        {[]sales.Wanted{want("seat", 1, "Z-1")}, fault.NotFound},
			"a seat on the floor": {[]sales.Wanted{want("ga", 1, "A-1")}, fault.BadInput},
		} {
			o, err := w.Begin(t.Context(), sales.Cart{Event: event, Wanted: c.wanted})
			if fault.KindOf(err) != c.kind {
				t.Errorf("%s: %+v, %v, want %s", name, o, err, c.kind)
			}
		}
		_, err := w.Begin(t.Context(), sales.Cart{Event: "NOWHERE", Wanted: []sales.Wanted{want("ga", 1)}})
		shoptest.WantKind(t, "no such event", err, fault.NotFound)
		if w.Left(t, "floor") != 20 || w.Left(t, "box") != 4 {
			t.Error("places were taken")
		}
		if o := w.Begins(t, sales.Cart{Event: event, Wanted: []sales.Wanted{want("friend", 1)}, Access: "harbour"}); o.Total != 1150 {
			t.Errorf("with its code it costs %d", o.Total)
		}
		for range 2 {
			w.Begins(t, ga(8))
		}
		_, err = w.Begin(t.Context(), ga(8))
		var short *inventory.Short
		if !errors.As(err, &short) || short.Left["floor"] != 3 {
			t.Errorf("more than there are: %v", err)
		}
		w.Time.Pass(60 * 24 * time.Hour)
		_, err = w.Begin(t.Context(), ga(1))
		shoptest.WantKind(t, "after the sale", err, fault.Refused)
	})
}

func TestDetailsThatWontDo(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Begins(t, sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "ga", Count: 1}, {Offer: "seat", Count: 1}}})
		good := func() sales.Details {
			d := ada
			d.Holders = []sales.Holder{{}, {Name: "Grace", Answers: map[string]string{"meal": "fish", "unasked": "is dropped"}}}
			return d
		}
		for where, spoil := range map[string]func(*sales.Details){
			"name":                    func(d *sales.Details) { d.Name = " " },
			"email":                   func(d *sales.Details) { d.Email = "ada@" },
			"terms":                   func(d *sales.Details) { d.Terms = false },
			"holders[1].name":         func(d *sales.Details) { d.Holders[1].Name = "" },
			"holders[0].email":        func(d *sales.Details) { d.Holders[0].Email = "a@b, c@d" },
			"holders[1].answers.meal": func(d *sales.Details) { d.Holders[1].Answers = map[string]string{"meal": "steak"} },
			"holders":                 func(d *sales.Details) { d.Holders = make([]sales.Holder, 3) },
			"language":                func(d *sales.Details) { d.Language = strings.Repeat("x", 100) },
			"address":                 func(d *sales.Details) { d.Address = strings.Repeat("x", 401) },
		} {
			d := good()
			spoil(&d)
			_, err := w.Details(t.Context(), o.ID, d)
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != fault.BadInput || f.Where != where {
				t.Errorf("%s: %v", where, err)
			}
		}
		if _, _, err := w.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard}); fault.KindOf(err) != fault.BadInput {
			t.Errorf("paid without details: %v", err)
		}
		o, err := w.Details(t.Context(), o.ID, good())
		if err != nil || len(o.Details.Holders[1].Answers) != 1 {
			t.Errorf("%+v, %v", o.Details, err)
		}
		if _, _, err := w.Pay(t.Context(), o.ID, sales.Payment{Method: "shells"}); fault.KindOf(err) != fault.BadInput {
			t.Errorf("paid in shells: %v", err)
		}
	})
}

// Paying again, in another tab or after a reload, is the same payment.
func TestPayAgain(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.byCard(t, w.Begins(t, ga(1)))
		again, url, err := w.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard})
		if err != nil || again.Ref() != o.Ref() || url == "" || len(w.Bank.All()) != 1 {
			t.Fatalf("%q, %v", url, err)
		}
		w.Bank.Ends(o.Ref(), payment.Failed)
		refreshed, err := w.Refresh(t.Context(), o.ID)
		if err != nil || refreshed.State != sales.Open || refreshed.Ref() != "" {
			t.Fatalf("after it failed: %+v, %v", refreshed, err)
		}
		next := w.byCard(t, refreshed)
		if next.Ref() == o.Ref() {
			t.Error("the payment that failed is to be made again")
		}
		w.Bank.Ends(next.Ref(), payment.Paid)
		if paid, err := w.Refresh(t.Context(), o.ID); err != nil || paid.State != sales.Paid {
			t.Errorf("%s, %v", paid.State, err)
		}
		if _, url, err := w.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard}); err != nil || url != "" {
			t.Errorf("a paid order is paid again: %q, %v", url, err)
		}
	})
}

// silent is a bank that takes what it is asked and says nothing until who asks gives up.
type silent struct {
	*shoptest.Bank
	patience time.Duration // of who asked last; 0: without end
}

func (b *silent) Look(ctx context.Context, _ string) (payment.Payment, error) {
	b.patience = 0
	if end, any := ctx.Deadline(); any {
		b.patience = time.Until(end)
	}
	return payment.Payment{}, fault.New(fault.Unavailable, "the bank says nothing")
}

// A buyer's page waits a few seconds for a bank that says nothing, and then shows the
// order as it is known.
func TestBankThatSaysNothing(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.byCard(t, w.Begins(t, ga(1)))
		bank := &silent{Bank: w.Bank}
		w.Provider = bank
		got, err := w.Refresh(t.Context(), o.ID)
		if err != nil || got.State != sales.Paying || bank.patience <= 0 || bank.patience > 5*time.Second {
			t.Errorf("it is %s after up to %v, %v", got.State, bank.patience, err)
		}
	})
}

// Leaving gives the places back at once, and the payment can't be made any more.
func TestLeave(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.byCard(t, w.Begins(t, ga(3)))
		for range 2 {
			left, err := w.Leave(t.Context(), o.ID)
			if err != nil || left.State != sales.Left || w.Left(t, "floor") != 20 {
				t.Fatalf("%s, %d places, %v", left.State, w.Left(t, "floor"), err)
			}
		}
		if p := w.Bank.Get(o.Ref()); p.State != payment.Cancelled {
			t.Errorf("the payment is %s", p.State)
		}
		_, _, err := w.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard})
		shoptest.WantKind(t, "paying what was left", err, fault.Refused)

		o = w.byCard(t, w.Begins(t, ga(3)))
		w.Bank.Ends(o.Ref(), payment.Paid) // the buyer was faster than the notice
		_, err = w.Leave(t.Context(), o.ID)
		shoptest.WantKind(t, "leaving what was paid", err, fault.Refused)
		if o = w.OrderNow(t, o.ID); o.State != sales.Paid || len(o.Tickets) != 3 {
			t.Errorf("it is %s", o.State)
		}
	})
}

// The buyer may take more time as often as the organiser allows, and not after it.
func TestExtend(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Begins(t, ga(1))
		for n := 1; n <= 2; n++ {
			w.Time.Pass(9 * time.Minute)
			var err error
			if o, err = w.Extend(t.Context(), o.ID); err != nil || !o.Until.Equal(shoptest.Start.Add(time.Duration(n+1)*10*time.Minute)) {
				t.Fatalf("until %v, %v", o.Until, err)
			}
		}
		_, err := w.Extend(t.Context(), o.ID)
		shoptest.WantKind(t, "once more", err, fault.Refused)
		w.expire(t)
		if w.Left(t, "floor") != 19 {
			t.Error("the places went back before their time")
		}
		w.Time.Pass(12 * time.Minute)
		w.expire(t)
		if got := w.OrderNow(t, o.ID); got.State != sales.Expired || w.Left(t, "floor") != 20 {
			t.Errorf("it is %s, and %d places are left", got.State, w.Left(t, "floor"))
		}
		_, err = w.Extend(t.Context(), o.ID)
		shoptest.WantKind(t, "after its time", err, fault.Refused)
	})
}

func TestNotices(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.byCard(t, w.Begins(t, ga(1)))
		w.Bank.Ends(o.Ref(), payment.Paid)
		good, forged := http.Header{"Signature": {"good"}}, http.Header{"Signature": {"forged"}}
		shoptest.WantKind(t, "forged", w.Hook(t.Context(), "test", forged, []byte(o.Ref())), fault.Unauthorised)
		shoptest.WantKind(t, "of another provider", w.Hook(t.Context(), "stripe", good, []byte(o.Ref())), fault.NotFound)
		if w.OrderNow(t, o.ID).State != sales.Paying {
			t.Error("a notice that is refused changes the order")
		}
		for _, ref := range []string{"", "p99", o.Ref(), o.Ref()} {
			if err := w.Hook(t.Context(), "test", good, []byte(ref)); err != nil {
				t.Errorf("about %q: %v", ref, err)
			}
		}
		if w.OrderNow(t, o.ID).State != sales.Paid {
			t.Error("a good notice changes nothing")
		}
	})
}

func TestLinks(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Begins(t, ga(1))
		link, err := w.Link(t.Context(), &o)
		if err != nil {
			t.Fatal(err)
		}
		if id, err := w.Open(t.Context(), link); err != nil || id != o.ID {
			t.Errorf("it opens %q, %v", id, err)
		}
		_, err = w.Open(t.Context(), link[1:])
		shoptest.WantKind(t, "a part of it", err, fault.NotFound)
		w.Time.Pass(500 * 24 * time.Hour)
		_, err = w.Open(t.Context(), link)
		shoptest.WantKind(t, "long after", err, fault.Expired)
	})
}
