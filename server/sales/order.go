package sales

import (
	"cmp"
	"time"

	"usher/crypto/ticket"
	"usher/server/inventory"
)

// Order is an order as it stands.
type Order struct {
	ID       string    `json:"id"`
	Code     string    `json:"code"` // what people know it by
	Event    string    `json:"event"`
	State    State     `json:"state"`
	Currency string    `json:"currency"` // ISO 4217; of every amount here, minor units
	Items    []Item    `json:"items"`
	Fee      int64     `json:"fee,omitempty"`     // of the order as a whole, tax included
	FeeTax   int64     `json:"fee_tax,omitempty"` // included in Fee, basis points
	Total    int64     `json:"total"`
	Paid     int64     `json:"paid"`
	Refunded int64     `json:"refunded"`
	PaidOut  int64     `json:"paid_out,omitempty"` // of it, for tickets that the buyer sold on
	Details  Details   `json:"details"`
	Until    time.Time `json:"until"`            // when the places go back, or an invoice is due
	Extended int       `json:"extended"`         // how often the buyer took more time
	Method   string    `json:"method,omitempty"` // how it is paid
	Made     time.Time `json:"made"`
	Changed  time.Time `json:"changed"`
	PaidAt   time.Time `json:"paid_at,omitzero"`

	Tickets []ticket.ID `json:"tickets,omitempty"` // in the order of Places; none before they are issued

	rev     int64
	asked   string
	attempt int
	ref     string // of the try at the provider that is under way
	url     string
}

// Item is what is bought of one product, at the prices of when the order was made.
type Item struct {
	Offer   string   `json:"offer"`
	Product uint32   `json:"product"`
	Name    string   `json:"name"`
	Pool    string   `json:"pool"`
	Count   int      `json:"count"`
	Seats   []string `json:"seats,omitempty"`
	Price   int64    `json:"price"`            // of one, tax included
	Fee     int64    `json:"fee,omitempty"`    // on top for each, tax included
	Tax     int64    `json:"tax,omitempty"`    // included in both, basis points
	Names   bool     `json:"names,omitempty"`  // each ticket asks for its holder's name
	Emails  bool     `json:"emails,omitempty"` // and for their address

	// Of a ticket that somebody sells on. Price is what they ask, Tax is 0, and Fee is
	// the buyer's for the service.
	Listing string `json:"listing,omitempty"`
	FeeTax  int64  `json:"fee_tax,omitempty"` // included in Fee, basis points
	Home    string `json:"home,omitempty"`    // the pool that its place is of; Pool is the listing's own
}

// Place is one ticket to be: the item that it is of, and its seat.
type Place struct {
	*Item
	Seat string
}

// Places lists the order's tickets to be, in the order of Details.Holders.
func (o *Order) Places() (list []Place) {
	for i := range o.Items {
		item := &o.Items[i]
		for n := range item.Count {
			p := Place{Item: item}
			if n < len(item.Seats) {
				p.Seat = item.Seats[n]
			}
			list = append(list, p)
		}
	}
	return list
}

// Complete says whether the buyer's details are there.
func (o *Order) Complete() bool { return o.Details.Email != "" }

// Over says whether the time to buy is over.
func (o *Order) Over(now time.Time) bool { return !now.Before(o.Until) }

// lines are the order's places for the inventory.
func (o *Order) lines() []inventory.Line {
	list := make([]inventory.Line, len(o.Items))
	for i, item := range o.Items {
		list[i] = inventory.Line{Pool: item.Pool, Count: int64(item.Count), Seats: item.Seats}
	}
	return list
}

// linesOf are some of the order's places, by their numbers, as the event lists them.
func (o *Order) linesOf(numbers []int) (list []inventory.Line) {
	places := o.Places()
	at := map[string]int{}
	for _, n := range numbers {
		p := places[n]
		pool := cmp.Or(p.Home, p.Pool)
		i, there := at[pool]
		if !there {
			i = len(list)
			at[pool] = i
			list = append(list, inventory.Line{Pool: pool})
		}
		if list[i].Count++; p.Seat != "" {
			list[i].Seats = append(list[i].Seats, p.Seat)
		}
	}
	return list
}
