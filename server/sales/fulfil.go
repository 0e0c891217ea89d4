package sales

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/inventory"
	"usher/server/ticketing"
	"usher/sync/fault"
	"usher/sync/money"
)

// takePlaces turns the order's hold into a sale, or, when the places went back
// already, takes them again. It says whether the order has them. Mostly it has, so
// what its tickets take is asked for along with it.
func (a *act) takePlaces(ctx context.Context, tx *sqldb.Tx) (bool, error) {
	if a.sale == nil {
		var err error
		if a.sale, err = a.sales.Stock.SellLater(ctx, tx, a.ID); err == nil && len(a.Tickets) == 0 && !a.pools && !a.Resold() {
			a.desk, err = a.sales.Tickets.Open(ctx, tx, a.Event)
		}
		if err != nil {
			return false, err
		}
	}
	_, err := a.sale.Done(ctx)
	if err == nil {
		return a.had(ctx, tx)
	}
	if kind := fault.KindOf(err); kind != fault.Expired && kind != fault.Refused && kind != fault.NotFound {
		return false, err
	}
	if a.desk != nil {
		return false, errPools
	}
	_, err = a.sales.Stock.TakeIn(ctx, tx, a.Event, a.lines())
	var short *inventory.Short
	switch {
	case errors.As(err, &short):
		return false, nil
	case err != nil:
		return false, err
	}
	had, err := a.had(ctx, tx)
	if had {
		a.note("taken again", "usher", "the places had gone back to the sale and were free still")
	}
	return had, err
}

// had ends takePlaces of an order that has its places: what is sold on changes hands.
func (a *act) had(ctx context.Context, tx *sqldb.Tx) (bool, error) {
	if a.Resold() {
		return a.handOver(ctx, tx)
	}
	return true, nil
}

// fulfil makes the order paid: tickets, mail.
func (a *act) fulfil(ctx context.Context, tx *sqldb.Tx, who, why string) error {
	if err := a.turn(Paid); err != nil {
		return err
	}
	a.PaidAt = a.now
	if why != "" {
		a.note("paid", who, "%s", why)
	}
	a.mail(mailTickets, "", "")
	a.mailHolders()
	if a.Resold() {
		return nil // they are the buyer's by now
	}
	if len(a.Tickets) == 0 {
		return a.issue(ctx, tx, false)
	}
	// They were issued unpaid, and are blocked if the invoice had lapsed.
	if err := a.sales.Tickets.UnblockIn(ctx, tx, a.Event, a.Tickets, "paid"); err != nil {
		return err
	}
	return a.sales.Tickets.PaidIn(ctx, tx, a.Event, a.Tickets)
}

// people are who comes with the order's tickets.
func (a *act) people(unpaid bool) []ticketing.Attendee {
	places := a.Places()
	people := make([]ticketing.Attendee, len(places))
	for n, p := range places {
		h := Holder{}
		if n < len(a.Details.Holders) {
			h = a.Details.Holders[n]
		}
		people[n] = ticketing.Attendee{
			External: fmt.Sprintf("%s-%d", a.Code, n+1), Name: cmp.Or(h.Name, a.Details.Name, "Guest"), Email: cmp.Or(h.Email, a.Details.Email),
			Product: p.Product, Seat: p.Seat, Admissions: 1, Order: a.Code, Answers: ticketing.AnswersOf(h.Answers), Unpaid: unpaid,
		}
		if unpaid {
			people[n].Due, people[n].Currency = p.Price+p.Item.Fee, a.Currency
		}
	}
	return people
}

// issue makes the order's tickets.
func (a *act) issue(ctx context.Context, tx *sqldb.Tx, unpaid bool) error {
	var err error
	if a.desk == nil {
		if a.desk, err = a.sales.Tickets.Open(ctx, tx, a.Event); err != nil {
			return err
		}
	}
	tickets, err := a.desk.Issue(ctx, a.people(unpaid))
	if err != nil {
		return err
	}
	a.Tickets = make([]ticket.ID, len(tickets))
	for i := range tickets {
		a.Tickets[i] = tickets[i].ID
	}
	a.note("issued", "usher", "%d tickets", len(tickets))
	return nil
}

// words is an amount for the history.
func words(amount int64, currency string) string { return money.Format(amount, currency) }
