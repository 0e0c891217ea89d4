package cluster

import (
	"fmt"
	"net/http"
	"strings"
)

// provider is what a buyer does at the provider's page, until they are at the order's
// again. No page is that they are gone.
func (b *buyer) provider(p *page) (*page, error) {
	for range lookAgain {
		if p.standing() != "" {
			return p, nil
		}
		if !strings.HasPrefix(p.path, "/sandbox/pay/") {
			return nil, fmt.Errorf("to pay leads to %s: %.500s", short(p.path), p.body)
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
			b.pause(150, 400)
			p, err = b.insist(http.MethodGet, p.path, nil)
		case "paid":
			b.tale.charged = true
			if b.stop == atPaid {
				return nil, nil
			}
			p, err = b.insist(http.MethodGet, b.path, nil)
		case "over":
			p, err = b.insist(http.MethodGet, b.path, nil)
		}
		if err != nil || p == nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the provider keeps the buyer")
}

// step is where a payment is, as the provider's page says.
func (b *buyer) step(p *page) string {
	switch h := p.heading(); {
	case p.form("/card") != nil:
		return "card"
	case p.form("/confirm") != nil:
		return "confirm"
	case strings.Contains(h, "working"):
		return "working"
	case h == "Paid":
		return "paid"
	}
	return "over"
}

// turnBack is for who sees where to pay and doesn't.
func (b *buyer) turnBack() (*page, error) {
	if b.leave {
		return b.insist(http.MethodGet, b.path, nil)
	}
	return nil, nil
}

// card pays with the next card. When no answer comes they look how it stands: the
// card is used up only once it did something.
func (b *buyer) card(p *page) (*page, error) {
	f := p.form("/card")
	f.values.Set("card", cardNumbers[b.cards[0]])
	b.pause(5, 60)
	after, err := b.follow(http.MethodPost, f.action, f.values)
	if err != nil || after.status == http.StatusServiceUnavailable {
		b.pause(50, 200)
		after, err := b.insist(http.MethodGet, p.path, nil)
		if err == nil && b.step(after) != "card" {
			b.used(after)
		}
		return b.stopped(after), err
	}
	b.used(after)
	return b.stopped(after), nil
}

// used puts the card away that was pressed last.
func (b *buyer) used(p *page) {
	b.cards = b.cards[1:]
	if p.standing() != "" {
		b.tale.charged = true // the provider sends whoever paid back
	}
}

// stopped gives no page to who goes as soon as they have paid.
func (b *buyer) stopped(p *page) *page {
	if p != nil && b.tale.charged && b.stop == atPaid {
		return nil
	}
	return p
}

// confirm answers the bank.
func (b *buyer) confirm(p *page) (*page, error) {
	f := p.form("/confirm")
	f.values.Set("answer", "yes")
	if b.deny && len(b.cards) > 0 {
		f.values.Set("answer", "no")
	}
	after, err := b.insist(http.MethodPost, f.action, f.values)
	if err == nil && after.standing() != "" {
		b.tale.charged = true
	}
	return after, err
}
