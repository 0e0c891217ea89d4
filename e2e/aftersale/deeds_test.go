package aftersale

import (
	"strings"
	"time"

	"usher/e2e/books"
	"usher/server/resale"
)

// deed is something that has to have happened in every run, and how it is brought about.
type deed struct {
	what string
	done func() bool
	do   func()
}

// The cards that are paid with late, and those of which the bank takes the money back.
const (
	slow     = "4000000000000077"
	tooLate  = "4000000000000150"
	lostCard = "4000000000000259"
	wonCard  = "4000000000000267"
)

// firstCards are what the first people pay with at first, so that what takes its time has
// happened when the rest has.
var firstCards = []string{lostCard, wonCard, slow, tooLate}

// cardOf gives a card by its number.
func cardOf(number string) card {
	for _, c := range cards {
		if c.number == number {
			return c
		}
	}
	panic("nobody has card " + number)
}

// buyWith buys with one card.
func (p *person) buyWith(number string) {
	c := cardOf(number)
	p.only = &c
	p.buy()
	p.only = nil
}

// ready gives a phone of theirs that shows a good ticket.
func (p *person) ready() *phone {
	ph := p.phones[0]
	if ph.look(); ph.anyGood() == nil {
		p.buyWith(cards[0].number)
		ph.enter(false)
		ph.look()
	}
	return ph
}

// everything sees to it that each thing has been done at least once, however short the run
// was: what chance has left out is done now.
func (w *town) everything() {
	w.t.Helper()
	for _, d := range w.deeds() {
		for end := time.Now().Add(time.Minute); !d.done(); d.do() {
			if w.t.Failed() {
				return
			}
			if time.Now().After(end) {
				w.t.Errorf("nobody could %s", d.what)
				break
			}
		}
	}
}

// deeds are all that the test is of. Nobody lives any more, so two do for all.
func (w *town) deeds() []deed {
	a, b := w.people[0], w.people[1]
	d := dice(6)
	office := w.web.Browser(d, 99_001)
	office.Bearer = w.manager
	paid := func(number string) deed {
		return deed{"pay with " + number, func() bool { return w.paidWith(number) }, func() { a.buyWith(number) }}
	}
	return []deed{
		paid(lostCard), paid(wonCard), paid(slow), paid(tooLate),
		{"have a phone show a ticket", w.did("bind "), func() { a.ready().bind() }},
		{"have a new code made", w.did("renew "), func() { a.ready().renew() }},
		{"take an offer back", func() bool { return len(w.takenBack) > 0 }, func() { ph := a.ready(); ph.offer(); ph.takeBack() }},
		{"accept a ticket", w.did("accept "), func() {
			a.ready().offer()
			a.Pause(50, 150) // for the mail
			for _, p := range w.people {
				p.accept()
			}
		}},
		{"take a ticket off sale", func() bool { return len(w.listings(`where why = $1`, resale.TakenBack)) > 0 }, func() { ph := a.ready(); ph.list(); ph.offSale() }},
		{"buy a ticket that is sold on", w.did("buy on "), func() { a.ready().list(); b.buyOn() }},
		{"give a ticket back", w.did("give back by the buyer"), func() { a.ready(); a.giveBack() }},
		{"refund", w.did("give money back "), func() { a.ready(); w.giveBack(d, office) }},
		{"reissue", w.did("reissue "), func() { w.reissue(d) }},
		{"write a ticket over", w.did("write over "), func() { w.writeOver(d) }},
		{"come in", w.scanned(true), func() { a.ready(); a.comeIn() }},
		{"be turned away with an old code", w.scanned(false), func() { a.ready(); w.reissue(d); a.phones[0].look(); a.tryOld() }},
	}
}

// did says whether anything that begins so was done.
func (w *town) did(what string) func() bool {
	return func() bool {
		for _, k := range w.all() {
			for _, a := range k.acts {
				if !a.refused && !a.ended.IsZero() && strings.HasPrefix(a.what, what) {
					return true
				}
			}
		}
		return false
	}
}

// scanned says whether a gate has let anybody in, or turned anybody away.
func (w *town) scanned(in bool) func() bool {
	return func() bool {
		for _, k := range w.all() {
			for _, s := range k.scans {
				if !s.ended.IsZero() && s.green == in {
					return true
				}
			}
		}
		return false
	}
}

// paidWith says whether a card was taken.
func (w *town) paidWith(number string) bool {
	ctx, cancel := w.ctx()
	defer cancel()
	list, err := books.Strings(ctx, w.organiser.DB, `select ref from sandbox_payment where card = $1 and outcome = 'paid'`, number)
	w.note(err)
	return len(list) > 0
}
