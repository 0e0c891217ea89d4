package wallet

import (
	"slices"
	"strings"
	"testing"

	"usher/crypto/ticket"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/sync/admission"
)

// Somebody gives a ticket away by a link; another browser accepts without an account.
// The first one's code is refused at the gate with the words for it, the second one's
// is let in.
func TestGivingATicketAway(t *testing.T) {
	path, tickets := buy(t, night, "gina@example.org", sales.Wanted{Offer: "ga", Count: 1})
	first, second := newPhone(t, 360, 740), newPhone(t, 360, 740)
	first.keepOrder(path)
	first.must(first.Click(".card"))
	first.says("Give it to somebody")
	if eval[bool](first, `document.body.innerText.includes("Sell it on")`) {
		t.Error("a ticket that cost nothing leads to where it would be sold on")
	}
	first.press("Give it to somebody")
	first.says("Mail me a link that I hand on")
	first.press("Give it away")
	first.says("A mail with the link went to gina@example.org")
	first.says("It is still yours")

	link := second.mailed("gina@example.org", "Hand this on", offerLink)
	second.must(second.Go(link))
	second.says("gives you a ticket")
	second.fill("name", "Hugo Holder")
	second.fill("email", "hugo@example.org")
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
	second.must(second.Go(link))
	second.says("It was accepted already")
}

// Two of three tickets go to somebody by one link, who accepts both at once and opens them
// from the mail about it. The third stays, and with it the code of whoever gave.
func TestGivingSeveralAway(t *testing.T) {
	path, tickets := buy(t, night, "sam@example.org", sales.Wanted{Offer: "ga", Count: 3})
	first, second := newPhone(t, 360, 740), newPhone(t, 360, 740)
	first.keepOrder(path)
	first.must(first.Click(".card"))
	first.press("Give it to somebody")
	first.says("Which tickets?")
	first.must(first.Click("input[name=with]:not(:disabled)"))
	first.clean()
	first.press("Give it away")
	first.says("Take the offer of 2 tickets back")

	second.must(second.Go(second.mailed("sam@example.org", "Hand this on", offerLink)))
	second.says("gives you 2 tickets")
	second.fill("name", "Nora New")
	second.fill("email", "nora@example.org")
	second.press("Accept the tickets")
	second.says("They are yours")
	second.enter("nora@example.org", "Yours now")
	second.must(second.Wait(`document.querySelectorAll(".card").length === 2`, patience))

	mine, err := world.server.Tickets.HeldBy(t.Context(), "nora@example.org")
	first.must(err)
	if len(mine) != 2 {
		t.Fatalf("%d tickets went over, want 2", len(mine))
	}
	for _, before := range tickets {
		now := slices.IndexFunc(mine, func(one ticketing.Ticket) bool { return one.ID == before.ID })
		if now < 0 {
			wants(t, night, before.Token, admission.Accept, admission.Entry)
			continue
		}
		wants(t, night, before.Token, admission.Reject, admission.Superseded)
		wants(t, night, mine[now].Token, admission.Accept, admission.Entry)
	}
	first.visit("/wallet")
	first.ready()
	first.must(first.Wait(`document.querySelectorAll(".card").length === 1`, patience))
}

// A live ticket is mailed straight to somebody by their address, who accepts it from that
// mail without an account when they have answered what the organiser asks, and can have it
// sent nowhere else. The code that the giver's phone shows is refused then, with the words
// for it.
func TestGivingToAnAddress(t *testing.T) {
	path, tickets := buy(t, night, "stan@example.org", sales.Wanted{Offer: "course", Count: 1})
	first, second := newPhone(t, 360, 740), newPhone(t, 360, 740)
	first.keepOrder(path)
	first.makeLive()
	first.press("Give it to somebody")
	first.must(first.Click("input[value=person]"))
	first.fill("give-name", "Ida Invited")
	first.fill("give-email", "ida@example.org")
	first.press("Give it away")
	first.says("A mail with the link went to ida@example.org")
	first.says("Offered to Ida Invited")
	first.press("Show the code")
	live := first.code()
	a, err := world.gates[night].door.Look(live)
	if first.must(err); a.Result != admission.Accept {
		t.Errorf("before it is accepted the gate says %s %s", a.Result, a.Reason)
	}

	second.must(second.Go(second.mailed("ida@example.org", "gives you tickets", offerLink)))
	second.says("They go to ida@example.org")
	if eval[bool](second, `document.getElementById("email") !== null`) {
		t.Error("whoever opens the link may have the ticket sent elsewhere")
	}
	second.press("Accept the ticket")
	second.says("Which hand do you tie with?") // and nothing is accepted
	second.look("transfer-asks")
	eval[bool](second, `(document.querySelector("select").value = "left", true)`)
	second.press("Accept the ticket")
	second.says("They are yours")
	if answers := held(t, "ida@example.org").Answers; answers != ticketing.AnswersOf(map[string]string{"hand": "left"}) {
		t.Errorf("the organiser has %s for an answer", answers)
	}
	second.enter("ida@example.org", "Yours now")
	second.must(second.Click(".card"))
	second.says("Whose it was")
	second.must(second.Click("section.act summary"))
	second.says("From Ada Lovelace")
	second.press("Show the code")
	for _, before := range []string{tickets[0].Token, live} {
		a = scans(t, night, before)
		if a.Result != admission.Reject || a.Reason != admission.Superseded || !strings.Contains(a.Display.Why, "the new holder has the code") {
			t.Errorf("the giver's %.4s: %s %s, %q", before, a.Result, a.Reason, a.Display.Why)
		}
	}
	wants(t, night, second.code(), admission.Accept, admission.Entry)
}
