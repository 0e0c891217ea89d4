package sandbox

import (
	"strings"
	"time"

	"usher/server/payment"
)

// Delays of the cards, on the sandbox's clock.
const (
	SlowFor       = 15 * time.Second // the bank takes its time
	AgainAfter    = 5 * time.Second  // a notice is sent once more
	OvertakenBy   = 4 * time.Second  // an older notice comes after a newer one
	LateBy        = 10 * time.Second // paid after the attempt's end
	DisputedAfter = 30 * time.Second // the buyer goes to their bank
	DecidedAfter  = 60 * time.Second // the bank decides on the dispute
)

// Card is a test card: its number decides what becomes of the payment.
type Card struct {
	Number string // digits
	Name   string
	Text   string // what happens, for a person who has to choose one
	Stays  bool   // the buyer isn't sent back to the shop after paying
	play   func(*plan)
}

// The cards. The numbers that Stripe's test cards share mean the same there.
var cards = []Card{
	{"4242424242424242", "Works", "Paid at once.", false, func(p *plan) {
		p.settle(payment.Paid, 0)
		p.tell(payment.NoticePaid, 0, 0)
	}},
	{"4000000000000002", "Declined", "The bank says no. You can try another card.", false, func(p *plan) {
		p.decline("Your bank declined this card. Nothing was taken; try another one.")
	}},
	{"4000000000009995", "No money", "Declined because the account is empty.", false, func(p *plan) {
		p.decline("There isn’t enough money in this card’s account. Nothing was taken; try another one.")
	}},
	{"4000002500003155", "3-D Secure", "Your bank asks first whether it is you.", false, func(p *plan) {
		p.step = stepConfirm
	}},
	{"4000000000000077", "Slow", "The bank takes 15 seconds, then it is paid.", false, func(p *plan) {
		p.settle(payment.Paid, SlowFor)
		p.tell(payment.NoticePaid, SlowFor, SlowFor)
	}},
	{"4000000000000101", "Slow, then fails", "The bank takes 15 seconds, then gives up.", false, func(p *plan) {
		p.settle(payment.Failed, SlowFor)
		p.tell(payment.NoticeFailed, SlowFor, SlowFor)
	}},
	{"4000000000000119", "Never answers", "The bank never decides. The order runs out.", false, func(p *plan) {
		p.step = stepWorking
	}},
	{"4000000000000127", "No notice", "Paid, but the shop is never told and has to find out.", true, func(p *plan) {
		p.settle(payment.Paid, 0)
	}},
	{"4000000000000135", "Notice twice", "Paid. The shop is told twice at the same moment, and once more.", false, func(p *plan) {
		p.settle(payment.Paid, 0)
		p.tell(payment.NoticePaid, 0, 0)
		p.again(0)
		p.again(AgainAfter)
	}},
	{"4000000000000143", "Notices out of order", "Paid. News from before the payment comes after it.", false, func(p *plan) {
		p.settle(payment.Paid, 0)
		p.tell(payment.NoticePaid, 0, 0)
		p.tell(payment.NoticeDeclined, -OvertakenBy, OvertakenBy)
		p.tell(payment.NoticeCancelled, -2*OvertakenBy, 2*OvertakenBy)
	}},
	{"4000000000000150", "Too late", "Paid 10 seconds after the places were given back.", false, func(p *plan) {
		late := max(p.until.Sub(p.now), 0) + LateBy
		p.settle(payment.Paid, late)
		p.tell(payment.NoticePaid, late, late)
	}},
	{"4000000000000259", "Disputed, lost", "Paid. In 30 seconds the buyer disputes it, and a minute later wins.", false, func(p *plan) {
		p.dispute(false)
	}},
	{"4000000000000267", "Disputed, won", "Paid. In 30 seconds the buyer disputes it, and a minute later loses.", false, func(p *plan) {
		p.dispute(true)
	}},
}

// Cards lists the test cards, in the order in which the page shows them.
func Cards() []Card { return append([]Card(nil), cards...) }

// Pretty is the number as it is printed on a card.
func (c Card) Pretty() string {
	var out strings.Builder
	for i, digit := range c.Number {
		if i > 0 && i%4 == 0 {
			out.WriteByte(' ')
		}
		out.WriteRune(digit)
	}
	return out.String()
}

// findCard knows a card by what a person typed of it.
func findCard(typed string) (Card, bool) {
	number := strings.NewReplacer(" ", "", "-", "", " ", "").Replace(typed)
	for _, c := range cards {
		if c.Number == number {
			return c, true
		}
	}
	return Card{}, false
}

// plan is what becomes of a payment after the buyer pressed the button.
type plan struct {
	now, until time.Time

	step       string
	declined   string
	settlesAt  time.Time // zero: not decided
	outcome    payment.State
	disputedAt time.Time
	decidedAt  time.Time
	won        bool
	notices    []planned
}

// planned is a notice of a plan.
type planned struct {
	kind   payment.Kind
	at     time.Time
	due    time.Time
	repeat bool // the same event as the one before it
}

func (p *plan) settle(outcome payment.State, after time.Duration) {
	p.outcome, p.settlesAt = outcome, p.now.Add(after)
}

func (p *plan) decline(why string) {
	p.declined, p.step = why, stepCard
	p.tell(payment.NoticeDeclined, 0, 0)
}

func (p *plan) tell(kind payment.Kind, at, due time.Duration) {
	p.notices = append(p.notices, planned{kind: kind, at: p.now.Add(at), due: p.now.Add(due)})
}

func (p *plan) again(due time.Duration) {
	last := p.notices[len(p.notices)-1]
	last.due, last.repeat = p.now.Add(due), true
	p.notices = append(p.notices, last)
}

func (p *plan) dispute(won bool) {
	p.settle(payment.Paid, 0)
	p.tell(payment.NoticePaid, 0, 0)
	p.disputedAt, p.decidedAt, p.won = p.now.Add(DisputedAfter), p.now.Add(DisputedAfter+DecidedAfter), won
	p.tell(payment.NoticeDispute, DisputedAfter, DisputedAfter)
	p.tell(payment.NoticeDispute, DisputedAfter+DecidedAfter, DisputedAfter+DecidedAfter)
}
