package shop

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"usher/server/catalog"
	"usher/server/sales"
	"usher/server/ticketing"
)

// folder is where pictures of pages go, for a person to look at; "" for nowhere.
var folder = flag.String("pictures", "", "folder into which pictures of the pages that give back are written")

// look pictures the page as it is, on a phone and on a desk, and has axe-core look at it.
func (b *tab) look(name string) {
	b.t.Helper()
	b.clean()
	if *folder == "" {
		return
	}
	for _, width := range []int{360, 1280} {
		b.must(b.Size(width, 740))
		picture, err := b.WholePicture()
		b.must(err)
		b.must(os.WriteFile(filepath.Join(*folder, fmt.Sprintf("%s-%d.png", name, width)), picture, 0o600))
	}
	b.must(b.Size(360, 740))
}

// sailors buys places at the regatta by card, at the sandbox's page.
func (b *tab) sailors(n int, email string) *made {
	b.t.Helper()
	ctx := b.t.Context()
	o, err := world.server.Sales.Begin(ctx, sales.Cart{Event: "REGATTA", Language: "en", Wanted: []sales.Wanted{{Offer: "quay", Count: n}}})
	if err != nil {
		b.t.Fatal(err)
	}
	o, page, err := world.server.Sales.Pay(ctx, o.ID, sales.Payment{Method: catalog.MethodCard, Details: &sales.Details{Name: "Ada Lovelace", Email: email, Terms: true}})
	if err != nil {
		b.t.Fatal(err)
	}
	if page[0] == '/' {
		page = world.url + page
	}
	b.must(b.Go(page))
	b.card("4242424242424242")
	b.says("Your tickets are ready")
	m := &made{b.t, o}
	return m.is(world.server.Sales.Order(ctx, o.ID))
}

// A buyer gives one of two tickets back and sees what goes back; then the organiser
// calls the event off, sees how far that comes, and the buyer sees that all is void and
// on its way back.
func TestGivingBackAndCallingOff(t *testing.T) {
	b := open(t, 360, 740)
	two := b.sailors(2, "ada@example.org")
	b.must(b.Click(".give-back summary"))
	b.says("€24.30 goes back to you, €2.70 is kept")
	b.look("order-give-back")
	b.must(b.Click(".give-back .button"))
	b.says("Please choose the tickets")
	b.must(b.Click(".give-back .check"))
	b.must(b.Click(".give-back .button"))
	b.says("You have given tickets back")
	b.says("Given back: not good any more")
	b.says("on its way to you")
	b.look("order-gave-back")
	tickets, err := world.server.Tickets.Of(t.Context(), "REGATTA", two.Tickets)
	if err != nil || tickets[0].State != ticketing.Cancelled || tickets[1].State != ticketing.Valid {
		t.Fatalf("the tickets are %+v, %v", tickets, err)
	}

	b.sailors(1, "bea@example.org")
	key, err := world.server.ManagerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.visit("/manage/orders/" + two.Code + "?key=" + key)
	b.says("Money that goes back")
	b.look("manage-order")
	b.visit("/manage/orders?event=REGATTA")
	b.look("manage-orders")
	b.visit("/manage/events/REGATTA/off")
	b.look("manage-off")
	b.fill("why-off", "storm warning")
	b.fill("confirm", "REGATTE")
	b.must(b.Click("form[action$=call-off] .danger"))
	b.says("type the event's code, REGATTA")
	eval[string](b, `(() => { document.getElementById("confirm").value = "REGATTA"; return ""; })()`)
	b.must(b.Click("form[action$=call-off] .danger"))
	b.says("Called off: storm warning")
	b.look("manage-off-under-way")
	b.must(b.Wait(`document.getElementById("phase").textContent === "everybody is told" && document.getElementById("count").textContent === "2 of 2"`, patience))
	b.must(b.Wait(`[...document.querySelectorAll("#back td")].some((td) => td.textContent === "made")`, patience))
	b.must(b.Wait(`document.getElementById("tickets").textContent === "2"`, patience))
	b.look("manage-off-done")
	b.visit(two.path())
	b.says("This event was called off: storm warning")
	b.look("order-called-off")
	pass(2e9) // what was read of the shop before is good for a second
	b.visit("/events/REGATTA")
	b.says("This event was called off: storm warning")
	b.look("event-called-off")
}
