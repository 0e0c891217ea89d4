package sales

import (
	"context"
	"errors"
	"slices"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/server/post"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Leave gives the places of an order back at once: the buyer doesn't want them.
// Doing it again changes nothing. One that was paid meanwhile stays paid:
// fault.Refused.
func (s *Sales) Leave(ctx context.Context, id string) (Order, error) {
	o, err := s.Order(ctx, id)
	if err != nil || o.State == Left || o.State == Expired {
		return o, err
	}
	if o, err = s.callOff(ctx, o); err != nil {
		return o, err
	}
	o, err = s.change(ctx, id, func(ctx context.Context, tx *sqldb.Tx, a *act) error {
		if a.State == Left || a.State == Expired {
			return nil
		}
		if !a.State.Buying() {
			return fault.New(fault.Refused, "order %s is %s", a.Code, a.State.Words())
		}
		if a.ref != "" {
			return errOther
		}
		a.note("left", "buyer", "")
		return errors.Join(s.Stock.LetGoIn(ctx, tx, a.ID), a.turn(Left))
	})
	if err != nil {
		return o, err
	}
	if err := s.step("left"); err != nil {
		return o, err
	}
	return o, s.release(ctx, id)
}

// release gives the places of a hold back, if they are held still.
func (s *Sales) release(ctx context.Context, id string) error {
	err := s.Stock.Release(ctx, id)
	if kind := fault.KindOf(err); kind == fault.NotFound || kind == fault.Refused {
		return nil // it is over by itself, or sold to a payment that was faster
	}
	return err
}

// Extend gives the buyer more time, as often as the organiser allows.
func (s *Sales) Extend(ctx context.Context, id string) (Order, error) {
	o, err := s.Order(ctx, id)
	if err != nil {
		return o, err
	}
	shop, err := s.Catalog.Shop(ctx, o.Event)
	if err != nil {
		return o, err
	}
	if err := (&act{Order: &o, sales: s, now: s.Now()}).buying(); err != nil {
		return o, err
	}
	if o.Extended >= shop.Extensions {
		return o, fault.New(fault.Refused, "there is no more time to be had for this order")
	}
	until, extended := o.Until.Add(shop.HoldFor()), o.Extended
	return s.change(ctx, id, func(ctx context.Context, tx *sqldb.Tx, a *act) error {
		if a.Extended != extended {
			return nil // by another click at the same moment
		}
		if err := a.buying(); err != nil {
			return err
		}
		if _, err := s.Stock.KeepIn(ctx, tx, a.ID, until); err != nil {
			return err
		}
		a.Until, a.Extended = until, a.Extended+1
		a.note("extended", "buyer", "until %s", until.Format(time.TimeOnly))
		return nil
	})
}

// Cancel ends an order by the organiser's will. Unpaid, its places go back; paid,
// its money does too, and its tickets are void.
//
// It is refused when somebody came in with one of its tickets: see CancelEntered.
func (s *Sales) Cancel(ctx context.Context, id, why, who string) (Order, error) {
	return s.cancelled(ctx, id, Refund{Why: why, Who: who})
}

// CancelEntered is Cancel of an order in spite of people who came in with its tickets,
// which its history says.
func (s *Sales) CancelEntered(ctx context.Context, id, why, who string) (Order, error) {
	return s.cancelled(ctx, id, Refund{Why: why, Who: who, Entered: true})
}

func (s *Sales) cancelled(ctx context.Context, id string, r Refund) (Order, error) {
	why, who := r.Why, r.Who
	if why = line(why); why == "" || len(why) > maxWhy {
		return Order{}, fault.At(fault.BadInput, "why", "please give a reason of up to %d bytes: the buyer reads it", maxWhy)
	}
	if err := checkLine("why", why, maxWhy); err != nil {
		return Order{}, err
	}
	o, err := s.Order(ctx, id)
	if err != nil || o.State == Cancelled {
		return o, err
	}
	var came []ticket.ID
	if o.State.Good() {
		if came, err = s.entered(ctx, &o, r); err != nil {
			return o, err
		}
	}
	if o, err = s.callOff(ctx, o); err != nil {
		return o, err
	}
	o, err = s.change(ctx, id, func(ctx context.Context, tx *sqldb.Tx, a *act) error {
		if len(came) > 0 && a.State != Cancelled {
			a.note("cancelled after entry", who, "%s: %s", shorts(came), why)
		}
		return a.cancel(ctx, tx, why, who)
	})
	if err != nil {
		return o, err
	}
	if err := s.step("cancelled"); err != nil {
		return o, err
	}
	if err := s.release(ctx, id); err != nil {
		return o, err
	}
	if err := s.giveBack(ctx, id); err != nil {
		s.Log.WarnContext(ctx, "a refund waits for its provider", "order", o.Code, "error", err)
	}
	return s.Order(ctx, id)
}

func (a *act) cancel(ctx context.Context, tx *sqldb.Tx, why, who string) error {
	switch {
	case a.State == Cancelled:
		return nil
	case a.ref != "":
		return errOther
	case a.State == Left || a.State == Expired || a.State == Lapsed:
		return fault.New(fault.Refused, "order %s is %s already", a.Code, a.State.Words())
	case a.State == Awaiting:
		a.postBack(buyers, a.split(), "cancelled: "+why)
		if err := a.voidUnpaid(ctx, tx, ticketing.Cancelled, "cancelled: "+why); err != nil {
			return err
		}
	case a.State.Good():
		digest := "cancel"
		refunded := a.State
		if err := a.giveMoneyBack(ctx, tx, Refund{Key: "cancel", Why: why, Who: who}, digest); err != nil {
			return err
		}
		// One letter to the buyer, and one state, say it all.
		a.mails = slices.DeleteFunc(a.mails, func(m post.Mail) bool { return m.Kind == mailRefund })
		a.State = refunded
	}
	if err := a.sales.Stock.LetGoIn(ctx, tx, a.ID); err != nil {
		return err
	}
	a.note("cancelled", who, "%s", why)
	a.mail(mailCancelled, "", refundDetail(a.Order.Refunded, why))
	return a.turn(Cancelled)
}

// voidUnpaid voids tickets that were issued before they were paid. Their places go
// back with the hold.
func (a *act) voidUnpaid(ctx context.Context, tx *sqldb.Tx, state ticketing.State, why string) error {
	if len(a.Tickets) == 0 {
		return nil
	}
	return a.sales.Tickets.VoidIn(ctx, tx, a.Event, a.Tickets, state, why)
}

// Received is money that came by no provider.
type Received struct {
	Via    string // Bank or Cash
	Ref    string // names this money: of a transfer its own reference; the same again is the same money
	Amount int64  // minor units of the order's currency
	Who    string // who says so
}

// Receive records that money came for an order: a transfer, cash at the box office.
// It is accepted as a provider's payment is, and what can't be accepted goes back
// by hand.
func (s *Sales) Receive(ctx context.Context, id string, r Received) (Order, error) {
	if r.Via != Bank && r.Via != Cash {
		return Order{}, fault.At(fault.BadInput, "via", "%.20q: want %s or %s", r.Via, Bank, Cash)
	}
	if err := checkLine("ref", r.Ref, 100); err != nil || r.Ref == "" {
		return Order{}, fault.At(fault.BadInput, "ref", "the money needs a name of its own, of up to 100 bytes")
	}
	if r.Amount <= 0 || r.Amount > payment.MaxAmount {
		return Order{}, fault.At(fault.BadInput, "amount", "%d is no amount", r.Amount)
	}
	o, err := s.Order(ctx, id)
	if err != nil {
		return o, err
	}
	if o, err = s.callOff(ctx, o); err != nil {
		return o, err
	}
	o, _, err = s.hear(ctx, id, r.Via, payment.Payment{
		Ref: r.Ref, Order: o.ID, State: payment.Paid, Amount: r.Amount, Currency: o.Currency, At: s.Now(),
	})
	return o, err
}
