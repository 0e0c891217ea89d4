package resale

import (
	"context"
	"errors"
	"slices"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/sync/fault"
)

const (
	// lookEvery is how often it is looked whether something is due.
	lookEvery = 2 * time.Second
	// atOnce is how many listings are looked at together.
	atOnce = 200
)

// Run does what is due by the clock until ctx ends.
func (r *Resale) Run(ctx context.Context) {
	every := time.NewTicker(lookEvery)
	defer every.Stop()
	failing := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		switch err := r.Look(ctx); {
		case err == nil:
			failing = ""
		case ctx.Err() == nil && err.Error() != failing:
			failing = err.Error()
			r.Log.ErrorContext(ctx, "tickets that are sold on can't be looked after", "error", err)
		}
	}
}

// Look does once what Run does all the time: it ends listings, credits sellers, offers
// what was kept for somebody to the next, and drops places that nobody can buy any more.
// Servers may do so side by side, and a crash anywhere leaves nothing that it doesn't
// finish.
func (r *Resale) Look(ctx context.Context) error {
	events, err := r.events(ctx)
	if err != nil {
		return err
	}
	all := []error{r.passOn(ctx)}
	for _, event := range events {
		all = append(all, r.lookAt(ctx, event))
	}
	all = append(all, r.prune(ctx))
	return errors.Join(all...)
}

// events lists those that have something open, or money that is held.
func (r *Resale) events(ctx context.Context) (list []string, err error) {
	rows, err := r.DB.Read().QueryContext(ctx, `select event from resale_listing where state = 'open' union select event from resale_listing where payout = 'held' order by event`)
	if err != nil {
		return nil, stored(err, "looking for listings")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var event string
		if err := rows.Scan(&event); err != nil {
			return nil, stored(err, "looking for listings")
		}
		list = append(list, event)
	}
	return list, stored(rows.Err(), "looking for listings")
}

// lookAt does what is due of one event.
func (r *Resale) lookAt(ctx context.Context, event string) error {
	e, err := r.Catalog.Event(ctx, event)
	if err != nil {
		return err
	}
	shop, err := r.Catalog.Shop(ctx, event)
	if fault.KindOf(err) == fault.NotFound {
		shop, err = nil, nil
	}
	if err != nil {
		return err
	}
	return errors.Join(r.endDue(ctx, event, shop, r.closed(e, shop)), r.creditDue(ctx, e))
}

// closed says why nothing of an event is sold on any more; "" while it is.
func (r *Resale) closed(e *catalog.Event, shop *catalog.Shop) string {
	now := r.Now().Unix()
	switch {
	case e.Closed() && !e.CalledOff():
		return Moved
	case e.Closed():
		return Closed
	case now >= e.Ends:
		return TimeOver
	case shop == nil || shop.Resale == nil:
		return Closed
	case now >= shop.Resale.Until:
		return TimeOver
	}
	return ""
}

// each calls do with the listings that a query is about, some at a time, in the order of
// their ids. What fails of some holds up no others.
func (r *Resale) each(ctx context.Context, where, event string, do func([]Listing) error) error {
	var all []error
	for after := ""; ; {
		some, err := listings(ctx, r.DB.Read(), where+` and event = $1 and id > $2 order by id limit $3`, event, after, atOnce)
		if err != nil || len(some) == 0 {
			return errors.Join(append(all, err)...)
		}
		after = some[len(some)-1].ID // do may leave some out of the slice
		if all = append(all, do(some)); len(some) < atOnce {
			return errors.Join(all...)
		}
	}
}

func tickets(list []Listing) []ticket.ID {
	ids := make([]ticket.ID, len(list))
	for i := range list {
		ids[i] = list[i].Ticket
	}
	return ids
}

// endDue ends listings: all of an event where closed says why, else those whose seller
// came in, whose ticket has changed, or which are above a cap that is lower by now.
func (r *Resale) endDue(ctx context.Context, event string, shop *catalog.Shop, closed string) error {
	return r.each(ctx, `where state = 'open'`, event, func(some []Listing) error {
		ids := tickets(some)
		pending, err := r.Tickets.Pending(ctx, event, ids)
		if err != nil {
			return err
		}
		came, err := r.Entered(ctx, event, ids...)
		if err != nil {
			return err
		}
		var all []error
		for i := range some {
			l, why := &some[i], closed
			p, there := pending[l.Ticket]
			switch {
			case why != "":
			case !there || p.What != ticketing.Resale || p.Ref != l.ID:
				why = Changed
			case slices.Contains(came, l.Ticket):
				why = Entered
			case l.above(shop):
				why = AboveCap
			}
			if why != "" {
				all = append(all, r.end(ctx, l, why))
			}
		}
		return errors.Join(all...)
	})
}

// end ends a listing. Whoever is buying it meanwhile gets their money back.
func (r *Resale) end(ctx context.Context, l *Listing, why string) error {
	err := r.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		if err := r.Stock.ShutIn(ctx, tx, l.Event, l.pool()); err != nil && fault.KindOf(err) != fault.Refused {
			return err
		}
		return r.endIn(ctx, tx, l, why)
	})
	return r.wakes(stored(err, "ending a listing"))
}

// creditDue credits the sellers of tickets whose new holder came in, and all of them
// when the event is over.
func (r *Resale) creditDue(ctx context.Context, e *catalog.Event) error {
	over := r.Now().Unix() >= e.Ends
	return r.each(ctx, `where payout = 'held'`, e.Code, func(some []Listing) error {
		due := some
		if !over {
			came, err := r.Entered(ctx, e.Code, tickets(some)...)
			if err != nil {
				return err
			}
			due = slices.DeleteFunc(some, func(l Listing) bool { return !slices.Contains(came, l.Ticket) })
		}
		var all []error
		for i := range due {
			err := r.credit(ctx, &due[i])
			if err != nil && !errors.Is(err, sales.ErrUndecided) {
				all = append(all, err)
			}
		}
		return errors.Join(all...)
	})
}

// credit credits the seller of one listing, once.
func (r *Resale) credit(ctx context.Context, l *Listing) error {
	p := sales.Payout{Listing: l.ID, Ticket: l.Ticket, Price: l.Price, Fee: l.Kept, FeeTax: l.FeeTax, Own: l.Own}
	err := r.Sales.PayOut(ctx, l.SellerOrder, p, func(ctx context.Context, tx *sqldb.Tx, card, hand int64) (bool, error) {
		e, err := r.Catalog.EventIn(ctx, tx, l.Event)
		if err != nil || e.CalledOff() && !l.BoughtBack {
			return false, err // who bought it gets back what is held
		}
		payout := Credited
		if card+hand != l.Net() {
			payout = Withheld
		}
		done, err := tx.ExecContext(ctx, `update resale_listing set payout = $2, card = $3, hand = $4, changed_at = $5 where id = $1 and payout = 'held'`,
			l.ID, string(payout), card, hand, r.Now().UnixMilli())
		if err != nil {
			return false, stored(err, "crediting a seller")
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return false, err // somebody else was faster
		}
		l.Payout, l.Card, l.Hand = payout, card, hand
		if payout == Withheld {
			return true, nil
		}
		return true, r.tell(ctx, tx, mailCredited, l)
	})
	return r.wakes(err)
}
