package aftersale

import (
	"net/http"
	"strings"

	"usher/crypto/ticket"
	"usher/e2e/visitor"
)

// giveBack has a buyer give a ticket of one of their orders back, as the event allows.
func (p *person) giveBack() {
	if len(p.orders) == 0 {
		return
	}
	path := p.orders[p.dice.IntN(len(p.orders))]
	page, err := p.Insist(http.MethodGet, path, nil)
	if err != nil {
		return
	}
	f := page.Form("/back")
	if f == nil || len(f.Offers["ticket"]) == 0 {
		return
	}
	text := f.Offers["ticket"][p.dice.IntN(len(f.Offers["ticket"]))]
	id, err := ticket.ParseID(text)
	if err != nil {
		p.T.Error(err)
		return
	}
	f.Values["ticket"] = []string{text}
	k := p.town.of(id)
	a := k.begin("give back by the buyer", p.name)
	page, lost := p.press(f)
	switch {
	case page == nil:
	case strings.HasSuffix(page.Path, "?back"):
		k.mu.Lock()
		if holder := k.holder(a); holder != "" && holder != p.email {
			k.wrong("%s gives it back, and it is %s's", p.name, holder)
		}
		k.mu.Unlock()
		a.done(void, "")
	case !lost:
		a.refuse(page.Status)
	}
}

// press submits a form until there is an answer, and says whether one was lost: then
// what was asked for may be done already.
func (p *person) press(f *visitor.Form) (page *visitor.Page, lost bool) {
	for range 12 {
		page, err := p.Follow(http.MethodPost, f.Action, f.Values)
		if err == nil && page.Status != http.StatusServiceUnavailable && page.Status != http.StatusTooManyRequests {
			return page, lost
		}
		lost = lost || err != nil
		p.Pause(80, 300)
	}
	return nil, lost
}

// holder is who had the ticket for sure while an act was under way, by what was
// acknowledged before; "": that can't be said. The caller holds mu.
func (k *papers) holder(during *act) (email string) {
	newest := -1
	for _, a := range k.acts {
		switch {
		case a == during || a.refused || a.holder == "" && !a.ended.IsZero():
		case a.ended.IsZero() || a.ended.After(during.begun):
			return ""
		case a.generation > newest:
			newest, email = a.generation, a.holder
		}
	}
	return email
}
