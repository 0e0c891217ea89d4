package admission

import (
	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/sync/journal"
)

// Moment is an instant as a gate knows it.
type Moment struct {
	At          int64 // corrected Unix ms
	Synced      bool  // the clock was compared with the server's at least once
	Suspect     bool  // it jumped since
	Uncertainty int64 // ms; the true time is within ± this of At
}

// Context is what a gate knows when it decides.
type Context struct {
	Event    *journal.Event // the newest version the gate has; nil: none yet
	Gate     journal.Gate   // as that version has it
	Node     journal.NodeID // the device, to know its own acts by
	NotReady Reason         // why the gate can't judge at all; "": it can
	Now      Moment

	ListAge   int64 // ms since the server's word on how far its journal goes
	ListKnown bool  // there was such a word

	Inside    int   // people in the gate's zone, as far as this gate knows
	InsideAge int64 // ms since the oldest word on which that number rests; below 0: some gate was never heard
}

// Override is a supervisor's wish to let somebody in against the verdict.
type Override struct {
	By      string // who, as recorded
	Why     string
	Allowed bool // who asks has proved the right to it (PIN or role card)
}

// Presented is what was held before the gate.
type Presented struct {
	Ticket *ticket.Ticket // a genuine ticket; nil where Err or Manual is set
	Err    error          // why the text is no genuine ticket
	Looks  ticket.Looks   // what it looks like instead

	Manual bool          // a typed short code: no signature, so the roster must know it
	ByName bool          // Manual, and nobody showed or said the code: the ticket was found by whose it is
	Claims ticket.Claims // what the roster says of it, when Manual

	Key      keyring.Key // the issuing key of Ticket
	KeyKnown bool
	InRoster bool

	Unpaid   bool   // the roster says that it is not paid for
	Due      int64  // what is to be paid, in the currency's minor units; 0: not said
	Currency string // ISO 4217

	Holder string   // name, where the device may know it
	Notes  []string // the order's texts for the door

	Direction Direction
	How       string // camera, picture, wedge, typed, search
	Lane      string

	Challenge *uint32   // the six digits that the gate asked the holder for; nil: none
	Override  *Override // nil: nobody wishes one
	Confirmed []Reason  // reasons of an ask that a person has confirmed for this scan

	Answers map[string]string // to the product's questions, by code: those given now and those on file
	Kiosk   bool              // nobody stands at the device who could ask
}

// Void is what the newest revocation of a ticket says.
type Void struct {
	Minimum uint32           `json:"minimum"`        // lowest good generation; journal.Never: none; 0: all
	Reason  string           `json:"reason"`         // as in journal.Revoke
	Since   int64            `json:"since"`          // Unix ms
	Note    string           `json:"note,omitempty"` // shown after the reason
	At      journal.Position `json:"-"`
	Set     bool             `json:"-"` // false: the ticket was never revoked
}
