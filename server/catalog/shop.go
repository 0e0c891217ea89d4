package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Shop is what an event sells and how, as its file said last. It is shared by all
// who ask for it: nobody changes it.
type Shop struct {
	Event string `json:"event"`
	// About is the event itself. What a file says (Spec.Shop) has none.
	About *Event `json:"-"`

	Currency    string `json:"currency"` // ISO 4217; of every amount here
	Text        string `json:"text,omitempty"`
	Picture     Image  `json:"picture"` // its zero value: none
	PictureText string `json:"picture_text,omitempty"`
	Address     string `json:"address,omitempty"`
	Geo         *Geo   `json:"geo,omitempty"`
	Map         string `json:"map,omitempty"` // URL of a map; "" for none

	Hold        int      `json:"hold"`       // how long a buyer's places are kept, minutes
	Extensions  int      `json:"extensions"` // how often a buyer may have the same time again
	MaxPerOrder int      `json:"max_per_order"`
	Fee         int64    `json:"fee,omitempty"`     // of a whole order that costs something, minor units
	FeeTax      int64    `json:"fee_tax,omitempty"` // included in Fee, basis points
	Methods     []string `json:"methods"`           // MethodCard …, in the order in which they are offered
	InvoiceDays int      `json:"invoice_days"`      // until an invoice is due
	// EarlyTickets has orders that are paid later get their tickets at once: gates
	// know them as unpaid.
	EarlyTickets bool   `json:"early_tickets,omitempty"`
	Terms        string `json:"terms,omitempty"` // that a buyer agrees to
	Seller       Seller `json:"seller"`
	Bank         Bank   `json:"bank,omitzero"` // that invoices are paid to
	// Returns is what buyers may give back by themselves.
	Returns Returns `json:"returns,omitzero"`
	// Transfers is how they may give tickets to somebody else.
	Transfers Transfers `json:"transfers,omitzero"`
	Resale    *Resale   `json:"resale,omitempty"` // nil: nobody sells a ticket on here

	Pools  []Pool  `json:"pools"`
	Offers []Offer `json:"offers"`
}

// Ways to pay. A free order needs none.
const (
	MethodCard      = "card"       // through the payment provider
	MethodInvoice   = "invoice"    // bank transfer, due in InvoiceDays
	MethodBoxOffice = "box_office" // cash, when the ticket is fetched
)

// Geo is a point on the earth, in degrees.
type Geo struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// Seller is whom buyers deal with; it stands on receipts.
type Seller struct {
	Name    string `json:"name"`
	Address string `json:"address,omitempty"` // several lines
	TaxID   string `json:"tax_id,omitempty"`
	Email   string `json:"email,omitempty"`
}

// Pool is a stock of places that offers are sold from.
type Pool struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	Capacity int64  `json:"capacity"`        // the number of seats, where there are any
	Seats    []Seat `json:"seats,omitempty"` // none: places are only counted
}

// Seat is a numbered place. No other of the event has its code.
type Seat struct {
	Code string `json:"code"` // row and number, as on the ticket: "A-12"
	Row  string `json:"row"`
	Name string `json:"name"` // its number within the row
}

// Offer is a product that is sold.
type Offer struct {
	Product uint32 `json:"product"` // its number, as in tickets
	Code    string `json:"code"`
	Name    string `json:"name"`
	Text    string `json:"text,omitempty"`
	Price   int64  `json:"price"`         // of one, minor units, tax included
	Fee     int64  `json:"fee,omitempty"` // on top for each, tax included
	Tax     int64  `json:"tax,omitempty"` // included in both, basis points
	Pool    string `json:"pool"`
	From    int64  `json:"from,omitempty"` // when its sale begins, Unix s; 0: it has begun
	Until   int64  `json:"until"`          // when it ends, Unix s
	Min     int    `json:"min"`            // of an order that has any
	Max     int    `json:"max"`
	Access  string `json:"access,omitempty"` // code without which it is not shown; "": for everybody
	Names   bool   `json:"names,omitempty"`  // each ticket asks for its holder's name
	Emails  bool   `json:"emails,omitempty"` // and for their address

	Questions []journal.Question `json:"questions,omitempty"` // asked at checkout, for each ticket
}

// Total is what one costs, with its fee.
func (o *Offer) Total() int64 { return o.Price + o.Fee }

// Opens says whether an offer is shown to who entered a code; "" for none. A
// code is good in capitals and small letters, and with spaces around it.
func (o *Offer) Opens(code string) bool {
	return o.Access == "" || strings.EqualFold(o.Access, strings.TrimSpace(code))
}

// OfferByCode finds what is sold by its code.
func (s *Shop) OfferByCode(code string) (*Offer, bool) {
	i := slices.IndexFunc(s.Offers, func(o Offer) bool { return o.Code == code })
	if i < 0 {
		return nil, false
	}
	return &s.Offers[i], true
}

// OfferOf finds what is sold as a product, by its number.
func (s *Shop) OfferOf(product uint32) (*Offer, bool) {
	i := slices.IndexFunc(s.Offers, func(o Offer) bool { return o.Product == product })
	if i < 0 {
		return nil, false
	}
	return &s.Offers[i], true
}

// PoolByCode finds a stock by its code.
func (s *Shop) PoolByCode(code string) (*Pool, bool) {
	i := slices.IndexFunc(s.Pools, func(p Pool) bool { return p.Code == code })
	if i < 0 {
		return nil, false
	}
	return &s.Pools[i], true
}

// HoldFor is how long a buyer's places are kept.
func (s *Shop) HoldFor() time.Duration { return time.Duration(s.Hold) * time.Minute }

// shopFor is how long a shop that was read is good without asking whether it
// changed: what another server applies is sold here that much later.
const shopFor = time.Second

// shelf keeps the shops that were read.
type shelf struct {
	mu    sync.Mutex
	shops map[string]shelved
}

type shelved struct {
	shop *Shop
	rev  int64
	seen time.Time
}

func (s *shelf) get(event string) (shelved, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.shops[event]
	return kept, ok
}

func (s *shelf) put(event string, kept shelved) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shops == nil {
		s.shops = map[string]shelved{}
	}
	if kept.shop == nil {
		delete(s.shops, event)
		return
	}
	s.shops[event] = kept
}

// Shop gives what an event sells; fault.NotFound when it sells nothing, or is
// none. It is cheap: at most one small question a second goes to the database.
func (c *Catalog) Shop(ctx context.Context, event string) (*Shop, error) {
	kept, have := c.shelf.get(event)
	now := c.now()
	if age := now.Sub(kept.seen); have && age >= 0 && age < shopFor {
		return kept.shop, nil
	}
	var rev int64
	row := c.db.Read().QueryRowContext(ctx, `select e.rev from event e join shop s on s.event = e.code where e.code = $1`, event)
	err := row.Scan(&rev)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		c.shelf.put(event, shelved{})
		return nil, nothingSold(event)
	case err != nil:
		return nil, fmt.Errorf("asking for the shop of event %s: %w", event, err)
	case have && kept.rev == rev:
		c.shelf.put(event, shelved{kept.shop, rev, now})
		return kept.shop, nil
	}
	shop, err := c.ShopIn(ctx, c.db.Read(), event)
	if err != nil {
		return nil, err
	}
	c.shelf.put(event, shelved{shop, shop.About.rev, now})
	return shop, nil
}

func nothingSold(event string) error {
	return fault.New(fault.NotFound, "event %.40q sells nothing here", event)
}

// ShopIn is Shop as q sees it.
func (c *Catalog) ShopIn(ctx context.Context, q sqldb.Queryer, event string) (*Shop, error) {
	// The event goes first: were it changed in between, it would be the older one,
	// and the next look at its rev finds that out.
	about, err := c.EventIn(ctx, q, event)
	if err != nil {
		return nil, err
	}
	content, err := shopText(ctx, q, event)
	if err != nil {
		return nil, err
	}
	if content == "" {
		return nil, nothingSold(event)
	}
	s := Shop{About: about}
	if err := json.Unmarshal([]byte(content), &s); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a shop in the database is damaged")
	}
	return &s, nil
}

// Shops lists the events that sell something, by when they start.
func (c *Catalog) Shops(ctx context.Context) ([]*Shop, error) {
	codes, err := c.selling(ctx)
	if err != nil {
		return nil, err
	}
	var list []*Shop
	for _, code := range codes {
		s, err := c.Shop(ctx, code)
		if errors.Is(err, fault.NotFound) {
			continue // taken down since
		}
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(a, b *Shop) int { return compareStarts(a.About, b.About) })
	return list, nil
}

func (c *Catalog) selling(ctx context.Context) (codes []string, err error) {
	rows, err := c.db.Read().QueryContext(ctx, `select event from shop order by event`)
	if err != nil {
		return nil, fmt.Errorf("listing the shops: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var code string
		if err := rows.Scan(&code); err != nil {
			return nil, fmt.Errorf("listing the shops: %w", err)
		}
		codes = append(codes, code)
	}
	return codes, rows.Err()
}
