package resale_test

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// What is done about one listing, and what is answered.
const (
	begins    = "begin"
	pays      = "pay"
	leaves    = "leave"
	lapses    = "lapse"
	takesBack = "take back"
	owns      = "who owns it"

	done    = "done"
	not     = "refused"
	back    = "the money goes back"
	late    = "too late" // the clock went past its end while it was begun
	unknown = "?"        // the database failed: it may have happened, and may not
)

// tries is how many orders are begun about one listing.
const tries = 4

// seller owns a ticket that no order has.
const seller = -1

// stage is how one of the orders stands.
type stage string

// The stages; "" is not begun.
const (
	holds  stage = "holds"  // the place
	lapsed stage = "lapsed" // its time is over: somebody may take the place, or it may be paid still
	lost   stage = "lost"   // the place, or has left
	repaid stage = "repaid"
)

// race is what the model remembers of a listing.
type race struct {
	orders [tries]stage
	owner  int // the order; or the seller
	ended  bool
}

// deed is what somebody does, about an order where it is one's.
type deed struct {
	what  string
	order int
}

// racing is the model of one listing: each act happens at one instant between its call
// and its answer, a place has one holder, and a ticket one owner who never is another's
// place. One act that nobody knows the end of has happened in any way that it could, or
// later than all others.
var racing = (&porcupine.NondeterministicModel{
	Init: func() []any { return []any{race{owner: seller}} },
	Step: func(state, input, output any) (next []any) {
		s, d := state.(race), input.(deed)
		if output != unknown {
			return s.step(d, output)
		}
		for _, answer := range []string{done, not, back} {
			next = append(next, s.step(d, answer)...)
		}
		return next
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v → %v", input, output) },
}).ToModel()

// step gives how it may stand after an answer: nothing when the answer is wrong.
func (s race) step(d deed, answer any) []any {
	ok := false
	switch d.what {
	case begins:
		if ok = answer == done && s.mayFree(d.order); ok {
			s = s.freed()
			s.orders[d.order] = holds
		}
		ok = ok || answer == not && s.mayBeTaken(d.order) || answer == late
	case pays:
		return s.pay(d.order, answer)
	case leaves:
		if ok = answer == done && s.owner != d.order; ok {
			s.orders[d.order] = lost
		}
	case lapses:
		if ok = true; s.orders[d.order] == holds {
			s.orders[d.order] = lapsed
		}
	case takesBack:
		switch {
		case answer == done && s.ended:
			ok = true
		case answer == done:
			ok = s.mayFree(seller)
			s = s.freed()
			s.ended = true
		case answer == not:
			ok = !s.ended && s.mayBeTaken(seller)
		}
	case owns:
		ok = answer == s.owner
	}
	if !ok {
		return nil
	}
	return []any{s}
}

// pay is the step of a payment that was made and is heard of, the first time or again.
func (s race) pay(order int, answer any) []any {
	mine := &s.orders[order]
	switch {
	case answer == done && s.owner == order, answer == back && *mine == repaid:
		return []any{s}
	case answer == done && *mine != repaid && s.mayFree(order):
		s = s.freed()
		s.owner = order
		return []any{s}
	case answer == back && (*mine == lapsed || *mine == lost && s.mayBeTaken(order)):
		*mine = repaid
		return []any{s}
	}
	return nil
}

// mayFree says whether the place may be an order's, as nobody else's it has to be.
func (s race) mayFree(order int) bool {
	for n, o := range s.orders {
		if o == holds && n != order {
			return false
		}
	}
	return !s.ended && s.owner == seller
}

// mayBeTaken says whether the place may be somebody's other than an order's.
func (s race) mayBeTaken(order int) bool {
	for n, o := range s.orders {
		if (o == holds || o == lapsed) && n != order {
			return true
		}
	}
	return s.ended || s.owner != seller
}

// freed is it when no order holds the place.
func (s race) freed() race {
	for n, o := range s.orders {
		if o == holds || o == lapsed {
			s.orders[n] = lost
		}
	}
	return s
}
