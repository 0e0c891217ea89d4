package sales

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"slices"
	"time"

	"usher/server/catalog"
	"usher/server/inventory"
	"usher/sync/fault"
)

// Cart is what somebody wants to buy.
type Cart struct {
	Event    string
	Wanted   []Wanted
	Access   string // code that shows hidden products; may be empty
	Language string // of the buyer, for mails; BCP 47; may be empty
	Owner    string // who is limited in open holds: an address or an account; may be empty
	Claim    string // opens listings that are kept for one buyer; may be empty
	// Key makes Begin repeatable: the same key and cart is the same order, with
	// another cart it is fault.Exists. Whoever knows it can get the order, so it is
	// drawn at random and kept by the buyer. "" is an order of its own each time.
	Key string
}

// Wanted is so many of one product, or the ticket of one listing.
type Wanted struct {
	Offer string   `json:"offer"` // code of the product
	Count int      `json:"count"`
	Seats []string `json:"seats,omitempty"` // chosen ones, Count of them; none: the best available

	Listing string `json:"listing,omitempty"` // alone: of a ticket that somebody sells on
}

// maxKey bounds what a client chooses, in bytes.
const maxKey = 200

// Begin holds the places of a cart and makes an order of them. There is a price for
// everything, and it is the catalogue's. Errors name what in the cart is wrong; a
// *inventory.Short says what is left.
func (s *Sales) Begin(ctx context.Context, c Cart) (Order, error) {
	shop, err := s.Catalog.Shop(ctx, c.Event)
	if err != nil {
		return Order{}, err
	}
	if len(c.Key) > maxKey || len(c.Language) > maxLanguage {
		return Order{}, fault.New(fault.BadInput, "the order's key or language is too long")
	}
	now := s.Now()
	o := Order{Event: c.Event, State: Open, Currency: shop.Currency, Made: now, Details: Details{Language: line(c.Language)}}
	if len(c.Wanted) > 0 && c.Wanted[0].Listing != "" {
		o.Items, err = s.second(ctx, shop, c, now)
	} else {
		o.Items, err = fill(shop, c, now)
	}
	if err != nil {
		return Order{}, err
	}
	o.Total, o.Fee, o.FeeTax = price(shop, o.Items)
	if o.asked, err = asked(c); err != nil {
		return Order{}, err
	}
	if o.ID, err = s.newID(c.Event, c.Key); err != nil {
		return Order{}, err
	}
	o.Code = codeOf(o.ID, 0)
	hold, err := s.Stock.Hold(ctx, inventory.Request{
		ID: o.ID, Event: c.Event, Lines: o.lines(), Until: now.Add(shop.HoldFor()), Owner: c.Owner, Fresh: c.Key == "", With: o.with(),
	})
	if err != nil {
		return Order{}, err
	}
	o = o.of(hold)
	if err := s.step("held"); err != nil {
		return Order{}, err
	}
	if hold.Kept {
		return o, nil
	}
	return s.insert(ctx, o, hold)
}

// of is a new order of what is held for it.
func (o Order) of(hold inventory.Hold) Order {
	o.Items = slices.Clone(o.Items)
	for i := range o.Items {
		o.Items[i].Seats = hold.Lines[i].Seats
	}
	o.Until = hold.Until
	return o
}

// with has a new order kept along with its hold.
func (o Order) with() func(inventory.Hold) (string, []any) {
	return func(hold inventory.Hold) (string, []any) {
		held := o.of(hold)
		c, err := held.insert(inventory.IsHeld)
		if err != nil {
			return "", nil // Begin will say so
		}
		return c.Query, c.Args
	}
}

// insert keeps a new order that was not kept with its hold: there is one under the
// key, which is given as it is, or the code is another's.
func (s *Sales) insert(ctx context.Context, o Order, hold inventory.Hold) (Order, error) {
	for salt := range 4 {
		o.Code = codeOf(o.ID, salt)
		if hold.State == inventory.Held {
			made, err := s.insertAs(ctx, &o)
			if made || err != nil {
				return o, err
			}
		}
		there, err := s.Order(ctx, o.ID)
		switch {
		case fault.KindOf(err) == fault.NotFound && hold.State != inventory.Held:
			return Order{}, fault.New(fault.Expired, "the places were held for an order that was not finished in time: start again")
		case fault.KindOf(err) == fault.NotFound:
			continue // the code is another order's
		case err != nil:
			return Order{}, err
		case there.asked != o.asked:
			return Order{}, fault.New(fault.Exists, "this order was begun already, with something else in it")
		}
		return there, nil
	}
	return Order{}, fault.New(fault.Internal, "no free code for order %s", o.ID)
}

// insertAs tries to keep a new order under its id and code, and says whether it did.
func (s *Sales) insertAs(ctx context.Context, o *Order) (made bool, err error) {
	st, err := o.insert("true")
	if err != nil {
		return false, err
	}
	err = s.DB.ExecReturning(ctx, func(*sql.Rows) error { made = true; return nil }, st.Query, st.Args...)
	return made, stored(err, "keeping an order")
}

// fill makes items of what is wanted, by the shop's rules.
func fill(shop *catalog.Shop, c Cart, now time.Time) ([]Item, error) {
	var items []Item
	places := 0
	seen := map[string]bool{}
	if shop.About.Closed() {
		return nil, fault.At(fault.Refused, "cart", "event %s is not sold: %s", c.Event, shop.About.Standing.Why)
	}
	for _, w := range c.Wanted {
		offer, known := shop.OfferByCode(w.Offer)
		if !known || !offer.Opens(c.Access) {
			return nil, fault.At(fault.NotFound, "cart", "event %s sells no %.40q", c.Event, w.Offer)
		}
		if seen[w.Offer] {
			return nil, fault.At(fault.BadInput, "cart", "%s is in it twice", offer.Name)
		}
		seen[w.Offer] = true
		if err := allowed(offer, w, now); err != nil {
			return nil, err
		}
		if places += w.Count; places > shop.MaxPerOrder {
			return nil, fault.At(fault.BadInput, "cart", "one order holds %d tickets at most", shop.MaxPerOrder)
		}
		items = append(items, Item{
			Offer: offer.Code, Product: offer.Product, Name: offer.Name, Pool: offer.Pool, Count: w.Count, Seats: w.Seats,
			Price: offer.Price, Fee: offer.Fee, Tax: offer.Tax, Names: offer.Names, Emails: offer.Emails,
		})
	}
	if len(items) == 0 {
		return nil, fault.At(fault.BadInput, "cart", "there is nothing in it")
	}
	return items, nil
}

// allowed checks one product of a cart.
func allowed(offer *catalog.Offer, w Wanted, now time.Time) error {
	switch {
	case w.Count < offer.Min || w.Count > offer.Max:
		return fault.At(fault.BadInput, "cart", "%d of %s: an order has %d to %d", w.Count, offer.Name, offer.Min, offer.Max)
	case len(w.Seats) > 0 && len(w.Seats) != w.Count:
		return fault.At(fault.BadInput, "cart", "%d of %s, and %d seats are chosen", w.Count, offer.Name, len(w.Seats))
	case now.Unix() < offer.From:
		return fault.At(fault.Refused, "cart", "the sale of %s has not begun", offer.Name)
	case offer.Until != 0 && now.Unix() >= offer.Until:
		return fault.At(fault.Refused, "cart", "the sale of %s is over", offer.Name)
	}
	return nil
}

// price sums a cart up. The catalogue bounds prices and an order's tickets, so
// nothing overflows. What is sold on has its own fee, and none for the order.
func price(shop *catalog.Shop, items []Item) (total, fee, feeTax int64) {
	for _, item := range items {
		total += int64(item.Count) * (item.Price + item.Fee)
	}
	if total == 0 || len(items) > 0 && items[0].Listing != "" {
		return total, 0, 0
	}
	return total + shop.Fee, shop.Fee, shop.FeeTax
}

// asked is a digest of what a cart asks for.
func asked(c Cart) (string, error) {
	text, err := pack(struct {
		Event  string
		Wanted []Wanted
	}{c.Event, c.Wanted})
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), err
}
