package wallet

import (
	"regexp"
	"strings"
	"testing"

	"usher/crypto/ticket"
	"usher/server/sales"
	"usher/sync/admission"
)

var transferLink = regexp.MustCompile(`/transfer/[0-9A-Za-z_-]{43}`)

// Somebody gives a ticket away by a link; another browser accepts without an account.
// The first one's code is refused at the gate with the words for it, the second one's
// is let in.
func TestGivingATicketAway(t *testing.T) {
	path, tickets := buy(t, night, "gina@example.org", sales.Wanted{Offer: "ga", Count: 1})
	first, second := newPhone(t, 360, 740), newPhone(t, 360, 740)
	first.keepOrder(path)
	first.must(first.Click(".card"))
	first.says("Give it to somebody")
	first.press("Give it to somebody")
	first.says("Mail me a link that I hand on")
	first.clean()
	first.press("Give it away")
	first.says("A mail with the link went to gina@example.org")
	first.says("It is still yours")

	offers, err := world.server.Transfers.OpenFor(t.Context(), night, []ticket.ID{tickets[0].ID})
	if err != nil || len(offers) != 1 {
		t.Fatalf("there are %d offers, %v", len(offers), err)
	}
	mails, err := world.server.Post.About(t.Context(), "transfer/"+offers[tickets[0].ID].ID)
	first.must(err)
	letter, err := world.server.Transfers.Compose(t.Context(), mails[0].Mail)
	first.must(err)
	link := transferLink.FindString(letter.Text)
	second.visit(link)
	second.says("gives you a ticket")
	second.clean()
	second.must(second.Click("#name"))
	second.must(second.Keys("Hugo Holder"))
	second.must(second.Click("#email"))
	second.must(second.Keys("hugo@example.org"))
	second.press("Accept the ticket")
	second.says("Look in your mail")
	if at := eval[string](second, "location.href"); strings.Contains(at, "/transfer/") && at != world.url+"/transfer/done" {
		t.Errorf("the address says %s", at)
	}
	a := scans(t, night, tickets[0].Token)
	if a.Result != admission.Reject || a.Reason != admission.Superseded || !strings.Contains(a.Display.Why, "the new holder has the code") {
		t.Errorf("the first one's code: %s %s, %q", a.Result, a.Reason, a.Display.Why)
	}
	now, err := world.server.Tickets.Of(t.Context(), night, []ticket.ID{tickets[0].ID})
	first.must(err)
	wants(t, night, now[0].Token, admission.Accept, admission.Entry)

	eval[bool](first, `(dispatchEvent(new Event("online")), true)`)
	first.must(first.Wait(`!document.body.innerText.includes("Show the code")`, patience))
	first.visit(path)
	first.says("Given to Hugo Holder on")
	second.visit(link)
	second.says("It was accepted already")
}
