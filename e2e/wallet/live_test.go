package wallet

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/server/sales"
	"usher/sync/admission"
)

// From the mail to the gate: signed in by a link, the ticket made live, the network cut,
// the page loaded anew, and the code that it makes by itself is let in. What was printed
// before is void.
func TestLiveWithTheNetworkOff(t *testing.T) {
	_, tickets := buy(t, night, "ada@example.org", sales.Wanted{Offer: "ga", Count: 1})
	printed := tickets[0].Token
	p := newPhone(t, 360, 740)
	p.visit("/wallet")
	p.must(p.Click("#email"))
	p.must(p.Keys("Ada@example.org"))
	p.press("Send me a link")
	p.says("Look in your mail")
	link := p.mailed("ada@example.org", "link to your tickets", entryLink)
	p.must(p.Go(link))
	p.says("opens the tickets of ada@example.org")
	p.press("Open my tickets")
	p.ready()
	if at := eval[string](p, "location.href"); at != world.url+"/wallet" {
		t.Errorf("signed in, the page is at %s", at)
	}
	p.says("Harbour Night")
	p.makeLive()
	wants(t, night, printed, admission.Reject, admission.Superseded)

	p.must(p.Wait(`navigator.serviceWorker.controller !== null`, patience))
	world.way.Cut()
	defer world.way.Mend()
	p.visit("/wallet")
	p.ready()
	p.says("No network") // and the ticket that was open is open still
	p.press("Show the code")
	p.says("new in")
	code := p.code()
	if !strings.HasPrefix(code, "UP1:") {
		t.Fatalf("the page shows %.20s", code)
	}
	wants(t, night, code, admission.Accept, admission.Entry)
	p.must(p.Go(world.url + "/wallet"))
	world.way.Mend()
	p.must(p.Go(link))
	p.says("This link is over")
}

// A picture of a live code is good for as long as the code is, and dead then.
func TestPictureOfALiveCode(t *testing.T) {
	path, _ := buy(t, night, "bea@example.org", sales.Wanted{Offer: "ga", Count: 2})
	p := newPhone(t, 360, 740)
	p.must(p.Before(fmt.Sprintf(`const right = Date.now.bind(Date); Date.now = () => right() + %d;`, time.Duration(world.ahead.Load()).Milliseconds())))
	p.keepOrder(path)
	p.makeLive()
	p.press("Show the code")
	picture := p.code()
	if err := world.gates[night].door.Sync(); err != nil {
		t.Fatal(err)
	}
	a, err := world.gates[night].door.Look(picture)
	if err != nil || a.Result != admission.Accept {
		t.Fatalf("while it is new the gate says %s %s, %v", a.Result, a.Reason, err)
	}
	pass(61 * time.Second)
	wants(t, night, picture, admission.Reject, admission.StaleCode)
	p.must(p.Wait(`performance.getEntriesByName("code").length > 0`, patience))
	// The server's clock went ahead of the phone's; the page follows it.
	p.press("Hide")
	p.visit("/wallet")
	p.ready()
	p.says("clock is 1 minute slow")
	p.press("Show the code")
	wants(t, night, p.code(), admission.Accept, admission.Entry)
}

// A phone whose clock is seven minutes slow, and that has seen no network since it saw the
// server's: it shows a new code every fifteen seconds, counts down to the next, and each
// one is let in.
func TestCodesByTheServersClock(t *testing.T) {
	path, _ := buy(t, night, "jan@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p := newPhone(t, 360, 740)
	slow := 7*time.Minute - time.Duration(world.ahead.Load())
	p.must(p.Before(fmt.Sprintf(`const right = Date.now.bind(Date); window.behind = %d; Date.now = () => right() - window.behind;`, slow.Milliseconds())))
	p.keepOrder(path)
	p.makeLive()
	p.must(p.Wait(`navigator.serviceWorker.controller !== null`, patience))
	world.way.Cut()
	defer world.way.Mend()
	p.visit("/wallet")
	p.ready()
	p.says("No network")
	p.says("clock is 7 minutes slow")
	p.clean()
	p.press("Show the code")
	first := p.code()
	if err := world.gates[night].door.Sync(); err != nil {
		t.Fatal(err)
	}
	if a, err := world.gates[night].door.Look(first); err != nil || a.Result != admission.Accept {
		t.Fatalf("the gate says %s %s, %v", a.Result, a.Reason, err)
	}
	const count, turn = `document.querySelector("#code .count").innerText`, `document.querySelector("#code canvas").dataset.turn`
	p.must(p.Wait(fmt.Sprintf(`/^new in \d+ s$/.test(%[1]s) && %[1]s !== %[2]q`, count, eval[string](p, count)), patience)) // a second later
	before := eval[string](p, turn)
	pass(15 * time.Second)
	eval[bool](p, `(window.behind -= 15_000, true)`)
	p.must(p.Wait(fmt.Sprintf(`%s !== %q`, turn, before), patience))
	second := p.code()
	if second == first {
		t.Error("it is the same code")
	}
	wants(t, night, second, admission.Accept, admission.Entry)
}

// A second phone takes a ticket over. The first one's code is refused from then on, and
// its page says what happened.
func TestAnotherPhoneTakesOver(t *testing.T) {
	path, _ := buy(t, night, "cleo@example.org", sales.Wanted{Offer: "seat", Count: 1})
	first, second := newPhone(t, 360, 740), newPhone(t, 360, 740)
	first.keepOrder(path)
	first.makeLive()
	first.press("Show the code")
	stale := first.code()

	second.keepOrder(path)
	second.says("On another phone")
	second.must(second.Click(".card"))
	second.says("Another phone shows this ticket since")
	second.press("Show it on this phone instead")
	second.press("Yes, show it here")
	second.says("new every 15 seconds")
	second.press("Show the code")
	wants(t, night, stale, admission.Reject, admission.Superseded)
	wants(t, night, second.code(), admission.Accept, admission.Entry)

	// The first one still shows its code until it sees the server, and then no more.
	eval[bool](first, `(dispatchEvent(new Event("online")), true)`)
	first.says("This ticket was moved to another phone")
	if eval[bool](first, `document.querySelector("dialog#code").open`) {
		t.Error("the first phone shows its dead code still")
	}
	// Somebody came in by now: the order's link alone moves it no further.
	first.press("Show it on this phone instead")
	first.press("Yes, show it here")
	first.says("Somebody came in with this ticket. Sign in by mail")
}

// Where only live tickets are let in nothing else is shown; nothing of a ticket is in
// sight before somebody taps for it.
func TestLiveOnly(t *testing.T) {
	path, tickets := buy(t, strict, "dan@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p := newPhone(t, 360, 740)
	id, err := world.server.Sales.Open(t.Context(), strings.TrimPrefix(path, "/order/"))
	p.must(err)
	mails, err := world.server.Post.About(t.Context(), id)
	p.must(err)
	letter, err := world.server.Sales.Compose(t.Context(), mails[0].Mail)
	p.must(err)
	if !strings.Contains(letter.Text, "lets in live tickets only") {
		t.Errorf("the mail says nothing of it: %s", letter.Text)
	}
	p.visit(path)
	p.says("This event lets in live tickets only")
	p.keepOrder(path)
	p.says("Make it live before you go")
	wants(t, strict, tickets[0].Token, admission.Reject, admission.LiveRequired)
	p.must(p.Click(".card"))
	p.says("lets in live tickets only")
	if eval[bool](p, `document.body.innerText.includes("Show the code")`) {
		t.Error("the page would show a code that nobody lets in")
	}
	p.press("Give it to somebody")
	p.must(p.Wait(`document.getElementById("give-email")?.checkVisibility() && document.querySelector("input[name=way]") === null`, patience)) // to named people only
	p.press("No")
	p.press("Make it live on this phone")
	p.press("Yes, on this phone")
	p.press("Show the code")
	wants(t, strict, p.code(), admission.Accept, admission.Entry)
}

// Where no typed codes are taken, the short code is a number for the box office.
func TestShortCodeThatLetsNobodyIn(t *testing.T) {
	path, tickets := buy(t, untyped, "fay@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p := newPhone(t, 360, 740)
	p.keepOrder(path)
	p.must(p.Click(".card"))
	p.press("Show the code")
	p.says("Ticket number, for the box office:")
	p.says(tickets[0].ID.Short())
	if eval[bool](p, `document.body.innerText.includes("If it can’t be read")`) {
		t.Error("the page promises that the short code lets in")
	}
}

// A browser that can't make such keys shows the ticket's one code and says what that
// means; where only live ones are let in it says that it can't.
func TestWithoutEd25519(t *testing.T) {
	p := newPhone(t, 360, 740)
	p.must(p.Before(`const make = crypto.subtle.generateKey.bind(crypto.subtle);
		crypto.subtle.generateKey = (how, ...rest) => how === "Ed25519" ? Promise.reject(new DOMException("", "NotSupportedError")) : make(how, ...rest);`))
	path, tickets := buy(t, night, "eve@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p.keepOrder(path)
	p.must(p.Click(".card"))
	p.says("This browser can’t make live codes, so the code stays the same")
	p.press("Show the code")
	p.says(tickets[0].ID.Short())
	if code := p.code(); code != tickets[0].Token {
		t.Errorf("the page shows %.20s", code)
	}
	wants(t, night, tickets[0].Token, admission.Accept, admission.Entry)

	path, _ = buy(t, strict, "eve@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p.keepOrder(path)
	p.must(p.Wait(`document.querySelectorAll(".card").length === 2`, patience))
	eval[bool](p, `([...document.querySelectorAll(".card")].find((c) => c.innerText.includes("live")).click(), true)`)
	p.says("Open your tickets in a newer browser")
}
