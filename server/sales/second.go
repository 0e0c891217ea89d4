package sales

import (
	"context"
	"slices"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Resale is who sells tickets on that people have bought (server/resale). An order may
// be of such tickets: each item of it names a listing, whose place is held and sold as
// any other. What is in it changes hands with the payment, in one transaction.
type Resale interface {
	// Offered gives the item that a listing is sold as, to whoever may buy it now. claim
	// opens one that is kept for somebody. fault.NotFound when there is none, and
	// fault.Refused when it is not, or no longer, for sale.
	Offered(ctx context.Context, event, listing, claim string) (Item, error)
	// HandOverIn gives the tickets of an order's listings to people, in the order of the
	// items: all, or none and false when one of the listings is over.
	HandOverIn(ctx context.Context, tx *sqldb.Tx, o *Order, people []ticketing.Attendee) ([]ticket.ID, bool, error)
	// SoldOn gives the tickets that were sold on out of an order, as q sees it.
	SoldOn(ctx context.Context, q sqldb.Queryer, order string) ([]SoldOn, error)
	// UndoIn has the sellers of listings not paid, and gives what was held for them so
	// far: the event was called off, and everybody gets back what they have paid.
	UndoIn(ctx context.Context, tx *sqldb.Tx, listings []string) (held int64, err error)
	// BoughtBackIn notes that buyers were paid back for places that are the organiser's
	// again. Their sellers are paid all the same.
	BoughtBackIn(ctx context.Context, tx *sqldb.Tx, listings []string) error
	// ByHandIn notes that what was to go back to a seller's card is to be paid by hand.
	ByHandIn(ctx context.Context, tx *sqldb.Tx, listing string, amount int64) error
}

// SoldOn is a ticket of an order that its buyer has sold on.
type SoldOn struct {
	Ticket  ticket.ID
	Listing string
	Held    bool // the price is held for them still
}

// Resold says whether the order is of tickets that others have bought before.
func (o *Order) Resold() bool { return len(o.Items) > 0 && o.Items[0].Listing != "" }

// Left is what may still go back of the order's payment.
func (o *Order) Left() int64 { return o.Paid - o.Refunded - o.PaidOut }

// Methods are the ways in which an order may be paid. What is sold on is paid at once:
// nobody keeps a seller waiting for an invoice.
func (o *Order) Methods(shop *catalog.Shop) []string {
	if !o.Resold() {
		return shop.Methods
	}
	return []string{catalog.MethodCard}
}

// second makes items of a cart of listings. An order is of these or of new tickets.
func (s *Sales) second(ctx context.Context, shop *catalog.Shop, c Cart, now time.Time) ([]Item, error) {
	switch {
	case s.Resale == nil || shop.Resale == nil:
		return nil, fault.At(fault.Refused, "cart", "nobody sells tickets of event %s on here", c.Event)
	case shop.About.Closed():
		return nil, fault.At(fault.Refused, "cart", "event %s is not sold: %s", c.Event, shop.About.Standing.Why)
	case now.Unix() >= shop.Resale.Until || now.Unix() >= shop.About.Ends:
		return nil, fault.At(fault.Refused, "cart", "the time to sell tickets of event %s on is over", c.Event)
	case len(c.Wanted) > shop.MaxPerOrder:
		return nil, fault.At(fault.BadInput, "cart", "one order holds %d tickets at most", shop.MaxPerOrder)
	}
	var items []Item
	for _, w := range c.Wanted {
		if w.Listing == "" || w.Offer != "" || w.Count > 1 || len(w.Seats) > 0 {
			return nil, fault.At(fault.BadInput, "cart", "tickets that are sold on are bought by themselves, each once")
		}
		if slices.ContainsFunc(items, func(i Item) bool { return i.Listing == w.Listing }) {
			return nil, fault.At(fault.BadInput, "cart", "a ticket is in it twice")
		}
		item, err := s.Resale.Offered(ctx, c.Event, w.Listing, c.Claim)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// handOver has the order's tickets change hands, and says whether all of them could.
// Where not, their places go back.
func (a *act) handOver(ctx context.Context, tx *sqldb.Tx) (bool, error) {
	ids, done, err := a.sales.Resale.HandOverIn(ctx, tx, a.Order, a.people(false))
	if err != nil {
		return false, err
	}
	if !done {
		return false, a.sales.Stock.ReturnIn(ctx, tx, a.Event, a.lines())
	}
	a.Tickets = ids
	a.note("handed over", "usher", "%d tickets", len(ids))
	return true, nil
}

// soldOn gives what of the order was sold on.
func (s *Sales) soldOn(ctx context.Context, q sqldb.Queryer, o *Order) ([]SoldOn, error) {
	if s.Resale == nil || len(o.Tickets) == 0 {
		return nil, nil
	}
	return s.Resale.SoldOn(ctx, q, o.ID)
}

// Own gives those of the order's tickets that were not sold on out of it, as q sees it.
func (s *Sales) Own(ctx context.Context, q sqldb.Queryer, o *Order) ([]ticket.ID, error) {
	gone, err := s.soldOn(ctx, q, o)
	if err != nil || len(gone) == 0 {
		return o.Tickets, err
	}
	return slices.DeleteFunc(slices.Clone(o.Tickets), func(id ticket.ID) bool {
		return slices.ContainsFunc(gone, func(g SoldOn) bool { return g.Ticket == id })
	}), nil
}

// withoutSold takes those out of the numbers of an order's tickets that were sold on.
func (o *Order) withoutSold(numbers []int, gone []SoldOn) []int {
	return slices.DeleteFunc(numbers, func(n int) bool {
		return slices.ContainsFunc(gone, func(g SoldOn) bool { return g.Ticket == o.Tickets[n] })
	})
}

// calledOff says whether the order's event doesn't take place.
func (a *act) calledOff(ctx context.Context, tx *sqldb.Tx) (bool, error) {
	e, err := a.sales.Catalog.EventIn(ctx, tx, a.Event)
	return err == nil && e.CalledOff(), err
}

// settleSellers says what becomes of the sellers of places that are the organiser's
// again. They are paid all the same, unless the event is off: then they get back what they
// have paid themselves, and what is held for them goes to the buyer, so this comes before
// the act's postBack.
func (a *act) settleSellers(ctx context.Context, tx *sqldb.Tx, numbers []int) error {
	if !a.Resold() || len(numbers) == 0 {
		return nil
	}
	places := a.Places()
	list := make([]string, len(numbers))
	for i, n := range numbers {
		list[i] = places[n].Listing
	}
	off, err := a.calledOff(ctx, tx)
	if err != nil {
		return err
	}
	if !off {
		return a.sales.Resale.BoughtBackIn(ctx, tx, list)
	}
	undone, err := a.sales.Resale.UndoIn(ctx, tx, list)
	a.undone += undone
	return err
}

// settleAll is settleSellers for an order of which all is the buyer's again. Where the
// event is off, that is what they paid for tickets that they have sold on, too.
func (a *act) settleAll(ctx context.Context, tx *sqldb.Tx, good []int) error {
	worth, _, err := a.worth(ctx, tx, good)
	if err != nil {
		return err
	}
	return a.settleSellers(ctx, tx, worth)
}
