package aftersale

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"usher/crypto/ticket"
	"usher/e2e/visitor"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// organise is what the organiser does: at the manager's pages and at the command line.
func (w *town) organise(until time.Time) {
	d := dice(1)
	b := w.web.Browser(d, 99_000)
	b.Bearer = w.manager
	for time.Now().Before(until) && !w.t.Failed() {
		b.Pause(10, 120)
		switch n := d.IntN(10); {
		case n < 3:
			w.giveBack(d, b)
		case n < 6:
			w.reissue(d)
		default:
			w.writeOver(d)
		}
	}
}

// anyPapers gives those of some ticket; nil where there is none.
func (w *town) anyPapers(d *rand.Rand) *papers {
	list := w.all()
	if len(list) == 0 {
		return nil
	}
	return list[d.IntN(len(list))]
}

// change has the organiser change a ticket.
func (w *town) change(k *papers, what, holder string, do func(context.Context, ticketing.Ticket) (ticketing.Ticket, error)) {
	ctx, cancel := w.ctx()
	defer cancel()
	a := k.begin(what, "the organiser")
	t, err := do(ctx, ticketing.Ticket{Event: event, ID: k.id})
	switch kind := fault.KindOf(err); {
	case err == nil:
		a.done(int(t.Generation), holder)
	case kind == fault.Refused || kind == fault.Exists || kind == fault.Unavailable && strings.Contains(err.Error(), "busy"):
		a.refuse(err)
	}
}

func (w *town) reissue(d *rand.Rand) {
	if k := w.anyPapers(d); k != nil {
		w.change(k, fmt.Sprintf("reissue %x", d.Uint32()), "", func(ctx context.Context, t ticketing.Ticket) (ticketing.Ticket, error) {
			return w.organiser.Tickets.Reissue(ctx, t, "lost")
		})
	}
}

// writeOver gives somebody's ticket to somebody else.
func (w *town) writeOver(d *rand.Rand) {
	to := w.people[d.IntN(len(w.people))]
	if k := w.anyPapers(d); k != nil {
		w.change(k, fmt.Sprintf("write over %x", d.Uint32()), to.email, func(ctx context.Context, t ticketing.Ticket) (ticketing.Ticket, error) {
			return w.organiser.Tickets.Transfer(ctx, t, to.name, to.email, "written over")
		})
	}
}

// giveBack gives money back: of a ticket, of a whole order, or because it is cancelled.
func (w *town) giveBack(d *rand.Rand, b *visitor.Browser) {
	w.mu.Lock()
	bought := slices.Clone(w.bought)
	w.mu.Unlock()
	if len(bought) == 0 {
		return
	}
	code := bought[d.IntN(len(bought))]
	page, err := b.Insist(http.MethodGet, "/manage/orders/"+code, nil)
	if err != nil {
		return
	}
	f, cancel := page.Form("/refund"), page.Form("/cancel")
	if f == nil || cancel == nil || len(f.Offers["ticket"]) == 0 {
		return
	}
	of := f.Offers["ticket"]
	switch d.IntN(5) {
	case 0:
		f.Values.Set("all", "yes")
	case 1:
		f = cancel
	default:
		of = of[:1]
		f.Values["ticket"] = of
	}
	f.Values.Set("why", "the hall is smaller than it was")
	var acts []*act
	for _, text := range of {
		id, err := ticket.ParseID(text)
		if err != nil {
			w.t.Error(err)
			continue
		}
		acts = append(acts, w.of(id).begin(fmt.Sprintf("give money back %x", d.Uint32()), "the organiser"))
	}
	page, err = b.Insist(http.MethodPost, f.Action, f.Values)
	if err != nil || !strings.Contains(page.Path, "?done=") {
		return // nobody knows: it may be what an answer that was lost said
	}
	sold := w.soldOut(code)
	for _, a := range acts {
		if slices.Contains(sold, a.id) {
			a.refuse("it was sold on out of the order, which was given back without it")
			continue
		}
		a.done(void, "")
	}
}
