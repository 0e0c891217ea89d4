package wallet

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"usher/crypto/ticket"
	"usher/server/accounts"
	"usher/server/catalog"
	"usher/server/guard"
	"usher/server/ticketing"
	"usher/server/transfer"
	"usher/sync/fault"
	"usher/sync/words"
)

// giveView is what the page knows of giving a ticket away.
type giveView struct {
	Can   bool       `json:"can"`             // now
	Why   string     `json:"why,omitempty"`   // not; see transfer.Why
	Named bool       `json:"named,omitempty"` // only to somebody who is named
	Offer *offerView `json:"offer,omitempty"` // that is open
	Hands []handView `json:"hands,omitempty"` // that it has gone through, the newest first
}

// offerView is an offer that may be taken back.
type offerView struct {
	ID    string `json:"id"`
	To    string `json:"to,omitempty"` // none: whoever has the link
	Count int    `json:"count"`        // of its tickets
	Until int64  `json:"until"`        // Unix ms
}

// handView is a passing from hand to hand. Of a sale it has no name: the two are
// strangers to each other.
type handView struct {
	How  string `json:"how"`
	From string `json:"from,omitempty"`
	At   int64  `json:"at"` // Unix ms
}

// givenView is a ticket that somebody gave away.
type givenView struct {
	Name   string `json:"event_name"`
	Starts int64  `json:"starts"`
	Zone   string `json:"zone"`
	Seat   string `json:"seat,omitempty"`
	How    string `json:"how"`
	To     string `json:"to,omitempty"`
	At     int64  `json:"at"` // Unix ms
}

// gives says of tickets of one event how they may be given away, by their ids.
func (w *Wallet) gives(ctx context.Context, event string, tickets []ticketing.Ticket) (map[ticket.ID]*giveView, error) {
	why, named, err := w.Transfers.Allowed(ctx, event, tickets)
	if err != nil {
		return nil, err
	}
	ids := make([]ticket.ID, len(tickets))
	all := make(map[ticket.ID]*giveView, len(tickets))
	for i, t := range tickets {
		ids[i] = t.ID
		all[t.ID] = &giveView{Can: why[t.ID] == "", Why: string(why[t.ID]), Named: named}
	}
	offers, err := w.Transfers.OpenFor(ctx, event, ids)
	if err != nil {
		return nil, err
	}
	for id, o := range offers {
		all[id].Offer = viewOf(&o)
	}
	hands, err := w.Tickets.Passages(ctx, event, ids...)
	for id, chain := range hands {
		for _, p := range chain {
			all[id].Hands = append([]handView{handOf(&p)}, all[id].Hands...)
		}
	}
	return all, err
}

func viewOf(o *transfer.Offer) *offerView {
	return &offerView{ID: o.ID, To: o.To.Name, Count: len(o.Tickets), Until: o.Until.UnixMilli()}
}

func handOf(p *ticketing.Passage) handView {
	h := handView{How: string(p.How), At: p.At.UnixMilli()}
	if p.How == ticketing.ByTransfer {
		h.From = p.From.Name
	}
	return h
}

// parted lists what a session's person gave away and hasn't again.
func (w *Wallet) parted(ctx context.Context, s accounts.Session, events map[string]*about) ([]givenView, error) {
	all, err := w.Tickets.PartedWith(ctx, s.Email)
	if err != nil {
		return nil, err
	}
	var last []ticketing.Parted // of each ticket the newest
	seen, by := map[key]bool{}, map[string][]ticket.ID{}
	for _, p := range all {
		k := key{p.Event, p.ID}
		if seen[k] {
			continue
		}
		seen[k] = true
		a, err := w.eventOf(ctx, p.Event, events)
		if err != nil {
			return nil, err
		}
		if !w.past(a) {
			last, by[p.Event] = append(last, p), append(by[p.Event], p.ID)
		}
	}
	now := map[key]ticketing.Ticket{}
	for event, ids := range by {
		tickets, err := w.Tickets.Of(ctx, event, ids)
		if err != nil {
			return nil, err
		}
		for _, t := range tickets {
			now[key{event, t.ID}] = t
		}
	}
	list := []givenView{}
	for _, p := range last {
		if t := now[key{p.Event, p.ID}]; !strings.EqualFold(t.Email, s.Email) {
			list = append(list, givenOf(&p, &t, events[p.Event].event))
		}
	}
	return list, nil
}

func givenOf(p *ticketing.Parted, t *ticketing.Ticket, e *catalog.Event) givenView {
	g := givenView{Name: e.Name, Starts: e.Starts, Zone: e.Zone, Seat: t.Seat, How: string(p.How), At: p.At.UnixMilli()}
	if p.How == ticketing.ByTransfer {
		g.To = p.To.Name
	}
	return g
}

// offer offers tickets to somebody else.
func (w *Wallet) offer(out http.ResponseWriter, r *http.Request) error {
	s, err := w.session(r)
	if err != nil {
		return err
	}
	var asked struct {
		Event string   `json:"event"`
		IDs   []string `json:"ids"`
		Name  string   `json:"name"` // of who gets them; "" with no address: whoever has the link
		Email string   `json:"email"`
	}
	if err := readJSON(r, &asked); err != nil {
		return err
	}
	if !w.offers.Allow(guard.Party(r)) {
		return fault.New(fault.TooMany, "tickets were offered too often from here; try again in a minute")
	}
	a := transfer.Asked{Event: asked.Event, To: ticketing.Holder{Name: asked.Name, Email: asked.Email}, Language: w.book.Pick(r.Header.Get("Accept-Language"), words.English).Code()}
	list, err := w.held(r.Context(), s)
	if err != nil {
		return err
	}
	for _, id := range asked.IDs {
		h, err := among(list, asked.Event, id)
		if err != nil {
			return err
		}
		if a.Tickets = append(a.Tickets, h.Ticket); len(a.Tickets) > 1 && !strings.EqualFold(a.From.Email, h.by.Email) {
			return fault.At(fault.BadInput, "ids", "these tickets are not of one person; give them away one by one")
		}
		a.From = h.by
	}
	o, err := w.Transfers.Offer(r.Context(), a)
	if err != nil {
		return err
	}
	writeJSON(out, map[string]any{"offer": viewOf(&o), "mailed": mailedTo(&o)})
	return nil
}

// mailedTo is the address that an offer's link went to.
func mailedTo(o *transfer.Offer) string {
	if o.Named {
		return o.To.Email
	}
	return o.From.Email
}

// takeBack ends an offer that nobody has accepted. Whoever has its tickets may, but for
// those that have changed otherwise and are free already.
func (w *Wallet) takeBack(out http.ResponseWriter, r *http.Request) error {
	s, err := w.session(r)
	if err != nil {
		return err
	}
	var asked struct {
		ID string `json:"id"`
	}
	if err := readJSON(r, &asked); err != nil {
		return err
	}
	o, err := w.Transfers.Find(r.Context(), asked.ID)
	if err != nil {
		return err
	}
	list, err := w.held(r.Context(), s)
	if err != nil {
		return err
	}
	under, err := w.underWay(r.Context(), &o)
	if err != nil {
		return err
	}
	for _, id := range under {
		if _, err := among(list, o.Event, id.String()); err != nil {
			return err
		}
	}
	if _, err := w.Transfers.TakeBack(r.Context(), o.ID); err != nil {
		return err
	}
	out.WriteHeader(http.StatusNoContent)
	return nil
}

// underWay gives the tickets with which an offer is under way, or all of them where it is
// with none: it is over then, and theirs as it was.
func (w *Wallet) underWay(ctx context.Context, o *transfer.Offer) ([]ticket.ID, error) {
	pending, err := w.Tickets.Pending(ctx, o.Event, o.Tickets)
	if err != nil {
		return nil, err
	}
	under := slices.DeleteFunc(slices.Clone(o.Tickets), func(id ticket.ID) bool {
		p := pending[id]
		return p.What != ticketing.Transfer || p.Ref != o.ID
	})
	if len(under) == 0 {
		return o.Tickets, nil
	}
	return under, nil
}
