package cluster

import (
	"fmt"
	"net/http"
	"strings"

	"usher/e2e/visitor"
)

// provider is what a buyer does at the provider's page, until they are at the order's
// again. No page is that they are gone.
func (b *buyer) provider(p *visitor.Page) (*visitor.Page, error) {
	for range lookAgain {
		if p.Standing() != "" {
			return p, nil
		}
		if !strings.HasPrefix(p.Path, "/sandbox/pay/") {
			return nil, fmt.Errorf("to pay leads to %s: %.500s", visitor.Short(p.Path), p.Body)
		}
		var err error
		switch step := b.step(p); step {
		case "card":
			if b.stop == atProvider || len(b.cards) == 0 {
				return b.turnBack()
			}
			p, err = b.card(p)
		case "confirm":
			p, err = b.confirm(p)
		case "working":
			if b.stop == atWaiting {
				return nil, nil
			}
			b.Pause(150, 400)
			p, err = b.Insist(http.MethodGet, p.Path, nil)
		case "paid":
			b.tale.charged = true
			if b.stop == atPaid {
				return nil, nil
			}
			p, err = b.Insist(http.MethodGet, b.path, nil)
		case "over":
			p, err = b.Insist(http.MethodGet, b.path, nil)
		}
		if err != nil || p == nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the provider keeps the buyer")
}

// step is where a payment is, as the provider's page says.
func (b *buyer) step(p *visitor.Page) string {
	switch h := p.Heading(); {
	case p.Form("/card") != nil:
		return "card"
	case p.Form("/confirm") != nil:
		return "confirm"
	case strings.Contains(h, "working"):
		return "working"
	case h == "Paid":
		return "paid"
	}
	return "over"
}

// turnBack is for who sees where to pay and doesn't.
func (b *buyer) turnBack() (*visitor.Page, error) {
	if b.leave {
		return b.Insist(http.MethodGet, b.path, nil)
	}
	return nil, nil
}

// card pays with the next card. When no answer comes they look how it stands: the
// card is used up only once it did something.
func (b *buyer) card(p *visitor.Page) (*visitor.Page, error) {
	f := p.Form("/card")
	f.Values.Set("card", cardNumbers[b.cards[0]])
	b.Pause(5, 60)
	after, err := b.Follow(http.MethodPost, f.Action, f.Values)
	if err != nil || after.Status == http.StatusServiceUnavailable {
		b.Pause(50, 200)
		after, err := b.Insist(http.MethodGet, p.Path, nil)
		if err == nil && b.step(after) != "card" {
			b.used(after)
		}
		return b.stopped(after), err
	}
	b.used(after)
	return b.stopped(after), nil
}

// used puts the card away that was pressed last.
func (b *buyer) used(p *visitor.Page) {
	b.cards = b.cards[1:]
	if p.Standing() != "" {
		b.tale.charged = true // the provider sends whoever paid back
	}
}

// stopped gives no page to who goes as soon as they have paid.
func (b *buyer) stopped(p *visitor.Page) *visitor.Page {
	if p != nil && b.tale.charged && b.stop == atPaid {
		return nil
	}
	return p
}

// confirm answers the bank.
func (b *buyer) confirm(p *visitor.Page) (*visitor.Page, error) {
	f := p.Form("/confirm")
	f.Values.Set("answer", "yes")
	if b.deny && len(b.cards) > 0 {
		f.Values.Set("answer", "no")
	}
	after, err := b.Insist(http.MethodPost, f.Action, f.Values)
	if err == nil && after.Standing() != "" {
		b.tale.charged = true
	}
	return after, err
}
