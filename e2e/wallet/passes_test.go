package wallet

import (
	"log"
	"testing"

	"usher/server"
	"usher/server/pass/apple"
	"usher/server/pass/google"
	"usher/server/pass/passtest"
	"usher/server/sales"
)

// broken ends the whole run when its keys can't be made.
type broken struct{}

func (broken) Helper()          {}
func (broken) Fatal(why ...any) { log.Fatal(why...) }

// passKeys are those of nobody, for a Google that nobody reaches.
func passKeys() (k server.PassKeys, err error) {
	t := broken{}
	if k.Apple, err = apple.ParseIdentity(passtest.Identity(t, passtest.NewAuthority(t))); err != nil {
		return k, err
	}
	const nowhere = "https://127.0.0.1:1"
	k.GoogleURL = nowhere
	k.Google, err = google.ParseAccount(passtest.Account(t, nowhere+"/token"), "338800")
	return k, err
}

// A ticket is put into the wallet of a phone from its page, which says what such a pass
// is; where Google can't be reached the page says so and stays. A live ticket, and one of
// an event that wants such, is offered to no other wallet.
func TestOtherWallets(t *testing.T) {
	path, _ := buy(t, night, "pat@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p := newPhone(t, 360, 740)
	p.keepOrder(path)
	p.must(p.Click(".card"))
	p.says("A pass there shows the code that stays the same")
	got := eval[string](p, `fetch(document.querySelector(".passes a").href).then(async (answer) => [answer.status, answer.headers.get("content-type"),
		String.fromCharCode(...new Uint8Array(await answer.arrayBuffer()).slice(0, 2))].join(" "))`)
	if got != "200 application/vnd.apple.pkpass PK" {
		t.Errorf("Apple's pass is %s", got)
	}
	p.press("Save to Google Wallet")
	p.must(p.Wait(`document.querySelector(".passes [role=status]").textContent.includes("at the moment")`, patience))
	if at := eval[string](p, "location.href"); at != world.url+"/wallet" {
		t.Errorf("the page went to %s", at)
	}
	p.press("Make it live on this phone")
	p.press("Yes, on this phone")
	p.says("new every 15 seconds")
	if eval[bool](p, `document.querySelector(".passes") !== null`) {
		t.Error("a live ticket is offered as a pass")
	}
	path, _ = buy(t, strict, "pat@example.org", sales.Wanted{Offer: "ga", Count: 1})
	strictly := newPhone(t, 360, 740)
	strictly.keepOrder(path)
	strictly.must(strictly.Click(".card"))
	strictly.says("lets in live tickets only")
	if eval[bool](strictly, `document.querySelector(".passes") !== null`) {
		t.Error("a pass is offered that nobody lets in")
	}
}
