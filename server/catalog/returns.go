package catalog

import (
	"cmp"
	"time"
)

// maxReturnHours bounds how long before the start buyers may still give back: a year.
const maxReturnHours = 366 * 24

// Returns is what buyers may give back by themselves, and what of its price comes back
// to them. The zero value is nothing.
type Returns struct {
	On      bool  `json:"on"`
	Hours   int64 `json:"hours,omitempty"`   // before the event starts, until which they may
	Percent int64 `json:"percent,omitempty"` // kept of what a ticket cost, basis points
	Keep    int64 `json:"keep,omitempty"`    // kept of each ticket instead, minor units
}

// Until is when giving back ends, Unix s, for an event that starts then.
func (r *Returns) Until(starts int64) int64 {
	return starts - r.Hours*int64(time.Hour/time.Second)
}

// Kept is what is kept of a ticket that cost so much, with its fee: half a minor unit is
// rounded up, and it is never more than the ticket cost.
func (r *Returns) Kept(cost int64) int64 {
	const whole = 10_000
	return min(cost, cmp.Or(r.Keep, (2*cost*r.Percent+whole)/(2*whole)))
}

// returns reads what buyers may give back. Without the table nothing.
func (f *finder) returns(t *backTable, currency string) Returns {
	if t == nil {
		return Returns{}
	}
	const path = "shop.refund"
	r := Returns{
		On:      true,
		Hours:   f.number(path+".hours_before", path+".hours_before", t.Hours, 0, 0, maxReturnHours),
		Percent: f.percent(path+".keep_percent", path+".keep_percent", t.Percent),
		Keep:    f.amount(path+".keep", path+".keep", t.Keep, currency),
	}
	if r.Percent > 0 && r.Keep > 0 {
		f.blame(path+".keep", path+".keep", "there is keep_percent: want one of the two")
	}
	return r
}
