package wallet

import (
	"strings"
	"testing"
	"time"

	"usher/server/catalog"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/server/transfer"
)

// later is an event in two weeks, with everything that may happen to a ticket after its
// sale.
const later = `
code = "CODE"
name = "Nordlicht: Grand Concert of the Long Winter Night"
time_zone = "Europe/Berlin"
venue = "Old Rope Factory, Great Hall"
starts = STARTS
ends = ENDS

[shop]
currency = "EUR"
tax_percent = 19
max_per_order = 8
methods = ["card", "invoice", "box_office"]
address = "Reeperbahn 1, 20359 Hamburg"
seller = { name = "Old Rope Factory", email = "tickets@ropefactory.example" }
bank = { iban = "DE89 3704 0044 0532 0130 00", bic = "COBADEFF", name = "Commerzbank" }
refund = { hours_before = 24, keep_percent = 10 }

[shop.resale]
cap_percent = 110
seller_percent = 5
buyer_percent = 5
waitlist_first = true

[[zone]]
code = "hall"
name = "Hall"

[[pool]]
code = "hall"
name = "Hall"
seats = ["Row 1-90"]

[[product]]
code = "stalls"
name = "Stalls, with a drink in the break"
zones = ["hall"]
price = 48
fee = 2.50
pool = "hall"

[[product]]
code = "guest"
name = "Guest of the house"
zones = ["hall"]
price = 0
pool = "hall"

[[gate]]
code = "yard"
name = "Yard gate"
zone = "hall"
products = "all"
directions = "through the arch, past the old crane"
`

// aftermath is what has happened to an event's tickets after their sale.
type aftermath struct {
	event   string
	paid    sales.Order        // three tickets: the first is with its buyer, the second for sale, the third offered to whoever has the link
	order   string             // the path of its page
	tickets []ticketing.Ticket // its own
	listing resale.Listing     // of the second
	offer   transfer.Offer     // of the third
	back    sales.Order        // one of its tickets is given back
	waiting sales.Order        // for its money
}

// need gives what a call gave, which may not have failed.
func need[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// happen has an event of a code, and everything happen after its sale, for people who
// speak a language.
func happen(t *testing.T, code, language string) *aftermath {
	t.Helper()
	ctx, s := t.Context(), world.server
	at := func(d time.Duration) string { return now().Add(d).UTC().Format(time.RFC3339) }
	text := strings.NewReplacer("CODE", code, "STARTS", at(14*24*time.Hour), "ENDS", at(14*24*time.Hour+3*time.Hour)).Replace(later)
	spec := need(catalog.ParseFile("event.toml", []byte(text)))(t)
	need(s.Catalog.Apply(ctx, spec))(t)
	a := &aftermath{event: code}
	a.paid = a.invoice(t, language, "Ada Lovelace", 3, true)
	a.order = "/order/" + need(s.Sales.Link(ctx, &a.paid))(t)
	a.tickets = need(s.Tickets.Of(ctx, code, a.paid.Tickets))(t)
	a.listing = need(s.Resale.List(ctx, a.tickets[1], resale.Asked{Price: 4500, Language: language}))(t)
	a.offer = need(s.Transfers.Offer(ctx, transfer.Asked{
		Event: code, Tickets: a.tickets[2:], From: ticketing.Holder{Name: "Ada Lovelace", Email: a.paid.Details.Email}, Language: language,
	}))(t)
	a.back = a.invoice(t, language, "Bea Back", 2, true)
	a.back = need(s.Sales.GiveBack(ctx, a.back.ID, a.back.Tickets[:1]))(t)
	a.waiting = a.invoice(t, language, "Wanda Waits", 2, false)
	return a
}

// invoice orders tickets by invoice, and has the money come.
func (a *aftermath) invoice(t *testing.T, language, name string, count int, come bool) sales.Order {
	t.Helper()
	ctx, s := t.Context(), world.server.Sales
	o := need(s.Begin(ctx, sales.Cart{Event: a.event, Wanted: []sales.Wanted{{Offer: "stalls", Count: count}}, Language: language}))(t)
	email := strings.ToLower(strings.ReplaceAll(name, " ", ".")+"@"+a.event) + ".example"
	o, _, err := s.Pay(ctx, o.ID, sales.Payment{Method: catalog.MethodInvoice, Details: &sales.Details{Name: name, Email: email, Address: "Deichstraße 9\n20459 Hamburg", Language: language}})
	if err != nil {
		t.Fatal(err)
	}
	if come {
		o = need(s.Receive(ctx, o.ID, sales.Received{Via: sales.Bank, Ref: "line " + o.Code, Amount: o.Total, Who: "Cleo"}))(t)
	}
	return o
}
