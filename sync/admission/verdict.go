package admission

import (
	"time"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/sync/journal"
)

// Use says what kind of second use an already_used is.
type Use string

// The kinds, from the most likely harmless to the least.
const (
	UseMisread      Use = "misread"       // the same lane, seconds ago
	UsePassBack     Use = "pass_back"     // the same gate
	UseCopy         Use = "copy"          // another gate
	UseFormerHolder Use = "former_holder" // an older or newer code of the ticket is in
	UseAfterExit    Use = "after_exit"    // it came out, and this gate lets nobody in again
)

// KeyFault says what is wrong with an issuing key that is in the ring.
type KeyFault string

// The faults of a key.
const (
	KeyMissing    KeyFault = "missing" // not in the ring: a sync may bring it
	KeyNotIssuer  KeyFault = "not_issuer"
	KeyRevoked    KeyFault = "revoked"
	KeyNotYet     KeyFault = "not_yet_valid"
	KeyExpired    KeyFault = "expired"
	KeyRosterOnly KeyFault = "roster_only" // theft suspected, and the roster doesn't know the ticket
	KeyOtherEvent KeyFault = "other_event"
)

// GateHint names a gate that would let the ticket in.
type GateHint struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	Direction string `json:"direction_text,omitempty"`
}

// Verdict is what a scan comes to.
type Verdict struct {
	Result Result   `json:"result"`
	Reason Reason   `json:"reason"` // of an accept: entry, reentry or exit
	Flags  []string `json:"flags,omitempty"`

	Ticket     ticket.ID `json:"ticket,omitzero"` // zero where none of this event was seen
	Generation uint16    `json:"generation,omitempty"`
	Product    string    `json:"product,omitempty"` // name
	Seat       string    `json:"seat,omitempty"`
	Manual     bool      `json:"manual,omitempty"`
	ByName     bool      `json:"by_name,omitempty"`   // found by whose it is
	Holder     string    `json:"holder,omitempty"`    // where the device may know it
	TimeZone   string    `json:"time_zone,omitempty"` // IANA name, for the times in Details
	Challenge  Challenge `json:"challenge,omitempty"` // whether the phone answered; "": no number was asked for

	Details Details `json:"details"`
}

// Details are what the screen adds, as far as the reason calls for it. Times are
// Unix ms, 0 for none.
type Details struct {
	// Of an accept, and of already_used: the passage would be the Nth of
	// Allowed people inside at once. Allowed 0: not counted at this gate.
	Nth     int `json:"nth,omitempty"`
	Allowed int `json:"allowed,omitempty"`

	Count int  `json:"count,omitempty"` // entries so far, in the gate's zone
	First *Act `json:"first,omitempty"` // the entry that is still open the longest, or else the first
	Last  *Act `json:"last,omitempty"`  // the newest entry
	Use   Use  `json:"use,omitempty"`   // of already_used

	Opens  int64 `json:"opens,omitempty"`  // from when on it would pass
	Closes int64 `json:"closes,omitempty"` // since when it does no more

	Texts     []string           `json:"texts,omitempty"`      // the organiser's words for the door
	Questions []journal.Question `json:"questions,omitempty"`  // of an ask: those without a good answer
	Due       int64              `json:"due,omitempty"`        // of unpaid: minor units of the currency; 0: not said
	Currency  string             `json:"currency,omitempty"`   // ISO 4217
	Inside    int                `json:"inside,omitempty"`     // of zone_full: people
	Capacity  int                `json:"capacity,omitempty"`   // of zone_full
	InsideAge int64              `json:"inside_age,omitempty"` // of zone_full: ms since the oldest word it rests on; below 0: some gate was never heard

	Session     string `json:"session,omitempty"`      // of wrong_date: which date the ticket is for
	GateSession string `json:"gate_session,omitempty"` // of wrong_date: which one is let in here

	Void       *Void         `json:"void,omitempty"`
	Rule       *journal.Rule `json:"rule,omitempty"` // the rule that failed
	RightGates []GateHint    `json:"right_gates,omitempty"`

	KeyID    keyring.KeyID `json:"key,omitzero"`
	KeyFault KeyFault      `json:"key_fault,omitempty"`
	Looks    ticket.Looks  `json:"looks,omitempty"`
	Event    string        `json:"event,omitempty"`     // of wrong_event: whose it is
	EventDay int64         `json:"event_day,omitempty"` // of wrong_event: nbf of the ticket, if it has one
	CodeAge  int64         `json:"code_age,omitempty"`  // of stale_code: ms; below 0: from the future
	ListAge  int64         `json:"list_age,omitempty"`  // ms, with stale_list; 0: never heard

	Overrode Reason `json:"overrode,omitempty"` // of a forced accept: what it was against
}

// Green reports whether somebody may pass.
func (v Verdict) Green() bool { return v.Result == Accept || v.Result == AcceptRepeat }

// Local gives a time of the details, Unix ms, as the clock at the venue shows it.
func (v Verdict) Local(at int64) time.Time {
	zone, known := location(v.TimeZone)
	if !known {
		zone = time.UTC
	}
	return time.UnixMilli(at).In(zone)
}

// Forced reports whether an override let somebody in against the verdict.
func (v Verdict) Forced() bool { return v.Details.Overrode != "" }
