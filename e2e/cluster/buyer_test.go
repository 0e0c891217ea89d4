package cluster

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"

	"usher/e2e/rig"
	"usher/e2e/visitor"
	"usher/server/catalog"
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
	*visitor.Browser
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
	b := &buyer{Browser: r.town.web.Browser(d, r.number*100_000+number), manner: m, round: r, again: rig.Chance(d, 10), more: rig.Chance(d, 10), cards: slices.Clone(m.cards)}
	if rig.Chance(d, 60) {
		b.key = fmt.Sprintf("%016x%016x", d.Uint64(), d.Uint64())
	}
	b.tale = &tale{number: number, manner: m.name, email: fmt.Sprintf("buyer-%d-%d@example.org", r.number, number), told: map[string]bool{}}
	return b
}

// buy is all that the buyer does.
func (b *buyer) buy() *tale {
	defer b.Client.CloseIdleConnections()
	p, ended := b.begin()
	if p != nil {
		ended = b.order(p)
	}
	b.tale.ended = ended
	return b.tale
}

// begin fills a cart and gives the page of the order, or says why there is none.
func (b *buyer) begin() (*visitor.Page, string) {
	p, err := b.Insist(http.MethodGet, b.round.path(), nil)
	if err != nil {
		return nil, err.Error()
	}
	f := p.Form("/order")
	if f == nil || !b.fill(f) {
		return nil, "sold out"
	}
	if f.Values.Get("n.seat") != "0" && rig.Chance(b.Dice, 60) {
		if f, err = b.choose(f); err != nil {
			return nil, err.Error()
		}
	}
	b.Pause(5, 60)
	if b.again && b.key != "" {
		defer b.beside(f)() // which has to be the same order
	}
	p, err = b.Insist(http.MethodPost, f.Action, f.Values)
	switch {
	case err != nil:
		return nil, err.Error()
	case p.Standing() == "":
		return nil, "none left"
	}
	b.path, b.tale.code = p.Path, p.Code()
	return p, ""
}

// fill chooses what to buy: of one product, or of two.
func (b *buyer) fill(f *visitor.Form) bool {
	offers := []string{"n.ga", "n.ga", "n.reduced", "n.child", "n.seat", "n.seat"}
	b.Dice.Shuffle(len(offers), func(i, j int) { offers[i], offers[j] = offers[j], offers[i] })
	chosen := 0
	for _, name := range offers {
		if f.Values.Get(name) != "0" {
			continue
		}
		if most := len(f.Offers[name]) - 1; most > 0 && (chosen == 0 || chosen == 1 && rig.Chance(b.Dice, 15)) {
			f.Values.Set(name, f.Offers[name][1+b.Dice.IntN(most)])
			chosen++
		}
	}
	if b.key != "" {
		f.Values.Set("key", b.key)
	}
	return chosen > 0
}

// choose takes seats from the plan, side by side if there are such, in place of the best
// so many. Where none is free any more it stays with the form as it is.
func (b *buyer) choose(f *visitor.Form) (*visitor.Form, error) {
	p, err := b.Insist(http.MethodGet, b.round.path()+"/seats/seat", nil)
	if err != nil {
		return nil, err
	}
	plan := p.Form("/order")
	if plan == nil {
		return f, nil
	}
	free := plan.Offers["seat.seat"]
	n := min(len(free), 1+b.Dice.IntN(3))
	if n == 0 {
		return f, nil
	}
	first := b.Dice.IntN(len(free) - n + 1)
	plan.Values["seat.seat"] = free[first : first+n]
	if b.key != "" {
		plan.Values.Set("key", b.key)
	}
	return plan, nil
}

// beside submits a form on another connection at the same moment, and gives what
// waits for the end of that.
func (b *buyer) beside(f *visitor.Form) func() {
	other := b.Web.Browser(rand.New(rand.NewPCG(b.Dice.Uint64(), 0)), 0)
	other.Address = b.Address
	var work sync.WaitGroup
	work.Go(func() {
		defer other.Client.CloseIdleConnections()
		p, err := other.Follow(http.MethodPost, f.Action, f.Values)
		if err == nil && p.Standing() != "" && b.key != "" {
			b.same(p)
		}
	})
	return work.Wait
}

// same holds a second answer under the cart's key to be of the same order.
func (b *buyer) same(p *visitor.Page) {
	b.round.mu.Lock()
	defer b.round.mu.Unlock()
	if b.round.keys[b.key] == "" {
		b.round.keys[b.key] = p.Code()
	}
	if have := b.round.keys[b.key]; have != p.Code() {
		b.T.Errorf("one key is order %s and order %s", have, p.Code())
	}
}

// lookAgain is how often a buyer looks at an order that doesn't move.
const lookAgain = 120

// order is what a buyer does at the page of an order, whatever it is.
func (b *buyer) order(p *visitor.Page) string {
	if b.key != "" {
		b.same(p)
	}
	for range lookAgain {
		standing := p.Standing()
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
		case "over", "left", "back", "blocked", "awaiting":
			return standing
		default:
			b.T.Errorf("buyer %d (%s): the order's page is %q: %.500s", b.tale.number, b.name, standing, p.Body)
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
func (b *buyer) hear(standing string, p *visitor.Page) {
	if b.tale.told["paid"] && !slices.Contains([]string{"paid", "back", "blocked"}, standing) {
		b.T.Errorf("buyer %d (%s): order %s was said to be paid, and then its page is %q", b.tale.number, b.name, b.tale.code, standing)
	}
	if b.tale.code != p.Code() {
		b.T.Errorf("buyer %d (%s): order %s became order %s", b.tale.number, b.name, b.tale.code, p.Code())
	}
	if standing == "paid" && !b.tale.told["paid"] {
		b.round.town.paidTold.Add(1)
	}
	b.tale.told[standing], b.tale.last = true, standing
}

// atForm fills in the form, or goes. No page is that the buyer is gone.
func (b *buyer) atForm(p *visitor.Page) (*visitor.Page, error) {
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
	f := p.Form("/pay")
	if f == nil {
		return nil, fmt.Errorf("an order's form is without a form: %.500s", p.Body)
	}
	if len(f.Offers["method"]) > 0 {
		f.Values.Set("method", cmp.Or(b.later, catalog.MethodCard))
	}
	f.FillIn(fmt.Sprintf("Buyer %d", b.tale.number), b.tale.email)
	b.Pause(5, 80)
	if b.stop == atForm {
		_, err := b.Insist(http.MethodPost, strings.TrimSuffix(f.Action, "/pay")+"/details", f.Values)
		return nil, err
	}
	return b.pay(f)
}

// pay goes to the provider.
func (b *buyer) pay(f *visitor.Form) (*visitor.Page, error) {
	if b.again {
		defer b.beside(f)()
	}
	b.paid++
	p, err := b.Insist(http.MethodPost, f.Action, f.Values)
	if err != nil || p.Standing() != "" {
		return p, err // the order is otherwise by now
	}
	return b.provider(p)
}

// atAway is the page of who went to pay and came back.
func (b *buyer) atAway(p *visitor.Page) (*visitor.Page, error) {
	if b.leave {
		if p, err := b.Insist(http.MethodGet, b.path+"?change", nil); err != nil || p.Standing() != "form" {
			return p, err
		}
		return b.act(p, "/leave")
	}
	if f := p.Form("/pay"); f != nil && !b.tale.charged && b.paid < 12 && len(b.cards) > 0 {
		b.Pause(20, 100)
		return b.pay(f)
	}
	b.Pause(150, 400)
	return b.Insist(http.MethodGet, b.path, nil)
}

// act presses a button of the order's page that has nothing to fill in. Where it is
// gone by now, the page is shown again.
func (b *buyer) act(p *visitor.Page, suffix string) (*visitor.Page, error) {
	f := p.Form(suffix)
	if f == nil {
		return b.Insist(http.MethodGet, b.path, nil)
	}
	return b.Insist(http.MethodPost, f.Action, f.Values)
}

// download fetches the tickets, now and then.
func (b *buyer) download(p *visitor.Page) {
	if !rig.Chance(b.Dice, 20) {
		return
	}
	_, _ = b.Insist(http.MethodGet, b.path+"/tickets.pdf", nil) // whether it is one was looked at
}
