package sales

import (
	"slices"

	"usher/sync/fault"
)

// State is how an order stands.
type State string

// The states of an order.
const (
	Open         State = "open"          // places are held, the buyer is at it
	Paying       State = "paying"        // the buyer is at the provider's page
	Awaiting     State = "awaiting"      // to be paid by a date: invoice, box office
	Paid         State = "paid"          // and its tickets are out
	PartRefunded State = "part_refunded" // paid, and some of it went back
	Refunded     State = "refunded"      // all of it went back; its tickets are void
	Cancelled    State = "cancelled"     // by the organiser; its tickets are void
	Refunding    State = "refunding"     // paid, not accepted: the money is on its way back
	Disputed     State = "disputed"      // the buyer's bank took the money; tickets are blocked
	ChargedBack  State = "charged_back"  // and keeps it; tickets are void
	Expired      State = "expired"       // not paid in time
	Left         State = "left"          // the buyer gave the places back
	Lapsed       State = "lapsed"        // the invoice was not paid in time
)

// moves are the arrows between states.
var moves = map[State][]State{
	Open:         {Paying, Awaiting, Paid, Left, Expired, Cancelled, Refunding},
	Paying:       {Open, Awaiting, Paid, Left, Expired, Cancelled, Refunding},
	Awaiting:     {Paid, Lapsed, Cancelled, Refunding},
	Expired:      {Paid, Refunding, Cancelled},
	Left:         {Paid, Refunding, Cancelled},
	Lapsed:       {Paid, Refunding, Cancelled},
	Cancelled:    {Refunding},
	Refunding:    {Refunded},
	Paid:         {PartRefunded, Refunded, Cancelled, Disputed},
	PartRefunded: {Refunded, Cancelled, Disputed},
	Disputed:     {Paid, PartRefunded, ChargedBack},
}

// Buying says whether the buyer can still do something.
func (s State) Buying() bool { return s == Open || s == Paying }

// Good says whether the order's tickets are paid for and good.
func (s State) Good() bool { return s == Paid || s == PartRefunded }

// turn moves an order along an arrow.
func (a *act) turn(to State) error {
	if a.State == to {
		return nil
	}
	if !slices.Contains(moves[a.State], to) {
		return fault.New(fault.Refused, "order %s is %s and can't become %s", a.Code, a.State.Words(), to.Words())
	}
	a.State = to
	return nil
}

// Words says a state to a person.
func (s State) Words() string {
	switch s {
	case PartRefunded:
		return "refunded in part"
	case ChargedBack:
		return "charged back"
	case Awaiting:
		return "awaiting its payment"
	case Paying:
		return "being paid"
	case Left:
		return "given up by its buyer"
	}
	return string(s)
}
