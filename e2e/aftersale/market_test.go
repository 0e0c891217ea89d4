package aftersale

import (
	"database/sql"
	"net/http"
	"slices"

	"usher/crypto/ticket"
	"usher/e2e/books"
	"usher/e2e/rig"
	"usher/server/resale"
	"usher/server/ticketing"
)

// list has a phone's owner put a ticket up for sale, for as much as they may ask.
func (p *phone) list() {
	if s := p.anyGood(); s != nil {
		path := "/wallet/resale/" + s.Event + "/" + s.ID
		page, err := p.Insist(http.MethodGet, path, nil)
		if err != nil {
			return
		}
		if f := page.Form(path); f != nil {
			_, _ = p.Insist(http.MethodPost, f.Action, f.Values) // whether it is for sale the market says
		}
	}
}

// offSale has them take a ticket off sale.
func (p *phone) offSale() {
	s := p.anyGood()
	if s == nil {
		return
	}
	w := p.town()
	before := w.listings(`where ticket = $1 and state = 'open'`, s.ID)
	page, err := p.Insist(http.MethodGet, "/wallet/resale/"+s.Event+"/"+s.ID, nil)
	if err != nil || len(before) == 0 {
		return
	}
	f := page.Form("/back")
	if f == nil {
		return // somebody else's, or sold
	}
	if page, err = p.Insist(http.MethodPost, f.Action, f.Values); err != nil || page.Status != http.StatusOK {
		return
	}
	for _, l := range w.listings(`where id = $1`, before[0].id) {
		if l.state == resale.Open {
			s.papers.fail("%s took it off sale, and it is for sale still", p.name)
		}
	}
}

// anyGood gives a good ticket of those that the phone shows; nil where there is none.
func (p *phone) anyGood() *shown {
	if len(p.tickets) == 0 || rig.Chance(p.Dice, 40) {
		p.look()
	}
	if len(p.tickets) == 0 {
		return nil
	}
	if s := p.tickets[p.Dice.IntN(len(p.tickets))]; s.State == string(ticketing.Valid) {
		return s
	}
	return nil
}

// buyOn buys a ticket or two that others sell on.
func (p *person) buyOn() {
	page, err := p.Insist(http.MethodGet, "/events/"+event+"/resale", nil)
	if err != nil {
		return
	}
	f := page.Form("/order")
	if f == nil || len(f.Offers["listing"]) == 0 {
		return
	}
	ids := slices.Clone(f.Offers["listing"])
	p.dice.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	ids = ids[:min(len(ids), 1+p.dice.IntN(2))]
	f.Values["listing"] = ids
	page, err = p.Insist(http.MethodPost, f.Action, f.Values)
	if err == nil && page.Standing() == "form" {
		p.checkout(page, ids...)
	}
}

// buying notes that somebody is about to pay for tickets that are sold on, with a
// payment that the bank may take back or not.
func (p *person) buying(ids []string, moves bool) (acts []*act) {
	for _, id := range ids {
		for _, l := range p.town.listings(`where id = $1`, id) {
			k := p.town.of(l.ticket)
			k.mu.Lock()
			k.moves = k.moves || moves
			k.mu.Unlock()
			acts = append(acts, k.begin("buy on "+id, p.name))
		}
	}
	return acts
}

// bought notes that they are theirs.
func (p *person) bought(acts []*act, ids []string) {
	for i, a := range acts {
		a.done(p.town.acceptedAs(a.id, ids[i]), p.email)
	}
}

// listing is a ticket for sale, as the database has it.
type listing struct {
	id                  string
	ticket              ticket.ID
	state               resale.State
	payout              resale.Payout
	price, kept         int64
	hand, handPaid      int64
	seller, sellerOrder string
	buyerOrder          string
}

// listings reads some.
func (w *town) listings(where string, args ...any) (list []listing) {
	ctx, cancel := w.ctx()
	defer cancel()
	w.note(books.Each(ctx, w.organiser.DB, `select id, ticket, state, payout, price, seller_fee, hand, hand_paid, seller_email, seller_order, buyer_order
		from resale_listing `+where, func(rows *sql.Rows) (err error) {
		var l listing
		var id string
		if err := rows.Scan(&l.id, &id, &l.state, &l.payout, &l.price, &l.kept, &l.hand, &l.handPaid, &l.seller, &l.sellerOrder, &l.buyerOrder); err != nil {
			return err
		}
		l.ticket, err = ticket.ParseID(id)
		list = append(list, l)
		return err
	}, args...))
	return list
}

// soldOut gives the tickets that were sold on out of an order, by its code.
func (w *town) soldOut(order string) (list []ticket.ID) {
	for _, l := range w.listings(`where seller_order in (select id from sale_order where code = $1) and state = 'sold'`, order) {
		list = append(list, l.ticket)
	}
	return list
}

// judgeSales holds each listing to whom the record says its ticket went to, and gives
// what the ledger has to hold for sellers, has to pay by hand, and has kept of prices.
func (w *town) judgeSales(b *books.Books) (held, hand, kept int64) {
	w.t.Helper()
	type hands struct{ from, to, ticket string }
	went := map[string][]hands{}
	w.must(books.Each(w.t.Context(), w.organiser.DB, `select ref, from_email, to_email, ticket from ticket_passage where how = 'resale'`, func(rows *sql.Rows) error {
		var ref string
		var h hands
		err := rows.Scan(&ref, &h.from, &h.to, &h.ticket)
		went[ref] = append(went[ref], h)
		return err
	}))
	for _, l := range w.listings("") {
		var want []hands
		if l.state == resale.Sold {
			o := b.Orders[l.buyerOrder]
			if o == nil || !o.Has() || !slices.Contains(o.Tickets, l.ticket) {
				w.t.Errorf("listing %+v is sold to order %+v", l, o)
				continue
			}
			want = []hands{{l.seller, o.Email, l.ticket.String()}}
			kept -= l.price
		}
		if !slices.Equal(went[l.id], want) {
			w.t.Errorf("listing %+v went through %+v, want %+v", l, went[l.id], want)
		}
		delete(went, l.id)
		switch l.payout {
		case resale.Held:
			held += l.price
		case resale.Credited:
			kept += l.kept
			hand += l.hand - l.handPaid
		case resale.Withheld:
			kept += l.price
		case resale.None:
		default:
			w.t.Errorf("listing %+v is of an event that takes place", l)
		}
	}
	if len(went) > 0 {
		w.t.Errorf("by no listing went %+v", went)
	}
	return held, hand, kept
}
