package aftersale

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"usher/crypto/keyring"
	"usher/e2e/rig"
	"usher/e2e/visitor"
)

// person is somebody with a mailbox, a browser and two phones.
type person struct {
	*visitor.Browser
	town   *town
	name   string
	email  string
	dice   *rand.Rand
	phones []*phone
	orders []string // paths of the pages of those that are paid
	asked  int      // for links by mail
	only   *card    // what they pay with; nil: any
}

func (w *town) newPerson(n int) *person {
	d := dice(100 + uint64(n))
	p := &person{Browser: w.web.Browser(d, n), town: w, name: fmt.Sprintf("Person %d", n), email: fmt.Sprintf("person-%d@example.org", n), dice: d}
	for i := range 2 {
		key, err := keyring.FromSeed(fmt.Appendf(nil, "%032d", 2*n+i))
		w.must(err)
		p.phones = append(p.phones, &phone{Browser: w.web.Browser(d, 1000+2*n+i), person: p, name: fmt.Sprintf("%s's phone %d", p.name, i), key: key})
	}
	return p
}

// habit is something that people do, and how often.
type habit struct {
	name  string
	often int
	do    func(*person)
}

var habits = []habit{
	{"buy", 2, (*person).buy},
	{"look", 6, func(p *person) { p.phone().look() }},
	{"bind", 12, func(p *person) { p.phone().bind() }},
	{"renew", 2, func(p *person) { p.phone().renew() }},
	{"offer", 6, func(p *person) { p.phone().offer() }},
	{"take an offer back", 2, func(p *person) { p.phone().takeBack() }},
	{"accept", 8, (*person).accept},
	{"list", 4, func(p *person) { p.phone().list() }},
	{"take off sale", 2, func(p *person) { p.phone().offSale() }},
	{"buy on", 5, (*person).buyOn},
	{"give back", 2, (*person).giveBack},
	{"come in", 1, (*person).comeIn},
	{"come with an old code", 8, (*person).tryOld},
}

// live does one thing after the other.
func (p *person) live(until time.Time) {
	p.buy()
	for time.Now().Before(until) && !p.town.t.Failed() {
		rig.Draw(p.dice, habits, func(h habit) int { return h.often }).do(p)
		p.Pause(2, 40)
	}
}

func (p *person) phone() *phone { return p.phones[p.dice.IntN(len(p.phones))] }

// card is what people pay with: at once, late, or so that their bank takes it back.
type card struct {
	number string
	often  int
	late   bool // it is paid when the buyer is gone
	moves  bool // the bank takes the money back for a while, or for good
}

var cards = []card{
	{"4242424242424242", 10, false, false},
	{"4000000000000127", 2, false, false}, // nobody is told
	{"4000000000000135", 2, false, false}, // all are told twice
	{"4000000000000077", 2, true, false},  // slow
	{"4000000000000150", 3, true, false},  // after the places went back
	{"4000000000000259", 1, false, true},  // disputed, and lost
	{"4000000000000267", 1, false, true},  // disputed, and won
}

// buy orders one to four tickets and pays for them.
func (p *person) buy() {
	page, err := p.Insist(http.MethodGet, "/events/"+event, nil)
	if err != nil {
		return
	}
	f := page.Form("/order")
	if f == nil {
		return
	}
	product := rig.Draw(p.dice, []string{"n.ga", "n.seat"}, func(string) int { return 1 })
	most := len(f.Offers[product]) - 1
	if most < 1 {
		return // sold out
	}
	f.Values.Set(product, f.Offers[product][1+p.dice.IntN(min(most, 3))])
	page, err = p.Insist(http.MethodPost, f.Action, f.Values)
	if err != nil || page.Standing() != "form" {
		return
	}
	p.checkout(page)
}

// checkout pays for an order at whose page somebody is: of new tickets, or of listings.
func (p *person) checkout(page *visitor.Page, listings ...string) {
	path, code := page.Path, page.Code()
	card := rig.Draw(p.dice, cards, func(c card) int { return c.often })
	if p.only != nil {
		card = *p.only
	}
	if card.moves {
		p.town.moves(code)
	}
	f := page.Form("/pay")
	if f == nil {
		return
	}
	f.FillIn(p.name, p.email)
	page, err := p.Insist(http.MethodPost, f.Action, f.Values)
	if err != nil {
		return
	}
	acts := p.buying(listings, card.moves)
	if f = page.Form("/card"); f != nil {
		f.Values.Set("card", card.number)
		if _, err := p.Follow(http.MethodPost, f.Action, f.Values); err != nil {
			p.Pause(50, 200) // whether it was taken the order's page says
		}
	}
	if card.late {
		return // and finds out by mail
	}
	if p.awaitPaid(path, code) {
		p.bought(acts, listings)
	}
}

// awaitPaid looks at an order's page until it is paid, or for some time, and says
// whether it is.
func (p *person) awaitPaid(path, code string) bool {
	for range 20 {
		page, err := p.Insist(http.MethodGet, path, nil)
		if err != nil {
			return false
		}
		switch page.Standing() {
		case "paid", "blocked":
			p.orders = append(p.orders, path)
			p.town.paid(code)
			return true
		case "form", "away":
			p.Pause(30, 100)
		default:
			return false
		}
	}
	return false
}

// comeIn goes to a gate with the newest code that one of the phones has.
func (p *person) comeIn() {
	if rig.Chance(p.dice, 70) {
		p.phone().look()
	}
	ph := p.phone()
	if c := ph.anyCode(); c != nil {
		p.town.post(p.dice).scan(c, p.name)
	}
}

// tryOld goes to a gate with any code that there ever was of a ticket, this person's or
// not: codes are passed on.
func (p *person) tryOld() {
	list := p.town.all()
	if len(list) == 0 {
		return
	}
	k := list[p.dice.IntN(len(list))]
	k.mu.Lock()
	var c *code
	if n := len(k.codes); n > 1 {
		c = k.codes[p.dice.IntN(n-1)]
	}
	k.mu.Unlock()
	if c != nil && c.shows() {
		p.town.post(p.dice).scan(c, p.name)
	}
}

func (w *town) post(d *rand.Rand) *post { return w.posts[d.IntN(len(w.posts))] }

// paid notes an order that its buyer was told is paid.
func (w *town) paid(code string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bought = append(w.bought, code)
}

// moves notes an order whose payment the buyer's bank may take back.
func (w *town) moves(code string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moving[code] = true
}
