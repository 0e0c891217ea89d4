package sales

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// givenBack is what a door is told of a ticket that its buyer gave back.
const givenBack = "given back by its buyer"

// Terms are what a buyer may give back at a moment. The zero value is nothing.
type Terms struct {
	catalog.Returns
	Until time.Time // when it ends
	All   bool      // the order's own fee goes back with its last ticket: the event was moved
}

// TermsOf gives what the buyers of a shop may give back now, by its file or because the
// event was moved.
func TermsOf(shop *catalog.Shop, now time.Time) Terms {
	e := shop.About
	if e.CalledOff() {
		return Terms{} // all of it goes back anyway
	}
	if s := e.Standing; s != nil && s.Choose > now.Unix() {
		return Terms{Returns: catalog.Returns{On: true}, Until: time.Unix(s.Choose, 0), All: true}
	}
	if until := shop.Returns.Until(e.Starts); shop.Returns.On && until > now.Unix() {
		return Terms{Returns: shop.Returns, Until: time.Unix(until, 0)}
	}
	return Terms{}
}

// of says whether the terms are also those of an order. What was bought of somebody who
// sold it on is sold on again, and given back only when the event was moved.
func (t *Terms) of(o *Order) bool { return t.On && (t.All || !o.Resold()) }

// Reasons why a ticket can't be given back by its buyer.
const (
	ReasonVoid      = "void"       // it is no good ticket any more
	ReasonEntered   = "entered"    // somebody came in with it
	ReasonGivenAway = "given_away" // it is somebody else's by now
	ReasonPending   = "pending"    // something else is under way with it
)

// Returnable is a ticket of an order, and what its buyer would get back for it.
type Returnable struct {
	ID   ticket.ID
	Back int64  // minor units
	Kept int64  // of what it cost
	Why  string // a reason why it can't be given back; "": it can
}

// Returnable says for each ticket of an order whether its buyer may give it back, and
// for how much; nothing where nothing can be given back now.
func (s *Sales) Returnable(ctx context.Context, o *Order, t Terms) ([]Returnable, error) {
	if !t.of(o) || !o.State.Good() || len(o.Tickets) == 0 {
		return nil, nil
	}
	tickets, err := s.Tickets.Of(ctx, o.Event, o.Tickets)
	if err != nil {
		return nil, err
	}
	pending, err := s.Tickets.Pending(ctx, o.Event, o.Tickets)
	if err != nil {
		return nil, err
	}
	var entered []ticket.ID
	if s.Entered != nil {
		if entered, err = s.Entered(ctx, o.Event, o.Tickets...); err != nil {
			return nil, err
		}
	}
	given, err := s.Given(ctx, o)
	if err != nil {
		return nil, err
	}
	list := make([]Returnable, len(tickets))
	places := o.Places()
	for n := range tickets {
		id := tickets[n].ID
		cost := places[n].Price + places[n].Item.Fee
		list[n] = Returnable{ID: id, Kept: t.Kept(cost)}
		list[n].Back = cost - list[n].Kept
		_, busy := pending[id]
		_, gone := given[id]
		switch {
		case tickets[n].State != ticketing.Valid:
			list[n].Why = ReasonVoid
		case slices.Contains(entered, id):
			list[n].Why = ReasonEntered
		case gone:
			list[n].Why = ReasonGivenAway
		case busy:
			list[n].Why = ReasonPending
		}
	}
	return list, nil
}

// GiveBack gives tickets of a paid order back for its buyer, by the event's terms. They
// are void and for sale again in the same act; the money goes back as by Refund. The
// same tickets again are the same act, in two windows or sent twice.
//
// fault.Refused says why a ticket can't be given back: the event takes none back or not
// any more, somebody came in with it, it is somebody else's, or something else is under
// way with it.
func (s *Sales) GiveBack(ctx context.Context, id string, tickets []ticket.ID) (Order, error) {
	if len(tickets) == 0 {
		return Order{}, fault.At(fault.BadInput, "tickets", "choose the tickets that you give back")
	}
	ids := slices.Clone(tickets)
	slices.SortFunc(ids, func(a, b ticket.ID) int { return slices.Compare(a[:], b[:]) })
	ids = slices.Compact(ids)
	o, err := s.Order(ctx, id)
	if err != nil {
		return o, err
	}
	for _, one := range ids {
		if !slices.Contains(o.Tickets, one) {
			return o, fault.At(fault.BadInput, "tickets", "ticket %s is none of order %s", one.Short(), o.Code)
		}
	}
	var came []ticket.ID
	if s.Entered != nil {
		if came, err = s.Entered(ctx, o.Event, ids...); err != nil {
			return o, err
		}
	}
	o, err = s.change(ctx, id, func(ctx context.Context, tx *sqldb.Tx, a *act) error { return a.takeBack(ctx, tx, ids, came) })
	if err != nil {
		return o, err
	}
	if err := s.step("given back"); err != nil {
		return o, err
	}
	if err := s.giveBack(ctx, id); err != nil {
		s.Log.WarnContext(ctx, "a refund waits for its provider", "order", o.Code, "error", err)
	}
	return s.Order(ctx, id)
}

// returnID names the giving back of tickets, which are sorted.
func (a *act) returnID(ids []ticket.ID) string {
	sum := sha256.New()
	for _, id := range ids {
		sum.Write(id[:])
	}
	return a.ID + "/given-back/" + hex.EncodeToString(sum.Sum(nil)[:12])
}

// takeBack takes tickets back from their buyer; came are those of them by which somebody
// came in.
func (a *act) takeBack(ctx context.Context, tx *sqldb.Tx, ids, came []ticket.ID) error {
	refundID := a.returnID(ids)
	var known string
	err := tx.QueryRowContext(ctx, `select asked from order_refund where id = $1`, refundID).Scan(&known)
	if !errors.Is(err, sql.ErrNoRows) {
		return err // done before, or it can't be known
	}
	shop, err := a.sales.Catalog.Shop(ctx, a.Event)
	if err != nil {
		return err
	}
	terms := TermsOf(shop, a.now)
	switch {
	case !terms.of(a.Order):
		return fault.New(fault.Refused, "tickets of this event can't be given back now")
	case !a.State.Good():
		return fault.New(fault.Refused, "order %s is %s: there is nothing to give back", a.Code, a.State.Words())
	case len(came) > 0:
		return fault.New(fault.Refused, "somebody came in with ticket %s", shorts(came))
	}
	goodOnes, _, err := a.goodTickets(ctx, tx)
	if err != nil {
		return err
	}
	numbers, err := a.named(goodOnes, ids)
	if err != nil {
		return fault.Wrap(fault.Refused, err, "not all of these tickets are good any more")
	}
	back, kept := a.backFor(goodOnes, numbers, terms)
	if err := a.sales.Stock.ReturnIn(ctx, tx, a.Event, a.linesOf(numbers)); err != nil {
		return err
	}
	held, err := a.sales.Tickets.PendIn(ctx, tx, a.Event, idsOf(a.Tickets, numbers), ticketing.Refund, refundID)
	if err != nil {
		return err
	}
	given, err := a.sales.Given(ctx, a.Order) // from here on nobody gives them away
	if err != nil {
		return err
	}
	for i := range held {
		if _, gone := given[held[i].ID]; gone {
			return fault.New(fault.Refused, "ticket %s is somebody else's by now", held[i].ID.Short())
		}
	}
	if err := a.sales.Tickets.VoidIn(ctx, tx, a.Event, idsOf(a.Tickets, numbers), ticketing.Cancelled, givenBack); err != nil {
		return err
	}
	if err := a.settleSellers(ctx, tx, numbers); err != nil {
		return err
	}
	return a.returned(ctx, tx, refundID, back, kept, len(numbers) == len(goodOnes))
}

// backFor is the money of tickets that are given back by terms, and what is kept of it.
func (a *act) backFor(goodOnes, numbers []int, terms Terms) (back split, kept int64) {
	rest := slices.DeleteFunc(slices.Clone(goodOnes), func(n int) bool { return slices.Contains(numbers, n) })
	back = a.splitOf(goodOnes, true).minus(a.splitOf(rest, len(rest) > 0 || !terms.All))
	places := a.Places()
	for _, n := range numbers {
		kept += terms.Kept(places[n].Price + places[n].Item.Fee)
	}
	return back.less(kept), kept
}

// less is the split with so much of it kept, of each part its share.
func (s split) less(kept int64) split {
	all := s.total()
	if all == 0 || kept == 0 {
		return s
	}
	left := split{service: s.service - kept*s.service/all, tax: s.tax - kept*s.tax/all}
	left.sales = all - kept - left.service - left.tax
	return left
}

// returned notes what was given back, and has its money go back.
func (a *act) returned(ctx context.Context, tx *sqldb.Tx, refundID string, back split, kept int64, all bool) error {
	a.note("given back", "buyer", "%s, %s are kept", words(back.total(), a.Currency), words(kept, a.Currency))
	a.mail(mailGivenBack, refundID[len(a.ID):], keptDetail(back.total(), kept))
	return a.goesBack(ctx, tx, back, refund{ID: refundID, Kept: kept, Why: givenBack, asked: "given back"}, givenBack, all)
}
