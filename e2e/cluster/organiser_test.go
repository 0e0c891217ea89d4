package cluster

import (
	"math/rand/v2"
	"net/http"
	"strings"
)

// manage is the organiser, who gives money back now and then: of a ticket, of a whole
// order, or because they cancel it. What fails they send again as it was.
func (r *round) manage() {
	d := rand.New(rand.NewPCG(*seed, uint64(r.number)<<32|1<<31))
	b := r.town.web.browser(d, 99_000+r.number)
	b.bearer = r.town.manager
	defer b.client.CloseIdleConnections()
	done := map[string]bool{}
	for len(done) < 6 && !r.over.Load() && r.next.Load() <= int64(*crowd) {
		b.pause(200, 900)
		code := r.someonePaid(d)
		if code == "" || done[code] {
			continue
		}
		done[code] = true
		p, err := b.insist(http.MethodGet, "/manage/orders/"+code, nil)
		if err != nil {
			continue
		}
		if f := b.giveBack(p); f != nil {
			_, _ = b.insist(http.MethodPost, f.action, f.values) // what came of it the oracle sees
		}
	}
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
func (b *browser) giveBack(p *page) *form {
	refund, cancel := p.form("/refund"), p.form("/cancel")
	if refund == nil || cancel == nil || len(refund.offers["ticket"]) == 0 {
		return nil
	}
	f := refund
	switch b.dice.IntN(3) {
	case 0:
		f.values.Set("ticket", f.offers["ticket"][0])
	case 1:
		f.values.Set("all", "yes")
	case 2:
		f = cancel
	}
	f.values.Set("why", "the hall is smaller than it was")
	return f
}
