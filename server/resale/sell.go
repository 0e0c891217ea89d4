package resale

import (
	"context"
	"slices"
	"strings"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Resale sells for sales.
var _ sales.Resale = (*Resale)(nil)

// Offered gives the item that a listing is sold as. It is a sales.Resale.
func (r *Resale) Offered(ctx context.Context, event, listing, claim string) (sales.Item, error) {
	l, err := r.Listing(ctx, listing)
	if err != nil {
		return sales.Item{}, err
	}
	if l.Event != event {
		return sales.Item{}, fault.At(fault.NotFound, "cart", "event %s has no such listing", event)
	}
	if l.State != Open {
		return sales.Item{}, fault.At(fault.Refused, "cart", "this ticket is not for sale any more")
	}
	shop, err := r.shop(ctx, event)
	if err != nil {
		return sales.Item{}, err
	}
	if l.above(shop) {
		return sales.Item{}, fault.At(fault.Refused, "cart", "this ticket is not for sale at this price any more")
	}
	if l.KeptFor != "" { // until passOn has found that nobody else waits for it
		if kept, err := r.Claim(ctx, claim); err != nil || kept.ID != l.ID {
			return sales.Item{}, fault.At(fault.Refused, "cart", "this ticket is kept for somebody who waited for one")
		}
	}
	item := sales.Item{
		Offer: l.Offer, Product: l.Product, Name: l.Name, Pool: l.pool(), Count: 1, Price: l.Price, Fee: l.OnTop, FeeTax: l.FeeTax,
		Names: l.Names, Listing: l.ID, Home: l.Home,
	}
	if l.Seat != "" {
		item.Seats = []string{l.Seat}
	}
	return item, nil
}

// HandOverIn gives the tickets of an order's listings to people. It is a sales.Resale.
func (r *Resale) HandOverIn(ctx context.Context, tx *sqldb.Tx, o *sales.Order, people []ticketing.Attendee) ([]ticket.ID, bool, error) {
	list, err := r.touchOf(ctx, tx, o)
	if err != nil {
		return nil, false, err
	}
	ids := make([]ticket.ID, len(list))
	for i := range list {
		ids[i] = list[i].Ticket
	}
	came, err := r.Entered(ctx, o.Event, ids...)
	if err != nil {
		return nil, false, err
	}
	for i := range list {
		if list[i].State != Open || slices.Contains(came, list[i].Ticket) {
			return nil, false, nil
		}
		_, err := r.Tickets.StillIn(ctx, tx, o.Event, ids[i:i+1], ticketing.Resale, list[i].ID)
		if fault.KindOf(err) == fault.Refused {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
	for i := range list {
		if err := r.giveIn(ctx, tx, o, &list[i], &people[i]); err != nil {
			return nil, false, err
		}
	}
	return ids, true, nil
}

// touchOf gives the listings of an order in the order of its items, which nobody else
// changes until tx is over.
func (r *Resale) touchOf(ctx context.Context, tx *sqldb.Tx, o *sales.Order) ([]Listing, error) {
	names := make([]string, len(o.Items))
	for i := range o.Items {
		names[i] = o.Items[i].Listing
	}
	by := make(map[string]Listing, len(names))
	for _, id := range slices.Sorted(slices.Values(names)) {
		l, err := touch(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		by[id] = l
	}
	list := make([]Listing, len(names))
	for i, id := range names {
		list[i] = by[id]
	}
	return list, nil
}

// giveIn gives the ticket of one listing to its buyer.
func (r *Resale) giveIn(ctx context.Context, tx *sqldb.Tx, o *sales.Order, l *Listing, to *ticketing.Attendee) error {
	_, err := tx.ExecContext(ctx, `update resale_listing set state = 'sold', buyer_order = $2, payout = 'held', changed_at = $3 where id = $1`,
		l.ID, o.ID, r.Now().UnixMilli())
	if err != nil {
		return stored(err, "selling a ticket on")
	}
	if err := r.Tickets.MoveIn(ctx, tx, l.Event, l.Ticket, o.Code); err != nil {
		return err
	}
	answers := map[ticket.ID]ticketing.Answers{l.Ticket: to.Answers}
	if _, err := r.Tickets.GiveIn(ctx, tx, l.Event, []ticket.ID{l.Ticket}, ticketing.Holder{Name: to.Name, Email: to.Email}, answers, ticketing.Resale, l.ID); err != nil {
		return err
	}
	if l.KeptFor != "" {
		// A payment that came too late may still have taken what is offered to the next by now.
		if theirs, err := isOffered(ctx, tx, l, o.Made); err != nil {
			return err
		} else if !theirs {
			if err := r.releaseIn(ctx, tx, l); err != nil {
				return err
			}
		}
	}
	return r.tell(ctx, tx, mailSold, l)
}

// SoldOn gives the tickets that were sold on out of an order. It is a sales.Resale.
func (r *Resale) SoldOn(ctx context.Context, q sqldb.Queryer, order string) (list []sales.SoldOn, err error) {
	sold, err := listings(ctx, q, `where seller_order = $1 and state = 'sold' order by id`, order)
	for i := range sold {
		l := &sold[i]
		list = append(list, sales.SoldOn{Ticket: l.Ticket, Listing: l.ID, Held: (l.Payout == Held || l.Payout == Undone) && !l.BoughtBack})
	}
	return list, err
}

// UndoIn has the sellers of listings not paid. It is a sales.Resale.
func (r *Resale) UndoIn(ctx context.Context, tx *sqldb.Tx, ids []string) (held int64, err error) {
	for _, id := range slices.Sorted(slices.Values(ids)) {
		l, err := touch(ctx, tx, id)
		if err != nil {
			return 0, err
		}
		if l.Payout != Held || l.BoughtBack {
			continue // they were paid or this was done before, or the organiser has paid the buyer
		}
		held += l.Price
		if _, err := tx.ExecContext(ctx, `update resale_listing set payout = 'undone', changed_at = $2 where id = $1`, id, r.Now().UnixMilli()); err != nil {
			return 0, stored(err, "undoing the sale of a ticket")
		}
	}
	return held, nil
}

// BoughtBackIn notes that the organiser has paid buyers back for places that are the
// organiser's again. It is a sales.Resale.
func (r *Resale) BoughtBackIn(ctx context.Context, tx *sqldb.Tx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	places, args := in(ids, r.Now().UnixMilli())
	_, err := tx.ExecContext(ctx, `update resale_listing set bought_back = 1, changed_at = $1 where id in (`+places+`)`, args...)
	return stored(err, "noting that a ticket was bought back")
}

// ByHandIn notes what a seller is to be paid by hand after all, beside what they may have
// been paid so before. It is a sales.Resale.
func (r *Resale) ByHandIn(ctx context.Context, tx *sqldb.Tx, id string, amount int64) error {
	_, err := tx.ExecContext(ctx, `update resale_listing set card = card - $2, hand = hand + $2, changed_at = $3 where id = $1`, id, amount, r.Now().UnixMilli())
	return stored(err, "noting a payout by hand")
}

// Holds says whether an address is the seller's of a listing.
func (l *Listing) Holds(email string) bool {
	return email != "" && strings.EqualFold(l.SellerEmail, email)
}
