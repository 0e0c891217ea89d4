package cluster

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"usher/e2e/books"
	"usher/e2e/visitor"
)

// manage is the organiser, who gives money back now and then: of a ticket, of a whole
// order, or because they cancel it. What fails they send again as it was.
func (r *round) manage() {
	d := rand.New(rand.NewPCG(*seed, uint64(r.number)<<32|1<<31))
	b := r.town.web.Browser(d, 99_000+r.number)
	b.Bearer = r.town.manager
	defer b.Client.CloseIdleConnections()
	done := map[string]bool{}
	for len(done) < 6 && !r.over.Load() && r.next.Load() <= int64(*crowd) {
		b.Pause(200, 900)
		code := r.someonePaid(d)
		if code == "" || done[code] {
			continue
		}
		done[code] = true
		p, err := b.Insist(http.MethodGet, "/manage/orders/"+code, nil)
		if err != nil {
			continue
		}
		if f := giveBack(b.Dice, p); f != nil {
			_, _ = b.Insist(http.MethodPost, f.Action, f.Values) // what came of it the oracle sees
		}
	}
}

// receive is who looks at the bank's statements and sits at the box office: for each order
// that is to be paid they say that the money came, or they cancel it. What fails they do
// again.
func (r *round) receive() {
	d := rand.New(rand.NewPCG(*seed, uint64(r.number)<<32|1<<30))
	b := r.town.web.Browser(d, 98_000+r.number)
	b.Bearer = r.town.manager
	defer b.Client.CloseIdleConnections()
	for !r.over.Load() {
		b.Pause(50, 250)
		due, err := r.due()
		if err != nil {
			continue // the database is gone for a moment
		}
		for _, code := range due {
			p, err := b.Insist(http.MethodGet, "/manage/orders/"+code, nil)
			if err != nil {
				break
			}
			if f := paidByHand(p, code); f != nil {
				_, _ = b.Insist(http.MethodPost, f.Action, f.Values) // what came of it the oracle sees
			}
		}
	}
}

// due gives the codes of the event's orders that are to be paid.
func (r *round) due() ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return books.Strings(ctx, r.town.db, `select code from sale_order where event = $1 and state = 'awaiting' order by code`, r.code)
}

// paidByHand fills in the form by which an order is paid, or for one in four the one by
// which it is cancelled, always the same for an order; nil where it is decided already.
func paidByHand(p *visitor.Page, code string) *visitor.Form {
	f, cancel := p.Form("/receive"), p.Form("/cancel")
	if f == nil || cancel == nil {
		return nil
	}
	if code[0]%4 == 0 {
		cancel.Values.Set("why", "nobody paid")
		return cancel
	}
	f.Values.Set("ref", "slip "+code)
	return f
}

// someonePaid gives an order that its buyer knows to be paid, by a card that nobody
// disputes.
func (r *round) someonePaid(d *rand.Rand) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.tales) == 0 {
		return ""
	}
	told := r.tales[d.IntN(len(r.tales))]
	if !told.told["paid"] || strings.HasPrefix(told.manner, "disputed") {
		return ""
	}
	return told.code
}

// giveBack fills in one of the forms of an order's page; nil where there is nothing to
// give back.
func giveBack(d *rand.Rand, p *visitor.Page) *visitor.Form {
	refund, cancel := p.Form("/refund"), p.Form("/cancel")
	if refund == nil || cancel == nil || len(refund.Offers["ticket"]) == 0 {
		return nil
	}
	f := refund
	switch d.IntN(3) {
	case 0:
		f.Values.Set("ticket", f.Offers["ticket"][0])
	case 1:
		f.Values.Set("all", "yes")
	case 2:
		f = cancel
	}
	f.Values.Set("why", "the hall is smaller than it was")
	return f
}
