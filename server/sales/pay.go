package sales

import (
	"context"
	"errors"
	"fmt"
	"time"

	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/inventory"
	"usher/server/payment"
	"usher/server/speech"
	"usher/sync/fault"
)

// How an order can be paid, beside the catalogue's methods.
const (
	// MethodFree is how an order is paid that costs nothing.
	MethodFree = "free"
)

// Who brought money that came by no provider.
const (
	Bank = "bank"
	Cash = "cash"
)

// Payment is how a buyer wants to pay.
type Payment struct {
	Method string // catalog.MethodCard, MethodInvoice, MethodBoxOffice; free orders need none
	// Details, if there are any, are kept first, as by Sales.Details and at the same
	// time: whoever has all on one page does all in one act.
	Details *Details
}

// Pay begins to pay an order that is open. By card it gives the address of the
// provider's page, to which the buyer is sent; asked again, the same address while
// that payment may still be made. An order that costs nothing is paid at once; by
// invoice or at the box office it then waits for its money.
func (s *Sales) Pay(ctx context.Context, id string, p Payment) (o Order, redirect string, err error) {
	if o, err = s.Order(ctx, id); err != nil {
		return o, "", err
	}
	return s.PaySeen(ctx, o, p)
}

// PaySeen is Pay for who has just seen the order. Should it have changed since, the
// order counts as it is.
func (s *Sales) PaySeen(ctx context.Context, seen Order, p Payment) (o Order, redirect string, err error) {
	o, id := seen, seen.ID
	if o.State == Awaiting && p.Method == o.Method || o.State.Good() {
		return o, "", nil // done already: a reload, a second tab
	}
	if err := s.payable(ctx, &o, p); err != nil {
		return o, "", err
	}
	switch {
	case o.Total == 0:
		return s.payNothing(ctx, id, p)
	case p.Method == catalog.MethodCard:
		return s.payByCard(ctx, o, p)
	}
	if o.ref != "" { // the buyer was at the provider's page, and chose another way
		if o, err = s.callOff(ctx, o); err != nil || o.State.Good() {
			return o, "", err
		}
	}
	o, err = s.await(ctx, id, p)
	return o, "", err
}

// payable refuses what can't be paid so.
func (s *Sales) payable(ctx context.Context, o *Order, p Payment) error {
	a := &act{Order: o, sales: s, now: s.Now()}
	if err := a.buying(); err != nil {
		return err
	}
	if p.Details == nil && !o.Complete() {
		return fault.At(fault.BadInput, "email", "please give your name and e-mail address first")
	}
	if o.Total == 0 {
		return nil
	}
	shop, err := s.Catalog.Shop(ctx, o.Event)
	if err != nil {
		return err
	}
	if shop.About.Closed() {
		return fault.New(fault.Refused, "event %s is not sold: %s", o.Event, shop.About.Standing.Why)
	}
	for _, m := range o.Methods(shop) {
		if m == p.Method && (m != catalog.MethodCard || s.Provider != nil) {
			return nil
		}
	}
	return fault.At(fault.BadInput, "method", "this event can't be paid by %.20q", p.Method)
}

// payNothing ends an order that costs nothing.
func (s *Sales) payNothing(ctx context.Context, id string, p Payment) (Order, string, error) {
	o, err := s.change(ctx, id, func(ctx context.Context, tx *sqldb.Tx, a *act) error {
		if a.State.Good() {
			return nil
		}
		if err := a.beforePaying(ctx, p); err != nil {
			return err
		}
		a.Method = MethodFree
		taken, err := a.takePlaces(ctx, tx)
		switch {
		case err != nil:
			return err
		case !taken:
			return inventory.ErrGone
		}
		return a.fulfil(ctx, tx, "buyer", "nothing was to be paid")
	})
	return o, "", err
}

// beforePaying checks again inside the transaction, and keeps details that came
// along.
func (a *act) beforePaying(ctx context.Context, p Payment) error {
	if p.Details != nil {
		return a.describe(ctx, *p.Details)
	}
	return a.buying()
}

// payByCard has the provider make a payment, and keeps which.
func (s *Sales) payByCard(ctx context.Context, seen Order, p Payment) (Order, string, error) {
	o := seen
	if o.ref != "" && p.Details == nil {
		return o, o.url, nil
	}
	if p.Details != nil {
		shop, err := s.Catalog.Shop(ctx, o.Event)
		if err != nil {
			return o, "", err
		}
		if o.Details, err = p.Details.checked(&o, shop); err != nil {
			return o, "", err
		}
	}
	ref, url, attempt := o.ref, o.url, o.attempt
	if ref == "" {
		started, number, err := s.start(ctx, &o)
		if err != nil {
			return o, "", err
		}
		ref, url, attempt = started.Ref, started.URL, number
	}
	if err := s.step("started"); err != nil {
		return o, "", err
	}
	o, err := s.changeSeen(ctx, seen, func(ctx context.Context, _ *sqldb.Tx, a *act) error {
		if err := a.beforePaying(ctx, p); err != nil {
			return err
		}
		if a.ref == ref {
			return nil
		}
		if a.ref != "" {
			return errOther
		}
		a.Method, a.attempt, a.ref, a.url = catalog.MethodCard, attempt, ref, url
		a.expect(s.Provider.Name(), ref)
		a.note("started", "buyer", "payment %s at %s", ref, s.Provider.Name())
		return a.turn(Paying)
	})
	if err != nil {
		// What was started is not the order's: nobody was sent there, and nobody may be.
		return o, "", errors.Join(err, s.abandon(ctx, ref, err))
	}
	return o, o.url, nil
}

// errOther says that somebody else, in another tab, began to pay at the same moment.
var errOther = fault.New(fault.Unavailable, "this order is being paid in another window; go there, or try again")

// abandon calls off a payment that no order has. Where it isn't known whether it
// was kept, it is left: nobody was sent to its page.
func (s *Sales) abandon(ctx context.Context, ref string, why error) error {
	kind := fault.KindOf(why)
	if kind != fault.Refused && kind != fault.Expired && !errors.Is(why, errOther) {
		return nil
	}
	err := s.Provider.Cancel(ctx, ref)
	if errors.Is(err, payment.ErrPaid) {
		return nil // then there is a notice of it, or a look finds it
	}
	return err
}

// maxAttempts bounds how often one order goes to the provider.
const maxAttempts = 50

// start has the provider make a payment for the order. The key is the order's
// number of tries, so a crash in between leaves one payment, which the same try
// finds again; a try that was made with other contents is left alone: its buyer
// never saw it.
func (s *Sales) start(ctx context.Context, o *Order) (payment.Started, int, error) {
	page, err := s.address(ctx, o)
	if err != nil {
		return payment.Started{}, 0, err
	}
	l := speech.In(o.Details.Language, time.UTC)
	at := payment.Attempt{
		Order: o.ID, Text: payment.ClipText(l.T("mail.order", "code", o.Code)), Email: o.Details.Email, Amount: o.Total, Currency: o.Currency,
		Success: page, Cancel: page, Until: o.Until,
	}
	for _, item := range o.Items {
		at.Lines = append(at.Lines, payment.Line{Text: payment.ClipText(item.Name), Count: int64(item.Count), Amount: item.Price + item.Fee})
	}
	if o.Fee > 0 {
		at.Lines = append(at.Lines, payment.Line{Text: l.T("receipt.order_fee"), Count: 1, Amount: o.Fee})
	}
	for number := o.attempt + 1; number <= maxAttempts; number++ {
		at.Key = fmt.Sprintf("%s/%d", o.ID, number)
		started, err := s.Provider.Start(ctx, at)
		if fault.KindOf(err) == fault.Exists {
			continue
		}
		return started, number, err
	}
	return payment.Started{}, 0, fault.New(fault.TooMany, "order %s was to be paid %d times", o.Code, maxAttempts)
}

// callOff makes sure that the payment at the provider can't be made any more, and
// gives the order as it then is: paid, if the buyer was faster.
func (s *Sales) callOff(ctx context.Context, o Order) (Order, error) {
	if o.ref == "" || s.Provider == nil {
		return o, nil
	}
	err := s.Provider.Cancel(ctx, o.ref)
	switch {
	case errors.Is(err, payment.ErrPaid):
		if err := s.Settle(ctx, s.Provider.Name(), o.ref); err != nil {
			return o, err
		}
		return s.Order(ctx, o.ID)
	case err != nil:
		return o, err
	}
	ref := o.ref
	return s.change(ctx, o.ID, func(_ context.Context, _ *sqldb.Tx, a *act) error {
		if a.ref != ref {
			return nil
		}
		a.ref, a.url = "", ""
		a.settled(s.Provider.Name(), ref, payment.Cancelled)
		a.note("called off", "usher", "payment %s can't be made any more", ref)
		if a.State == Paying {
			return a.turn(Open)
		}
		return nil
	})
}

// await makes an order wait for its money.
func (s *Sales) await(ctx context.Context, id string, p Payment) (Order, error) {
	return s.change(ctx, id, func(ctx context.Context, tx *sqldb.Tx, a *act) error {
		if err := a.beforePaying(ctx, p); err != nil {
			return err
		}
		if a.ref != "" {
			return errOther
		}
		shop, err := s.Catalog.Shop(ctx, a.Event)
		if err != nil {
			return err
		}
		a.Method, a.Until = p.Method, due(shop, p.Method, a.now)
		if !a.Until.After(a.now) {
			return fault.At(fault.Refused, "method", "it is too late to pay so")
		}
		if _, err := s.Stock.KeepIn(ctx, tx, a.ID, a.Until); err != nil {
			return err
		}
		a.postSale(buyers, a.split(), "to be paid")
		a.note("awaiting", "buyer", "%s, due %s", p.Method, a.Until.Format(time.DateOnly))
		a.mail(mailAwaiting, "", "")
		if shop.EarlyTickets {
			if err := a.issue(ctx, tx, true); err != nil {
				return err
			}
		}
		return a.turn(Awaiting)
	})
}

// due is until when an order that waits for its money is to be paid: an invoice in
// the organiser's days, and nothing later than the event begins.
func due(shop *catalog.Shop, method string, now time.Time) time.Time {
	starts := time.Unix(shop.About.Starts, 0)
	by := now.Add(inventory.MaxKeep - time.Hour)
	if method == catalog.MethodInvoice {
		by = now.AddDate(0, 0, shop.InvoiceDays)
	}
	if starts.Before(by) {
		by = starts
	}
	return by.UTC().Truncate(time.Second)
}
