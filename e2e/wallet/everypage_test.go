package wallet

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"usher/server/resale"
	"usher/server/sales"
)

// Links in mails about the waiting list.
var (
	keptLink  = regexp.MustCompile(`http://\S+/resale/offer/\S+`)
	leaveLink = regexp.MustCompile(`http://\S+/resale/leave/\S+`)
)

// stop is a page to look at: where it is, "" for where the one before is, and what is done
// there before.
type stop struct {
	name, address string
	then          func(*phone)
}

// others are the languages beside English.
var others = []string{"de", "fr", "es"}

// walk goes through pages in a language. axe-core, which takes longer than all else, looks
// at each in English and in one of the others in turn.
func (p *phone) walk(language string, stops []stop) {
	p.t.Helper()
	p.must(p.Speak(language))
	for i, s := range stops {
		if strings.HasPrefix(s.address, "/") {
			s.address = world.url + s.address
		}
		if s.address != "" {
			eval[bool](p, `(history.replaceState(null, ""), true)`) // or the wallet opens the ticket that was open
			p.must(p.Go(s.address))
		}
		if s.then != nil {
			s.then(p)
		}
		switch other := slices.Index(others, language); {
		case other < 0 || other == i%len(others):
			p.look(language + "-" + s.name)
		case *folder != "":
			p.show(language + "-" + s.name)
		default:
			p.fits()
			p.reachable()
		}
		if said := eval[string](p, "document.documentElement.lang"); said != language {
			p.t.Errorf("%s says that it is in %q, want %s", s.name, said, language)
		}
	}
}

// card opens a ticket of the wallet.
func card(n int) func(*phone) {
	return func(p *phone) {
		p.t.Helper()
		p.must(p.Wait(`document.querySelector(".card") !== null`, patience))
		p.must(p.Wait(fmt.Sprintf(`(document.querySelectorAll(".card")[%d].click(), document.querySelector("main.ticket .act"))`, n), patience))
	}
}

// The pages on the way in fit a small phone and a desk in each language that is longer than
// English, and axe-core has nothing against them: of an address that is none, of a link that
// is on its way, and of one that is good and then used up.
func TestPagesOnTheWayIn(t *testing.T) {
	asks := func(email, then string) func(*phone) {
		return func(p *phone) {
			p.t.Helper()
			eval[bool](p, `(document.querySelector("form.sign").noValidate = true)`)
			p.fill("email", email)
			p.must(p.Click("form.sign button"))
			p.must(p.Wait(then, patience))
		}
	}
	p := newPhone(t, 360, 740)
	for _, language := range others {
		link := need(world.server.Accounts.Link(t.Context(), "lea@example.org", language))(t)
		p.walk(language, []stop{
			{"sign-in", "/wallet", (*phone).ready},
			{"sign-in-wrong", "", asks("nobody", `document.getElementById("email-wrong") !== null && document.body.dataset.ready === "yes"`)},
			{"sign-in-sent", "", asks("lea@example.org", `document.body?.dataset.page === "sent" && document.readyState === "complete"`)},
			{"enter", link, nil},
			{"enter-over", "", func(p *phone) {
				_, _, err := world.server.Accounts.Enter(t.Context(), path.Base(link), "", "another phone")
				p.must(err)
				p.must(p.Go(link))
				p.must(p.Wait(`document.body.dataset.page === "over"`, patience))
			}},
		})
	}
}

// Every page on which tickets are kept, given away, sold on and given back fits a small
// phone and has nothing on it that a thumb misses, in each language, and axe-core has
// nothing against it; and so with the organiser's pages about it.
func TestPagesAfterTheSale(t *testing.T) {
	a := happen(t, "AFTER", "en")
	p := newPhone(t, 360, 740)
	p.must(world.server.Resale.Wait(t.Context(), a.event, "will@after.example", "en", 2))
	leave := p.mailed("will@after.example", "waiting list", leaveLink)
	left := need(world.server.Tickets.Of(t.Context(), a.event, a.back.Tickets[1:]))(t)
	need(world.server.Resale.List(t.Context(), left[0], resale.Asked{Price: 5050}))(t)
	kept := p.mailed("will@after.example", "a ticket for you", keptLink)
	offer := p.mailed(a.paid.Details.Email, "Hand this on", offerLink)
	order := func(o *sales.Order) string { return "/order/" + need(world.server.Sales.Link(t.Context(), o))(t) }
	p.keepOrder(a.order)
	sell := "/wallet/resale/" + a.event + "/"
	for _, language := range append(others, "en") {
		p.walk(language, []stop{
			{"wallet", "/wallet", (*phone).ready},
			{"wallet-ticket", "", card(0)},
			{"wallet-give", "", func(p *phone) {
				eval[bool](p, `([...document.querySelectorAll("section.act button")].at(-1).click(), true)`)
				p.must(p.Click("input[value=person]"))
			}},
			{"wallet-offered", "", func(p *phone) {
				eval[bool](p, `(document.querySelector("dialog#give").close(), document.querySelector(".back").click(), true)`)
				card(2)(p)
				if eval[int](p, `document.querySelectorAll(".links a").length`) != 4 { // a map, a calendar, a PDF, a pass
					t.Error("a ticket that is offered leads to where it would be sold on")
				}
			}},
			{"transfer", offer, nil},
			{"transfer-done", "/transfer/done", nil},
			{"market", "/events/" + a.event + "/resale?lang=" + language, nil},
			{"sell", sell + a.tickets[0].ID.String(), nil},
			{"sell-listed", sell + a.tickets[1].ID.String(), nil},
			{"sell-cant", sell + a.tickets[2].ID.String(), nil},
			{"market-offer", kept, nil},
			{"market-leave", leave, nil},
			{"order", a.order + "?lang=" + language, func(p *phone) { eval[bool](p, `(document.querySelector("details.give-back").open = true)`) }},
			{"order-back", order(&a.back) + "?lang=" + language, nil},
			{"order-awaiting", order(&a.waiting) + "?lang=" + language, nil},
		})
	}
	manage := "/manage/events/" + a.event
	p.visit(manage + "?key=" + need(world.server.ManagerKey(t.Context()))(t))
	p.walk("en", []stop{
		{"manage-order", "/manage/orders/" + a.paid.Code, nil},
		{"manage-order-back", "/manage/orders/" + a.back.Code, nil},
		{"manage-order-awaiting", "/manage/orders/" + a.waiting.Code, nil},
		{"manage-orders", "/manage/orders?event=" + a.event, nil},
		{"manage-ticket", manage + "/tickets/" + a.tickets[0].ID.String(), nil},
		{"manage-resale", manage + "/resale", nil},
		{"manage-off", manage + "/off", nil},
		{"manage-mail", "/manage/mail", nil},
	})
}
