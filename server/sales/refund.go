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
	"usher/server/payment"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Refund is what the organiser gives back of an order.
type Refund struct {
	// Key makes it repeatable: the same key and content is the same refund, with
	// another content it is fault.Exists. It is needed.
	Key string
	// Tickets are those whose price and fees go back; they are void from that moment,
	// and their places are for sale again. None, and no Amount: all of the order.
	Tickets []ticket.ID
	// Amount is money that goes back for no ticket: goodwill, minor units.
	Amount int64
	Why    string // said to the buyer, and at the door; needed
	Who    string // organiser, or a name
	// Entered has tickets refunded by which somebody came in, which is refused without
	// it. The reason stands in the order's history.
	Entered bool
	// Later leaves it to a server that runs to ask the provider.
	Later bool
}

// maxWhy bounds a reason, in bytes: the narrowest of those who keep it.
const maxWhy = payment.MaxText

// Refund gives money of a paid order back: of tickets, of all of it, or an amount.
// The tickets are void at the gates in the same act; the money is asked back from
// the provider after it, and again until the provider has done it.
func (s *Sales) Refund(ctx context.Context, id string, r Refund) (Order, error) {
	digest, err := r.check()
	if err != nil {
		return Order{}, err
	}
	o, err := s.Order(ctx, id)
	if err != nil {
		return Order{}, err
	}
	entered, err := s.entered(ctx, &o, r)
	if err != nil {
		return o, err
	}
	o, err = s.change(ctx, id, func(ctx context.Context, tx *sqldb.Tx, a *act) error {
		if err := a.giveMoneyBack(ctx, tx, r, digest); err != nil || len(a.events) == 0 {
			return err
		}
		if len(entered) > 0 {
			a.note("refund after entry", r.Who, "%s: %s", shorts(entered), r.Why)
		}
		return nil
	})
	if err != nil {
		return o, err
	}
	if err := s.step("refund asked"); err != nil {
		return o, err
	}
	if r.Later {
		return o, nil
	}
	if err := s.giveBack(ctx, id); err != nil {
		s.Log.WarnContext(ctx, "a refund waits for its provider", "order", o.Code, "error", err)
	}
	return s.Order(ctx, id)
}

// check gives a digest of what is asked.
func (r *Refund) check() (string, error) {
	r.Why = line(r.Why)
	switch {
	case r.Key == "" || len(r.Key) > 100:
		return "", fault.At(fault.BadInput, "key", "a refund has a key of 1 to 100 bytes")
	case r.Why == "":
		return "", fault.At(fault.BadInput, "why", "please give a reason: the buyer reads it")
	case r.Amount < 0:
		return "", fault.At(fault.BadInput, "amount", "%d is no amount", r.Amount)
	case r.Amount > 0 && len(r.Tickets) > 0:
		return "", fault.At(fault.BadInput, "amount", "a refund is of tickets or of an amount: ask for the two one by one")
	}
	if err := errors.Join(checkLine("key", r.Key, 100), checkLine("why", r.Why, maxWhy)); err != nil {
		return "", err
	}
	text, err := pack(struct {
		Tickets []ticket.ID
		Amount  int64
	}{r.Tickets, r.Amount})
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), err
}

// giveMoneyBack does a refund, up to asking the provider.
func (a *act) giveMoneyBack(ctx context.Context, tx *sqldb.Tx, r Refund, digest string) error {
	refundID := a.ID + "/refund/" + r.Key
	var asked string
	err := tx.QueryRowContext(ctx, `select asked from order_refund where id = $1`, refundID).Scan(&asked)
	switch {
	case err == nil && asked != digest:
		return fault.New(fault.Exists, "a refund %.40q of order %s is there already, of something else", r.Key, a.Code)
	case err == nil:
		return nil // done before
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	if !a.State.Good() {
		return fault.New(fault.Refused, "order %s is %s: there is nothing to refund", a.Code, a.State.Words())
	}
	back, all, err := a.voidFor(ctx, tx, r)
	if err != nil {
		return err
	}
	amount := back.total()
	a.note("refund", r.Who, "%s: %s", words(amount, a.Currency), r.Why)
	a.mail(mailRefund, "/"+r.Key, refundDetail(amount, r.Why))
	return a.goesBack(ctx, tx, back, refund{ID: refundID, Why: r.Why, asked: digest}, "refund: "+r.Why, all)
}

// goesBack has money go back by a refund: to where the order's came from, unless it is
// none. about is what the ledger says of it; all says that no good ticket is left.
func (a *act) goesBack(ctx context.Context, tx *sqldb.Tx, back split, r refund, about string, all bool) (err error) {
	r.Amount, r.Currency = back.total(), a.Currency
	if r.Amount > a.Left() {
		return fault.New(fault.Refused, "%s of order %s can't go back: %s are left", words(r.Amount, a.Currency), a.Code, words(a.Left(), a.Currency))
	}
	a.Order.Refunded += r.Amount
	if r.Amount > 0 {
		if r.Provider, r.Ref, err = a.acceptedPayment(ctx, tx); err != nil {
			return err
		}
		a.postBack(owed, back, about)
	}
	a.refund(r)
	if all && a.Order.Refunded == a.Order.Paid {
		return a.turn(Refunded)
	}
	return a.turn(PartRefunded)
}

// voidFor voids the tickets of a refund, gives their places back and says what that
// comes to, and whether no good ticket is left.
func (a *act) voidFor(ctx context.Context, tx *sqldb.Tx, r Refund) (back split, all bool, err error) {
	if r.Amount > 0 {
		return a.share(r.Amount), false, nil
	}
	good, tickets, err := a.goodTickets(ctx, tx)
	if err != nil {
		return back, false, err
	}
	numbers, err := a.named(good, r.Tickets)
	if err != nil {
		return back, false, err
	}
	a.tellHolders(tickets, numbers, r.Why)
	repaid := numbers
	if len(r.Tickets) == 0 {
		if back, repaid, err = a.rest(ctx, tx, good); err != nil {
			return back, false, err
		}
	} else {
		kept := slices.DeleteFunc(slices.Clone(good), func(n int) bool { return slices.Contains(numbers, n) })
		back = a.splitOf(good, true).minus(a.splitOf(kept, true))
	}
	if err := a.settleSellers(ctx, tx, repaid); err != nil {
		return back, false, err
	}
	return back, len(numbers) == len(good), a.giveUp(ctx, tx, numbers, ticketing.Cancelled, r.Why)
}

// rest is all that is left of an order's money, to the last unit: its good tickets
// and its own fee, less what went back for no ticket. It gives the numbers of the tickets
// for which that is, too.
func (a *act) rest(ctx context.Context, tx *sqldb.Tx, good []int) (all split, worth []int, err error) {
	worth, with, err := a.worth(ctx, tx, good)
	all = a.splitOf(worth, true)
	stays := a.splitOf(with, true).total() - all.total()
	all.sales += a.Order.Paid - a.Order.Refunded - stays - all.total()
	return all, worth, err
}

// worth gives the numbers of those tickets whose price goes back with all of an order, and
// with them of those for which it stays: see worthOf.
func (a *act) worth(ctx context.Context, tx *sqldb.Tx, good []int) (worth, with []int, err error) {
	off, err := a.calledOff(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	gone, err := a.sales.soldOn(ctx, tx, a.Order)
	worth, with = a.worthOf(good, gone, off)
	return worth, with, err
}

// worthOf is worth by what was sold on. What was paid for a ticket that was sold on stays,
// unless the event is off and the price is held still: then who bought it gets that back,
// and who sold it what they paid.
func (o *Order) worthOf(good []int, gone []SoldOn, off bool) (worth, with []int) {
	worth, with = slices.Clone(good), slices.Clone(good)
	for _, g := range gone {
		n := slices.Index(o.Tickets, g.Ticket)
		if with = append(with, n); off && g.Held {
			worth = append(worth, n)
		}
	}
	return worth, with
}

// share splits an amount as the whole order is split.
func (a *act) share(amount int64) split {
	all := a.split()
	if all.total() == 0 {
		return split{sales: amount}
	}
	tax := amount * all.tax / all.total()
	return split{sales: amount - tax, tax: tax}
}

// goodTickets gives the order's tickets, and the numbers of those that are not void
// for good and were not sold on.
func (a *act) goodTickets(ctx context.Context, tx *sqldb.Tx) (numbers []int, all []ticketing.Ticket, err error) {
	if all, err = a.sales.Tickets.OfIn(ctx, tx, a.Event, a.Tickets); err != nil {
		return nil, nil, err
	}
	gone, err := a.sales.soldOn(ctx, tx, a.Order)
	return a.withoutSold(good(all), gone), all, err
}

// good gives the numbers of those tickets that are not void for good.
func good(all []ticketing.Ticket) (numbers []int) {
	for n, t := range all {
		if t.State == ticketing.Valid || t.State == ticketing.Blocked {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// named gives those of good tickets that a refund names; all when it names none.
func (a *act) named(good []int, ids []ticket.ID) (numbers []int, err error) {
	if len(ids) == 0 {
		return good, nil
	}
	for _, n := range good {
		if slices.Contains(ids, a.Tickets[n]) {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) != len(ids) {
		return nil, fault.At(fault.BadInput, "tickets", "not all of these are good tickets of order %s", a.Code)
	}
	return numbers, nil
}

// giveUp gives places back and voids their tickets. Pools come before the journal:
// all who need both take them in that order.
func (a *act) giveUp(ctx context.Context, tx *sqldb.Tx, numbers []int, state ticketing.State, why string) error {
	if len(numbers) == 0 {
		return nil
	}
	if err := a.sales.Stock.ReturnIn(ctx, tx, a.Event, a.linesOf(numbers)); err != nil {
		return err
	}
	return a.sales.Tickets.VoidIn(ctx, tx, a.Event, idsOf(a.Tickets, numbers), state, why)
}

// acceptedPayment is the payment that paid the order.
func (a *act) acceptedPayment(ctx context.Context, tx *sqldb.Tx) (provider, ref string, err error) {
	err = tx.QueryRowContext(ctx, `select provider, ref from order_payment where order_id = $1 and accepted = 1`, a.ID).Scan(&provider, &ref)
	return provider, ref, err
}

// refund is money that is to go back.
type refund struct {
	ID, Provider, Ref string
	Amount            int64
	Kept              int64 // of what was given back
	Currency, Why     string
	asked             string // what for, or its digest; "" only of what was given back at the provider
	tries             int
	again             int       // times it was refused and is asked for anew
	due               time.Time // when the provider is asked; zero: at once
}

// refund notes that money is to go back. What no provider holds is given by hand:
// the organiser says so by asking.
func (a *act) refund(r refund) {
	now := a.now.UnixMilli()
	state, done, try := "asked", int64(0), now
	if !r.due.IsZero() {
		try = r.due.UnixMilli()
	}
	switch {
	case r.Amount == 0:
		state, done, try = "done", now, 0
	case byHand(r.Provider):
		state, done, try = "done", now, 0
		a.post(owed, at(r.Provider), r.Amount, r.Currency, "given back by hand, "+r.Ref)
	default:
		a.refunds = true
	}
	a.more = append(a.more, sqldb.Call{
		Query: `insert into order_refund (id, order_id, provider, ref, state, amount, kept, currency, why, problem, asked, made_at, done_at, try_at, tries, again)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, $12, $13, 0, 0) on conflict (id) do nothing`,
		Args: []any{r.ID, a.ID, r.Provider, r.Ref, state, r.Amount, r.Kept, r.Currency, r.Why, r.asked, now, done, try},
	})
}

// byHand says whether money that came so goes back by hand, there being no provider
// to ask.
func byHand(provider string) bool { return provider == Bank || provider == Cash }

// refundedElsewhere takes in refunds that somebody made at the provider.
func (a *act) refundedElsewhere(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment, accepted bool) error {
	if p.Refunded == 0 {
		return nil
	}
	var ours int64
	err := tx.QueryRowContext(ctx, `select coalesce(sum(amount), 0) from order_refund where provider = $1 and ref = $2 and state not in ('refused', 'by_hand')`, provider, p.Ref).Scan(&ours)
	if err != nil || p.Refunded <= ours {
		return err
	}
	amount := p.Refunded - ours
	a.more = append(a.more, sqldb.Call{
		Query: `insert into order_refund (id, order_id, provider, ref, state, amount, kept, currency, why, problem, asked, made_at, done_at, try_at, tries, again)
		values ($1, $2, $3, $4, 'done', $5, 0, $6, 'made at the provider', '', '', $7, $7, 0, 0, 0) on conflict (id) do nothing`,
		Args: []any{a.ID + "/" + provider + "/" + p.Ref + "/elsewhere/" + words(p.Refunded, p.Currency), a.ID, provider, p.Ref, amount, p.Currency, a.now.UnixMilli()},
	})
	a.note("refund", "provider", "%s of %s, made at %s", words(amount, p.Currency), p.Ref, provider)
	if !accepted || !a.State.Good() {
		a.post(owed, at(provider), amount, p.Currency, "given back at the provider, "+p.Ref)
		return nil
	}
	a.mail(mailRefund, "/elsewhere/"+words(p.Refunded, p.Currency), refundDetail(amount, ""))
	if a.Order.Refunded += amount; a.Left() > 0 {
		a.postBack(at(provider), a.share(amount), "given back at the provider, "+p.Ref)
		return a.turn(PartRefunded)
	}
	numbers, tickets, err := a.goodTickets(ctx, tx)
	if err != nil {
		return err
	}
	a.tellHolders(tickets, numbers, "refunded")
	if err := a.turn(Refunded); err != nil {
		return err
	}
	if err := a.settleAll(ctx, tx, numbers); err != nil {
		return err
	}
	a.postBack(at(provider), a.share(amount), "given back at the provider, "+p.Ref)
	return a.giveUp(ctx, tx, numbers, ticketing.Cancelled, "refunded")
}
