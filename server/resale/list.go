package resale

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Asked is what a seller asks for.
type Asked struct {
	Price    int64  // minor units
	Account  string // how they are paid what can't go back to where they paid from; may be empty
	Language string // of their mails; BCP 47; may be empty
}

// Terms are how a ticket may be sold on.
type Terms struct {
	Face     int64 // what it cost at first, with its own fee
	Most     int64 // what its seller may ask
	Cap      int64 // what its buyer pays at most
	Currency string
	Until    time.Time
	Own      bool // the seller is who paid its order
	shop     *catalog.Shop
	order    sales.Order
	place    sales.Place
}

// Fees are what is kept of a price, and what is put on top of it.
func (t *Terms) Fees(price int64) (seller, buyer int64) { return t.shop.Resale.Fees(price) }

// Terms gives how a ticket may be sold on. fault.Refused says why it may not; see WhyNot.
func (r *Resale) Terms(ctx context.Context, t ticketing.Ticket) (Terms, error) {
	shop, err := r.shop(ctx, t.Event)
	if err != nil {
		return Terms{}, err
	}
	s, err := r.standing(ctx, t.Event, []ticket.ID{t.ID})
	if err != nil {
		return Terms{}, err
	}
	return r.terms(ctx, shop, &t, s)
}

// shop gives the shop of an event whose tickets may be sold on.
func (r *Resale) shop(ctx context.Context, event string) (*catalog.Shop, error) {
	shop, err := r.Catalog.Shop(ctx, event)
	if kind := fault.KindOf(err); kind == fault.NotFound || err == nil && shop.Resale == nil {
		return nil, WhyNever.refusal("tickets of this event can't be sold on here")
	}
	return shop, err
}

// terms is Terms for one of several tickets. What holds for good is said before what may
// change.
func (r *Resale) terms(ctx context.Context, shop *catalog.Shop, t *ticketing.Ticket, s *standing) (terms Terms, err error) {
	terms = Terms{Currency: shop.Currency, Until: time.Unix(min(shop.Resale.Until, shop.About.Ends), 0).UTC(), shop: shop}
	if terms.order, terms.place, err = r.bought(ctx, t, s); err != nil {
		return Terms{}, err
	}
	if terms.order.Currency != shop.Currency {
		return Terms{}, WhyNever.refusal("ticket %s was bought for another currency", t.ID.Short())
	}
	if terms.Face, err = r.face(ctx, terms.place); err != nil {
		return Terms{}, err
	}
	terms.Most, terms.Cap = shop.Resale.Most(terms.Face), shop.Resale.CapOf(terms.Face)
	terms.Own = t.Email != "" && strings.EqualFold(t.Email, terms.order.Details.Email)
	if terms.Most == 0 {
		return Terms{}, WhyNever.refusal("ticket %s cost too little to be sold on", t.ID.Short())
	}
	return terms, s.refuses(t, shop, &terms, r.Now())
}

// bought gives the order that a ticket was bought in, and its place in that.
func (r *Resale) bought(ctx context.Context, t *ticketing.Ticket, s *standing) (sales.Order, sales.Place, error) {
	none := WhyNever.refusal("ticket %s was not bought here, so it can't be sold on here", t.ID.Short())
	if sales.CleanCode(t.Order) == "" {
		return sales.Order{}, sales.Place{}, none
	}
	list, there := s.orders[t.Order]
	if !there {
		var err error
		if list, err = r.Sales.Find(ctx, sales.Search{Text: t.Order, Limit: 1}); err != nil {
			return sales.Order{}, sales.Place{}, err
		}
		s.orders[t.Order] = list
	}
	if len(list) == 0 || list[0].Event != t.Event {
		return sales.Order{}, sales.Place{}, none
	}
	o := list[0]
	n := slices.Index(o.Tickets, t.ID)
	if n < 0 {
		return o, sales.Place{}, none
	}
	return o, o.Places()[n], nil
}

// face gives what a place cost at first: of one that was sold on before, what it cost
// then.
func (r *Resale) face(ctx context.Context, p sales.Place) (int64, error) {
	if p.Listing == "" {
		return p.Price + p.Item.Fee, nil
	}
	l, err := r.Listing(ctx, p.Listing)
	return l.Face, err
}

// List puts a ticket up for its holder, who t is of as they see it: everything that it
// has become since is refused. Errors name price or account.
func (r *Resale) List(ctx context.Context, t ticketing.Ticket, a Asked) (Listing, error) {
	terms, err := r.Terms(ctx, t)
	if err != nil {
		return Listing{}, err
	}
	if a, err = a.checked(&terms); err != nil {
		return Listing{}, err
	}
	l, err := r.listing(&t, &terms, a)
	if err != nil {
		return Listing{}, err
	}
	err = r.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		now, err := r.Tickets.PendIn(ctx, tx, l.Event, []ticket.ID{l.Ticket}, ticketing.Resale, l.ID)
		if err != nil {
			return err
		}
		if err := now[0].SameHands(&t); err != nil {
			return err
		}
		if err := none(ctx, tx, &l); err != nil {
			return err
		}
		if err := l.insert(ctx, tx); err != nil {
			return err
		}
		if terms.shop.Resale.WaitlistFirst {
			if err := r.keepFor(ctx, tx, &l, terms.shop); err != nil {
				return err
			}
		}
		if err := r.Stock.OpenIn(ctx, tx, l.Event, l.pool(), l.Name, l.Seat); err != nil {
			return err
		}
		return r.tell(ctx, tx, mailListed, &l)
	})
	return l, r.wakes(stored(err, "listing a ticket"))
}

// none refuses for a moment while there is an open listing of the ticket from before: what
// happened to the ticket has ended it, and Look has yet to say so.
func none(ctx context.Context, tx *sqldb.Tx, l *Listing) error {
	_, err := one(ctx, tx, `where event = $1 and ticket = $2 and state = 'open'`, l.Event, l.Ticket.String())
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return nil
	case err != nil:
		return err
	}
	return fault.New(fault.Unavailable, "the listing of this ticket from before is being ended: try again in a moment")
}

// checked gives what is asked for as it is kept.
func (a Asked) checked(t *Terms) (Asked, error) {
	a.Account = strings.Join(strings.Fields(a.Account), " ")
	var wrong []error
	switch {
	case a.Price <= 0:
		wrong = append(wrong, fault.At(fault.BadInput, "price", "please say what you ask for it"))
	case a.Price > t.Most:
		wrong = append(wrong, fault.At(fault.BadInput, "price", "that is more than you may ask"))
	}
	if len(a.Account) > maxAccount || !utf8.ValidString(a.Account) || strings.ContainsFunc(a.Account, unicode.IsControl) {
		wrong = append(wrong, fault.At(fault.BadInput, "account", "it has up to %d bytes of text", maxAccount))
	}
	return a, errors.Join(wrong...)
}

// listing is a new one.
func (r *Resale) listing(t *ticketing.Ticket, terms *Terms, a Asked) (Listing, error) {
	id, err := r.draw()
	if err != nil {
		return Listing{}, err
	}
	p, now := &terms.place, r.Now()
	l := Listing{
		ID: id, Event: t.Event, Ticket: t.ID, State: Open, Offer: p.Offer, Product: p.Product, Name: p.Name, Names: p.Names,
		Home: cmp.Or(p.Home, p.Pool), Seat: t.Seat, Face: terms.Face, Price: a.Price, FeeTax: terms.shop.Resale.Tax, Currency: terms.Currency,
		SellerOrder: terms.order.ID, SellerName: t.Name, SellerEmail: t.Email, Own: terms.Own, Account: a.Account,
		Language: cmp.Or(a.Language, terms.order.Details.Language), Made: now, Changed: now,
	}
	l.Kept, l.OnTop = terms.Fees(a.Price)
	return l, nil
}

// TakeBack takes a ticket off sale for its seller. fault.Refused while somebody is
// buying it, or when it is sold. Doing it again changes nothing.
func (r *Resale) TakeBack(ctx context.Context, id string) (Listing, error) {
	var l Listing
	err := r.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		if l, err = one(ctx, tx, `where id = $1`, id); err != nil || l.State == Ended {
			return err
		}
		if err := r.Stock.ShutIn(ctx, tx, l.Event, l.pool()); err != nil {
			if fault.KindOf(err) == fault.Refused {
				err = fault.Wrap(fault.Refused, err, "somebody is buying this ticket just now, or has bought it")
			}
			return err
		}
		return r.endIn(ctx, tx, &l, TakenBack)
	})
	return l, r.wakes(stored(err, "taking a ticket off sale"))
}

// endIn ends a listing that is open, for a reason. It is looked at again first.
func (r *Resale) endIn(ctx context.Context, tx *sqldb.Tx, l *Listing, why string) error {
	now, err := touch(ctx, tx, l.ID)
	if err != nil {
		return err
	}
	if *l = now; l.State != Open {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `update resale_listing set state = 'ended', why = $2, changed_at = $3 where id = $1`, l.ID, why, r.Now().UnixMilli()); err != nil {
		return err
	}
	l.State, l.Why, l.Changed = Ended, why, r.Now()
	if _, err := r.Tickets.UnpendIn(ctx, tx, l.Event, []ticket.ID{l.Ticket}, ticketing.Resale, l.ID); err != nil {
		return err
	}
	if err := r.releaseIn(ctx, tx, l); err != nil {
		return err
	}
	return r.tell(ctx, tx, mailEnded, l)
}

// OnSale is a listing that everybody may buy, if nobody is doing so.
type OnSale struct {
	Listing
	Taken bool // somebody is buying it
}

// maxShown is how many listings a marketplace shows at most, the cheapest first.
const maxShown = 300

// ForSale lists what everybody may buy of an event, the cheapest first.
func (r *Resale) ForSale(ctx context.Context, event string) (list []OnSale, err error) {
	free, err := r.Stock.FreeAside(ctx, event)
	if err != nil {
		return nil, err
	}
	open, err := listings(ctx, r.DB.Read(), `where event = $1 and state = 'open' and kept_for = '' order by price + buyer_fee, made_at, id limit $2`, event, maxShown)
	for _, l := range open {
		list = append(list, OnSale{l, !free[l.pool()]})
	}
	return list, err
}
