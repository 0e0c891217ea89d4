package shop

import (
	"fmt"
	"testing"
	"time"
)

// value is what a field holds.
func (b *tab) value(id string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf(`document.getElementById(%q).value`, id))
}

// What only a code shows is found with it, bought with it, and not there without.
func TestHiddenProduct(t *testing.T) {
	b := open(t, 360, 740)
	b.visit("/events/DEMO")
	if eval[bool](b, `document.body.textContent.includes("Friends of the harbour")`) {
		t.Error("it is there without the code")
	}
	b.must(b.Click("summary"))
	b.fill("code", "anchor\r")
	b.says("Friends of the harbour")
	b.set("n-friends", "1")
	b.must(b.Click("#cart .button"))
	b.says("Your details")
	b.says("1 × Friends of the harbour")
}

// The countdown tells minutes until the last two, and says then that they are; more
// time is had once, as the organiser allows.
func TestMoreTime(t *testing.T) {
	b := open(t, 360, 740)
	b.visit(begun(t).path())
	b.says("noch 10 min")
	pass(8*time.Minute + 30*time.Second)
	b.visit(eval[string](b, "location.pathname"))
	b.must(b.Wait(`/noch 1:[0-5]\d/.test(document.getElementById("clock").innerText)`, patience))
	b.must(b.Wait(`document.getElementById("soon").textContent.includes("zwei Minuten")`, patience))
	b.must(b.Click(".time button"))
	b.says("noch 12 min")
	if eval[bool](b, `document.querySelector(".time button") !== null`) {
		t.Error("there is more time to be had once more")
	}
}

// A phone whose clocks stood still while it slept counts down from what the server says as
// soon as somebody looks at it.
func TestCountdownAfterSleep(t *testing.T) {
	b := open(t, 360, 740)
	b.visit(begun(t).path())
	b.says("noch 10 min")
	pass(6 * time.Minute)
	eval[bool](b, `document.dispatchEvent(new Event("visibilitychange"))`)
	b.says("noch 4 min")
}

// A phone whose clock is wrong sees a sale begin when the server says that it has.
func TestSaleBeginsByTheServersClock(t *testing.T) {
	b := open(t, 360, 740)
	b.must(b.Before(`const right = Date.now.bind(Date); Date.now = () => right() + 30 * 86_400_000;`))
	b.visit("/events/SOON")
	b.must(b.Wait(`performance.getEntriesByName(location.href + "/left").length === 1`, patience))
	eval[bool](b, `(window.before = true, window.fetch = async () => Response.json({ left: {}, next: Number(document.body.dataset.next) + 60 }), document.dispatchEvent(new Event("visibilitychange")))`)
	b.must(b.Wait(`window.before !== true && document.getElementById("cart") !== null`, patience))
}

// A connection that is lost loses nothing: the page says so, keeps what was typed,
// also when it is loaded anew, and goes on when the line is there again.
func TestLostConnection(t *testing.T) {
	b := open(t, 360, 740)
	b.visit("/events/DEMO")
	b.set("n-standing", "2")
	world.cable.pull(true)
	defer world.cable.pull(false)
	b.must(b.Click("#cart .button"))
	b.says("There is no connection")
	b.clean()
	if n := b.value("n-standing"); n != "2" {
		t.Errorf("%s are chosen", n)
	}
	world.cable.pull(false)
	b.must(b.Click("#cart .button"))
	b.says("Your details")

	b.fill("name", "Ada Lovelace")
	b.fill("address", "12 St James’s Square")
	b.must(b.Go(world.url + eval[string](b, "location.pathname")))
	if name, address := b.value("name"), b.value("address"); name != "Ada Lovelace" || address != "12 St James’s Square" {
		t.Errorf("loaded anew, the page has %q and %q", name, address)
	}
	b.fill("email", "ada@example.org")
	b.must(b.Click("#terms"))
	world.cable.pull(true)
	b.must(b.Click(".details .wide"))
	b.says("There is no connection")
	if name, email := b.value("name"), b.value("email"); name != "Ada Lovelace" || email != "ada@example.org" {
		t.Errorf("without a connection the page has %q and %q", name, email)
	}
	world.cable.pull(false)
	b.must(b.Click(".details .wide"))
	b.must(b.Wait(`location.pathname.startsWith("/sandbox/")`, patience))
}

// Pressed twice, an order is paid for once; and whoever goes back from its tickets
// finds the tickets, never a form to pay again.
func TestPressingTwiceAndGoingBack(t *testing.T) {
	b := open(t, 360, 740)
	b.order()
	b.fill("name", "Ada Lovelace")
	b.fill("email", "ada@example.org")
	b.must(b.Click("#terms"))
	eval[string](b, `(() => { const pay = document.querySelector(".details .wide"); pay.click(); pay.click(); return ""; })()`)
	b.must(b.Wait(`location.pathname.startsWith("/sandbox/")`, patience))
	orders, err := world.server.Sales.Find(t.Context(), newest)
	if err != nil || len(orders) != 1 {
		t.Fatalf("%d orders, %v", len(orders), err)
	}
	story, err := world.server.Sales.Story(t.Context(), orders[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	started := 0
	for _, h := range story {
		if h.Kind == "started" {
			started++
		}
	}
	if started != 1 {
		t.Errorf("%d payments were begun: %+v", started, story)
	}
	b.card("4242424242424242")
	b.says("Your tickets are ready")
	b.goes(-2) // to the form, as the browser may have kept it
	b.says("Your tickets are ready")
	if eval[bool](b, `document.querySelector(".details") !== null`) {
		t.Error("there is a form to pay again")
	}
	b.goes(1) // to the payment page, which a browser may have kept as it was
	b.must(b.Wait(`document.querySelector(".tickets, .go button") !== null`, patience))
	if eval[bool](b, `document.querySelector(".go button") !== null`) {
		b.must(b.Click(".go button"))
	}
	b.says("Your tickets are ready")
	o, err := world.server.Sales.Order(t.Context(), orders[0].ID)
	if err != nil || o.Paid != o.Total || o.Refunded != 0 {
		t.Errorf("%d of %d are paid, %d went back, %v", o.Paid, o.Total, o.Refunded, err)
	}
}

// goes moves in the tab's history, and waits until another page is there.
func (b *tab) goes(by int) {
	b.t.Helper()
	eval[string](b, fmt.Sprintf(`(window.left = true, setTimeout(() => history.go(%d)), "")`, by))
	b.must(b.Wait(`window.left !== true && document.readyState === "complete"`, patience))
}

// All that is wrong with what was typed stands beside its field, and the first of it
// has the focus, without a script.
func TestWrongDetails(t *testing.T) {
	b := open(t, 360, 740)
	path := begun(t).path()
	press := func() {
		b.visit(path)
		eval[string](b, `(document.querySelector(".details").noValidate = true, "")`)
		b.must(b.Click(".details .wide"))
		b.says("9 Angaben fehlen noch")
	}
	press()
	b.clean()
	b.must(b.Scripts(false))
	press()
	b.must(b.Wait(`document.activeElement.id === "name"`, patience))
	if wrong := eval[int](b, `[...document.querySelectorAll("[aria-invalid=true]")].filter((f) => document.getElementById(f.getAttribute("aria-describedby")).innerText.startsWith("Bitte")).length`); wrong != 9 {
		t.Errorf("%d fields say what is wrong with them", wrong)
	}
}

// Seats are chosen without a script too, with a thumb, and no more than an order has.
func TestChoosingSeatsWithAThumb(t *testing.T) {
	b := open(t, 360, 740)
	b.visit("/events/DEMO/seats/seated")
	if small := eval[int](b, `[...document.querySelectorAll(".seat input, .jump a, .take button")].filter((e) => e.getBoundingClientRect().width < 44 || e.getBoundingClientRect().height < 44).length`); small != 0 {
		t.Errorf("%d targets are smaller than a thumb", small)
	}
	for n := 1; n <= 7; n++ {
		b.must(b.Click(fmt.Sprintf(`input[value="X-%d"]`, n)))
	}
	b.says("X-1, X-2, X-3, X-4, X-5, X-6 · €264.00 (6 are the most)")

	still := open(t, 360, 740)
	still.must(still.Scripts(false))
	still.visit("/events/DEMO/seats/seated")
	still.must(still.Click(`input[value="X-8"]`))
	still.must(still.Click(`input[value="X-9"]`))
	still.must(still.Click(`.take button`))
	still.says("Seat X-8, Seat X-9")
}
