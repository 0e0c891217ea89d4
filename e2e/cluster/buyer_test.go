package cluster

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// tale is what a buyer can tell in the end.
type tale struct {
	number  int
	manner  string
	email   string
	code    string          // of the order; "" before they saw one
	told    map[string]bool // pages of the order that they were shown
	last    string          // of them
	charged bool            // the provider said that it is paid
	ended   string
}

// buyer is somebody at an event's pages.
type buyer struct {
	*browser
	*manner
	round *round
	tale  *tale
	key   string // of the cart; "" for none
	again bool   // they press twice, at the same moment
	more  bool   // they ask for more time

	path  string // of the order
	cards []string
	paid  int // how often they went to the provider
}

func (r *round) buyer(number int) *buyer {
	d := rand.New(rand.NewPCG(*seed, uint64(r.number)<<32|uint64(number)))
	m := &manners[0]
	if number < *crowd {
		m = drawManner(d)
	}
	b := &buyer{browser: r.town.web.browser(d, r.number*100_000+number), manner: m, round: r, again: chance(d, 10), more: chance(d, 10), cards: slices.Clone(m.cards)}
	if chance(d, 60) {
		b.key = fmt.Sprintf("%016x%016x", d.Uint64(), d.Uint64())
	}
	b.tale = &tale{number: number, manner: m.name, email: fmt.Sprintf("buyer-%d-%d@example.org", r.number, number), told: map[string]bool{}}
	return b
}

// buy is all that the buyer does.
func (b *buyer) buy() *tale {
	defer b.client.CloseIdleConnections()
	p, ended := b.begin()
	if p != nil {
		ended = b.order(p)
	}
	b.tale.ended = ended
	return b.tale
}

// begin fills a cart and gives the page of the order, or says why there is none.
func (b *buyer) begin() (*page, string) {
	p, err := b.insist(http.MethodGet, b.round.path(), nil)
	if err != nil {
		return nil, err.Error()
	}
	f := p.form("/order")
	if f == nil || !b.fill(f) {
		return nil, "sold out"
	}
	b.pause(5, 60)
	if b.again && b.key != "" {
		defer b.beside(f)() // which has to be the same order
	}
	p, err = b.insist(http.MethodPost, f.action, f.values)
	switch {
	case err != nil:
		return nil, err.Error()
	case p.standing() == "":
		return nil, "none left"
	}
	b.path, b.tale.code = p.path, p.code()
	return p, ""
}

// fill chooses what to buy: of one product, or of two.
func (b *buyer) fill(f *form) bool {
	offers := []string{"n.ga", "n.ga", "n.reduced", "n.child", "n.seat", "n.seat"}
	b.dice.Shuffle(len(offers), func(i, j int) { offers[i], offers[j] = offers[j], offers[i] })
	chosen := 0
	for _, name := range offers {
		if f.values.Get(name) != "0" {
			continue
		}
		if most := len(f.offers[name]) - 1; most > 0 && (chosen == 0 || chosen == 1 && chance(b.dice, 15)) {
			f.values.Set(name, f.offers[name][1+b.dice.IntN(most)])
			chosen++
		}
	}
	if b.key != "" {
		f.values.Set("key", b.key)
	}
	return chosen > 0
}

// beside submits a form on another connection at the same moment, and gives what
// waits for the end of that.
func (b *buyer) beside(f *form) func() {
	other := b.web.browser(rand.New(rand.NewPCG(b.dice.Uint64(), 0)), 0)
	other.address = b.address
	var work sync.WaitGroup
	work.Go(func() {
		defer other.client.CloseIdleConnections()
		p, err := other.follow(http.MethodPost, f.action, f.values)
		if err == nil && p.standing() != "" && b.key != "" {
			b.same(p)
		}
	})
	return work.Wait
}

// same holds a second answer under the cart's key to be of the same order.
func (b *buyer) same(p *page) {
	b.round.mu.Lock()
	defer b.round.mu.Unlock()
	if b.round.keys[b.key] == "" {
		b.round.keys[b.key] = p.code()
	}
	if have := b.round.keys[b.key]; have != p.code() {
		b.t.Errorf("one key is order %s and order %s", have, p.code())
	}
}

// lookAgain is how often a buyer looks at an order that doesn't move.
const lookAgain = 120

// order is what a buyer does at the page of an order, whatever it is.
func (b *buyer) order(p *page) string {
	if b.key != "" {
		b.same(p)
	}
	for range lookAgain {
		standing := p.standing()
		b.hear(standing, p)
		var err error
		switch standing {
		case "form":
			p, err = b.atForm(p)
		case "away":
			p, err = b.atAway(p)
		case "paid":
			b.download(p)
			return "paid"
		case "over", "left", "back", "blocked":
			return standing
		default:
			b.t.Errorf("buyer %d (%s): the order's page is %q: %.500s", b.tale.number, b.name, standing, p.body)
			return "lost"
		}
		if err != nil {
			return err.Error()
		}
		if p == nil {
			return "gone"
		}
	}
	return "lost patience"
}

// hear notes what a buyer is told. Once paid, nothing else but that the money went
// back is no lie.
func (b *buyer) hear(standing string, p *page) {
	if b.tale.told["paid"] && !slices.Contains([]string{"paid", "back", "blocked"}, standing) {
		b.t.Errorf("buyer %d (%s): order %s was said to be paid, and then its page is %q", b.tale.number, b.name, b.tale.code, standing)
	}
	if b.tale.code != p.code() {
		b.t.Errorf("buyer %d (%s): order %s became order %s", b.tale.number, b.name, b.tale.code, p.code())
	}
	if standing == "paid" && !b.tale.told["paid"] {
		b.round.town.paidTold.Add(1)
	}
	b.tale.told[standing], b.tale.last = true, standing
}

// atForm fills in the form, or goes. No page is that the buyer is gone.
func (b *buyer) atForm(p *page) (*page, error) {
	if b.stop == atCart {
		return nil, nil
	}
	if b.leave && (b.stop == atForm || b.paid > 0) {
		return b.act(p, "/leave")
	}
	if b.more {
		b.more = false
		return b.act(p, "/extend")
	}
	f := p.form("/pay")
	if f == nil {
		return nil, fmt.Errorf("an order's form is without a form: %.500s", p.body)
	}
	for _, name := range f.asked {
		switch {
		case name == "email":
			f.values.Set(name, b.tale.email)
		case name == "name" || strings.HasSuffix(name, ".name"):
			f.values.Set(name, fmt.Sprintf("Buyer %d", b.tale.number))
		case name == "terms":
			f.values.Set(name, "yes")
		case len(f.offers[name]) > 1 && f.values.Get(name) == "":
			f.values.Set(name, f.offers[name][1])
		}
	}
	b.pause(5, 80)
	if b.stop == atForm {
		_, err := b.insist(http.MethodPost, strings.TrimSuffix(f.action, "/pay")+"/details", f.values)
		return nil, err
	}
	return b.pay(f)
}

// pay goes to the provider.
func (b *buyer) pay(f *form) (*page, error) {
	if b.again {
		defer b.beside(f)()
	}
	b.paid++
	p, err := b.insist(http.MethodPost, f.action, f.values)
	if err != nil || p.standing() != "" {
		return p, err // the order is otherwise by now
	}
	return b.provider(p)
}

// atAway is the page of who went to pay and came back.
func (b *buyer) atAway(p *page) (*page, error) {
	if b.leave {
		if p, err := b.insist(http.MethodGet, b.path+"?change", nil); err != nil || p.standing() != "form" {
			return p, err
		}
		return b.act(p, "/leave")
	}
	if f := p.form("/pay"); f != nil && !b.tale.charged && b.paid < 12 && len(b.cards) > 0 {
		b.pause(20, 100)
		return b.pay(f)
	}
	b.pause(150, 400)
	return b.insist(http.MethodGet, b.path, nil)
}

// act presses a button of the order's page that has nothing to fill in. Where it is
// gone by now, the page is shown again.
func (b *buyer) act(p *page, suffix string) (*page, error) {
	f := p.form(suffix)
	if f == nil {
		return b.insist(http.MethodGet, b.path, nil)
	}
	return b.insist(http.MethodPost, f.action, f.values)
}

// download fetches the tickets, now and then.
func (b *buyer) download(p *page) {
	if !chance(b.dice, 20) {
		return
	}
	_, _ = b.insist(http.MethodGet, b.path+"/tickets.pdf", nil) // whether it is one was looked at
}
