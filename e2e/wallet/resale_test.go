package wallet

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/server/ticketing"
	"usher/sync/admission"
)

// folder is where pictures of pages go, for a person to look at; "" for nowhere.
var folder = flag.String("pictures", "", "folder into which pictures of the pages after the sale and of every mail are written")

// look has axe-core look at the page on a phone, wants it to fit a desk too, and pictures
// it on both.
func (p *phone) look(name string) {
	p.t.Helper()
	p.show(name)
	p.clean()
	p.reachable()
}

// show wants the page to fit a desk and a phone, and pictures it on both.
func (p *phone) show(name string) {
	p.t.Helper()
	for _, width := range []int{1280, 360} {
		p.must(p.Size(width, 740))
		p.fits()
		if *folder != "" {
			picture, err := p.WholePicture()
			p.must(err)
			p.must(os.WriteFile(filepath.Join(*folder, fmt.Sprintf("%s-%d.png", name, width)), picture, 0o600))
		}
	}
}

// fill types into a field as a person does, over what stands there.
func (p *phone) fill(id, text string) {
	p.t.Helper()
	p.must(p.Click("#" + id))
	eval[bool](p, fmt.Sprintf(`(document.getElementById(%q).select(), true)`, id))
	p.must(p.Keys(text))
}

// pays fills in the order in sight, pays it with a card at the sandbox, and gives the
// path of its page.
func (p *phone) pays(name, email string) (path string) {
	p.t.Helper()
	p.says("Your details")
	path = eval[string](p, `location.pathname`)
	p.fill("name", name)
	p.fill("email", email)
	p.must(p.Click(".details .wide"))
	p.must(p.Wait(`location.pathname.startsWith("/sandbox/") && document.querySelector(".go button") !== null`, patience))
	p.must(p.Click(`input[name=card][value="4242424242424242"]`))
	p.must(p.Click(".go button"))
	p.says("Your tickets are ready")
	return path
}

// held gives the one ticket of tonight that an address has.
func held(t *testing.T, email string) ticketing.Ticket {
	t.Helper()
	list, err := world.server.Tickets.HeldBy(t.Context(), email)
	if err != nil || len(list) != 1 {
		t.Fatalf("%s has %d tickets, %v", email, len(list), err)
	}
	return list[0]
}

// Somebody who can't come puts their ticket up in the wallet, for no more than the cap;
// another browser buys it by card. The seller's code is refused at the gate with the words
// for it, the buyer's is let in.
func TestSellingATicketOn(t *testing.T) {
	seller, buyer := newPhone(t, 360, 740), newPhone(t, 1280, 800)
	market := "/events/" + night + "/resale"
	buyer.visit(market)
	buyer.says("Nobody sells a ticket on at the moment")
	seller.visit("/events/" + night)
	eval[bool](seller, `(() => { const s = document.getElementById("n-lounge"); s.value = "1"; s.dispatchEvent(new Event("change", { bubbles: true })); return true; })()`)
	seller.must(seller.Click("#cart button"))
	order := seller.pays("Selma Seller", "selma@example.org")
	before := held(t, "selma@example.org")
	seller.keepOrder(order)
	seller.must(seller.Click(".card"))
	seller.press("Sell it on")
	seller.says("You may ask €50.29 at most")
	seller.fill("price", "50.30")
	seller.press("Put it up for sale")
	seller.says("Please say what you ask, up to €50.29")
	seller.fill("price", "40")
	seller.press("Put it up for sale")
	seller.says("It is for sale at €40.00")
	seller.says("€38.00") // less the fee

	pass(2 * time.Second) // a marketplace that was drawn is good for one
	buyer.visit(market)
	buyer.says("€42.00") // with the fee on top
	buyer.must(buyer.Click("input[name=listing]"))
	buyer.press("Continue")
	buyer.says("Your details")
	seller.press("Take it off sale")
	seller.says("Somebody is buying it just now")
	buyer.pays("Bo Buyer", "bo@example.org")

	after := held(t, "bo@example.org")
	if after.ID != before.ID || after.Token == before.Token {
		t.Errorf("the buyer has ticket %s with the code before: %t", after.ID.Short(), after.Token == before.Token)
	}
	a := scans(t, night, before.Token)
	if a.Result != admission.Reject || a.Reason != admission.Superseded || !strings.Contains(a.Display.Why, "the new holder has the code") {
		t.Errorf("the seller's code: %s %s, %q", a.Result, a.Reason, a.Display.Why)
	}
	wants(t, night, after.Token, admission.Accept, admission.Entry)

	pass(2 * time.Second)
	buyer.visit(market)
	buyer.says("Nobody sells a ticket on at the moment")
	seller.visit("/wallet")
	seller.ready()
	seller.must(seller.Wait(`document.querySelector(".card") === null`, patience))
	seller.visit(order)
	seller.says("Sold to somebody else on")

	key, err := world.server.ManagerKey(t.Context())
	buyer.must(err)
	manager := newPhone(t, 360, 740)
	manager.visit("/manage/events/" + night + "?key=" + key)
	manager.must(manager.Wait(`document.querySelectorAll("#gates tr").length > 0`, patience)) // or the link moves under the finger
	manager.press("Tickets sold on")
	manager.says("Selma Seller")
}
