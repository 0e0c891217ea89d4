// Package books reads what a shop and its payment provider have written down, so that
// tests can hold the two to each other: orders, payments, refunds, the ledger, mails
// and tickets; and what of it may change still. It is for tests only.
package books

import (
	"usher/crypto/ticket"
	"usher/server/payment"
	"usher/server/sales"
	"usher/server/ticketing"
)

// Books are all books at one time: the shop's, and the provider's own.
type Books struct {
	Orders   map[string]*Order  // by id
	ByCode   map[string]*Order  // likewise
	Payments map[string]*Charge // the provider's, by its name for them
	Known    map[string]*Known  // the shop's of the same
	Hand     map[string]*Known  // the shop's that came by no provider: bank and cash
	Refunds  map[string]int64   // the shop's that were made, by payment
	Covered  map[string]int64   // the shop's that a lost dispute made, likewise
	Asked    map[string]int     // how many refunds the organiser asked for, by order
	Balance  map[string]int64   // of each account: what it took less what it gave
	Mails    map[string][]Mail  // by order
	Tickets  map[ticket.ID]Ticket
	Wrong    []string // what no book may say
}

// Order is an order as the shop has it.
type Order struct {
	ID, Code, Event, Email string
	Method                 string // how it is paid; "" where that wasn't said
	State                  sales.State
	Total, Paid, Refunded  int64
	PaidOut                int64 // as a seller of what they bought
	Items                  []sales.Item
	Fee                    int64
	Tickets                []ticket.ID
}

// Has says whether the order has, or had, its tickets for what it costs.
func (o *Order) Has() bool {
	return o.State.Good() || o.State == sales.ChargedBack || o.Paid > 0 && (o.State == sales.Refunded || o.State == sales.Cancelled)
}

// Charge is a payment as the provider has it.
type Charge struct {
	Ref, Order       string
	Amount, Refunded int64
	State            payment.State // pending, where nothing came of it
	Before           int64         // of Refunded: before a dispute began
	Disputed, Won    bool
}

// Lost is what the buyer's bank took back: what had not gone back before.
func (c *Charge) Lost() int64 {
	if c.Disputed && !c.Won {
		return c.Amount - c.Before
	}
	return 0
}

// Fee is what the provider keeps of a payment: 1.5 % and 25 cents (docs/payment.md
// doesn't say so, the sandbox's books do).
func (c *Charge) Fee() int64 { return min(c.Amount, c.Amount*150/10_000+25) }

// Known is a payment as the shop has it.
type Known struct {
	Via                   string // sandbox, bank, cash
	Order, State, Dispute string
	Accepted              bool
	Amount                int64
}

// Mail is a mail that was queued.
type Mail struct{ ID, Kind, State, Address string }

// Ticket is a ticket as it is recorded.
type Ticket struct {
	Event, Seat, External, Order, Token string
	Name, Email                         string // of who holds it
	State                               ticketing.State
	Product                             uint32
	Generation                          uint16
	Unpaid                              bool
}

// Held is what the provider's books come to: what lies there, and what it kept for
// that.
func (b *Books) Held() (at, cost int64) {
	for _, c := range b.Payments {
		if c.State == payment.Paid {
			at += c.Amount - c.Fee() - c.Refunded - c.Lost()
			cost += c.Fee()
		}
	}
	return at, cost
}

// Sum is what all accounts together come to.
func (b *Books) Sum() (sum int64) {
	for _, amount := range b.Balance {
		sum += amount
	}
	return sum
}
