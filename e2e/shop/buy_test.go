package shop

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// fill types into a field as a person does.
func (b *tab) fill(id, text string) {
	b.t.Helper()
	b.must(b.Click("#" + id))
	b.must(b.Keys(text))
}

// says waits until the page has a text.
func (b *tab) says(text string) {
	b.t.Helper()
	if err := b.Wait(fmt.Sprintf("document.body && document.body.innerText.includes(%q)", text), patience); err != nil {
		b.t.Fatalf("%v; %s says %.800s", err, eval[string](b, `location.pathname`), eval[string](b, `document.body.innerText`))
	}
}

// set chooses a value of a select, as choosing with the keyboard would.
func (b *tab) set(id, value string) {
	b.t.Helper()
	b.must(b.Click("#" + id))
	eval[string](b, fmt.Sprintf(`(() => { const s = document.getElementById(%q); s.value = %q; s.dispatchEvent(new Event("change", { bubbles: true })); return ""; })()`, id, value))
}

// order takes two standing tickets to the page of their order.
func (b *tab) order() {
	b.t.Helper()
	b.visit("/events/DEMO")
	b.set("n-standing", "2")
	b.must(b.Click("#cart button"))
	b.says("Your details")
}

// details gives name, address and agreement, and goes on to pay.
func (b *tab) details() {
	b.t.Helper()
	b.fill("name", "Ada Lovelace")
	b.fill("email", "ada@example.org")
	b.must(b.Click("#terms"))
	b.must(b.Click(".details .wide"))
	b.must(b.Wait(`location.pathname.startsWith("/sandbox/")`, patience))
}

// card pays at the sandbox with a card.
func (b *tab) card(number string) {
	b.t.Helper()
	b.must(b.Wait(`document.querySelector(".go button") !== null`, patience)) // all of the form is there
	eval[string](b, fmt.Sprintf(`(() => { document.querySelector('input[name=card][value="%s"]').checked = true; return ""; })()`, number))
	b.must(b.Click(".go button"))
}

// clean has axe-core look at the page.
func (b *tab) clean() {
	b.t.Helper()
	flaws, err := b.Flaws()
	b.must(err)
	for _, f := range flaws {
		b.t.Error(f)
	}
	if wide, screen := eval[int](b, `document.documentElement.scrollWidth`), eval[int](b, `innerWidth`); wide > screen {
		b.t.Errorf("the page is %d pixels wide on a screen of %d", wide, screen)
	}
}

// With scripts: a card that is declined, then one that works, and the tickets.
func TestBuyingWithADeclinedCard(t *testing.T) {
	b := open(t, 360, 740)
	b.order()
	b.must(b.Wait(`document.getElementById("clock").innerText === "10 min left"`, patience))
	b.clean()
	b.details()
	b.card("4000000000000002")
	b.must(b.Wait(`document.querySelector("[role=alert], .complaint, #complaint") !== null`, patience))
	b.card("4242424242424242")
	b.says("Your tickets are ready")
	b.clean()
	if pdf := eval[string](b, `fetch(document.querySelector(".files a").href).then((a) => a.headers.get("Content-Type"))`); pdf != "application/pdf" {
		t.Errorf("the tickets are %s", pdf)
	}
}

// Without scripts: the same way, down to what is wrong with a field.
func TestBuyingWithoutScripts(t *testing.T) {
	b := open(t, 1280, 800)
	b.must(b.Scripts(false))
	b.order()
	b.details()
	b.card("4242424242424242")
	b.says("Your tickets are ready")
}

// The time runs out while the buyer is at the payment page; the order says so, in
// another tab too.
func TestTimeRunsOutWhilePaying(t *testing.T) {
	b := open(t, 360, 740)
	b.order()
	order := eval[string](b, `location.pathname`)
	b.details()
	other := open(t, 1280, 800)
	other.visit(order)
	other.says("You have not paid yet")
	other.clean()
	pass(11 * time.Minute)
	other.says("The time is over") // it looks by itself
	b.visit(order)
	b.says("The time is over")
	b.clean()
}

// Two tabs have one order: given back in one, the other says so and buys nothing.
func TestTwoTabs(t *testing.T) {
	b := open(t, 360, 740)
	b.order()
	order := eval[string](b, `location.pathname`)
	other := open(t, 360, 740)
	other.visit(order)
	other.says("Your details")
	b.must(b.Click(".summary button"))
	b.says("You have given the tickets back")
	other.fill("name", "Ada")
	other.fill("email", "ada@example.org")
	other.must(other.Click("#terms"))
	other.must(other.Click(".details .wide"))
	other.says("You have given the tickets back")
	if at := eval[string](other, `location.pathname`); !strings.HasPrefix(at, "/order/") {
		t.Errorf("the other tab is at %s", at)
	}
}

// Seats are chosen on a plan, by their names.
func TestChoosingSeats(t *testing.T) {
	b := open(t, 360, 740)
	b.visit("/events/DEMO")
	eval[string](b, `(document.querySelector('a[href*="/seats/"]').click(), "")`) // its middle may be between two lines
	b.must(b.Wait(`document.querySelector("main.seats") !== null`, patience))
	b.clean()
	b.must(b.Click(`input[value="V-3"]`))
	b.must(b.Click(`input[value="V-4"]`))
	b.must(b.Click(`.seats button`))
	b.says("Seat V-3")
	b.says("Seat V-4")
	b.clean()
	other := open(t, 1280, 800)
	other.visit("/events/DEMO/seats/seated")
	other.must(other.Wait(`document.querySelector('input[value="V-3"]').disabled`, patience))
}
