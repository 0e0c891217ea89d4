package catalog

import "time"

// Limits of giving tickets away.
const (
	maxTransferTimes  = 100
	maxTransferHours  = 366 * 24 // before the start
	maxAcceptHours    = 30 * 24
	defaultTransfers  = 3
	defaultAcceptTime = 72 // hours
)

// Transfers is how people may give tickets to somebody else by themselves. The zero
// value is not at all.
type Transfers struct {
	Times  int   `json:"times,omitempty"`  // how often one ticket changes hands so; 0: never
	Hours  int64 `json:"hours,omitempty"`  // before the event starts, until which they may
	Named  bool  `json:"named,omitempty"`  // only to somebody with a name and an e-mail address
	Accept int64 `json:"accept,omitempty"` // how long an offer is open, hours
}

// Until is when giving away ends, Unix s, for an event that starts then.
func (t *Transfers) Until(starts int64) int64 {
	return starts - t.Hours*int64(time.Hour/time.Second)
}

// AcceptFor is how long an offer is open.
func (t *Transfers) AcceptFor() time.Duration { return time.Duration(t.Accept) * time.Hour }

// transfers reads how tickets are given away: without the table by its defaults.
func (f *finder) transfers(t *transferTable) Transfers {
	if t == nil {
		t = &transferTable{}
	}
	const path = "shop.transfer."
	whole := func(name string, value *int64, otherwise, least, most int64) int64 {
		return f.number(path+name, path+name, value, otherwise, least, most)
	}
	r := Transfers{
		Times:  int(whole("times", t.Times, defaultTransfers, 1, maxTransferTimes)),
		Hours:  whole("hours_before", t.Hours, 0, 0, maxTransferHours),
		Accept: whole("accept_hours", t.Accept, defaultAcceptTime, 1, maxAcceptHours),
		Named:  t.Named,
	}
	if t.Enabled != nil && !*t.Enabled {
		return Transfers{}
	}
	return r
}
