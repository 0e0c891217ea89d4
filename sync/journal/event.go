package journal

import (
	"fmt"
	"slices"
	"time"
)

// Limits of an event record.
const (
	MaxZones    = 32  // a ticket names zones as bits of a 32-bit mask
	MaxProducts = 500 //
	MaxGates    = 500 //
	MaxRules    = 50  // for a gate or a product

	MaxQuestions = 20  // for a product
	MaxChoices   = 50  // of a question
	MaxCheckOuts = 400 // of a zone: one a day for longer than an event may last
	maxName      = 200 // bytes of a name or a text shown at a door
)

// Event is the content of an event record: all that a gate needs to know of an
// event to judge tickets, as the organiser's file said it. A later event record
// replaces the one before it whole.
type Event struct {
	Code      string    `cbor:"1,keyasint" json:"code"`                           // 1–16 of A–Z 0–9 -, the aud of its tickets
	Name      string    `cbor:"2,keyasint" json:"name"`                           //
	Zone      string    `cbor:"3,keyasint" json:"time_zone"`                      // IANA name of the venue's time zone
	Starts    int64     `cbor:"4,keyasint" json:"starts"`                         // Unix s
	Ends      int64     `cbor:"5,keyasint" json:"ends"`                           // Unix s
	Admission int64     `cbor:"6,keyasint,omitempty" json:"admission,omitempty"`  // doors open, Unix s; 0: at Starts
	Rehearsal bool      `cbor:"7,keyasint,omitempty" json:"rehearsal,omitempty"`  // a test clock is allowed; never for a live event
	Policy    Policy    `cbor:"8,keyasint" json:"policy"`                         //
	Zones     []Zone    `cbor:"9,keyasint" json:"zones"`                          //
	Products  []Product `cbor:"10,keyasint" json:"products"`                      //
	Gates     []Gate    `cbor:"11,keyasint" json:"gates"`                         //
	Text      string    `cbor:"12,keyasint,omitempty" json:"door_text,omitempty"` // shown beside WRONG EVENT and the like
	Venue     string    `cbor:"13,keyasint,omitempty" json:"venue,omitempty"`     //
	Language  string    `cbor:"14,keyasint,omitempty" json:"language,omitempty"`  // BCP 47 tag; what doors speak where nobody chose
}

// Policy is what the organiser decides about doubtful cases.
type Policy struct {
	StaleAfter  int64  `cbor:"1,keyasint" json:"stale_after_s"`              // s until a revocation list counts as stale
	Stale       string `cbor:"2,keyasint" json:"stale"`                      // what to do then: accept, ask or cannot
	ProofPast   int64  `cbor:"3,keyasint" json:"proof_past_s"`               // s that a live code stays good
	ProofFuture int64  `cbor:"4,keyasint" json:"proof_future_s"`             // s that it may be ahead
	Tolerance   int64  `cbor:"5,keyasint" json:"clock_tolerance_s"`          // s by which windows widen at a gate that never synced
	DownTo      Rung   `cbor:"6,keyasint,omitzero" json:"down_to,omitempty"` // the lowest rung that gates take
}

// Zone is an area that people are counted in.
type Zone struct {
	Bit      uint8  `cbor:"1,keyasint" json:"bit"` // 0–31: its place in a ticket's zone mask
	Code     string `cbor:"2,keyasint" json:"code"`
	Name     string `cbor:"3,keyasint" json:"name"`
	Capacity uint32 `cbor:"4,keyasint,omitempty" json:"capacity,omitempty"` // people; 0: not limited

	// CheckOut lists the moments, Unix s ascending, at which whoever is still
	// inside counts as gone: the building is empty then, whatever was scanned.
	CheckOut []int64 `cbor:"5,keyasint,omitempty" json:"check_out,omitempty"`
}

// Product is a kind of ticket.
type Product struct {
	Number uint32 `cbor:"1,keyasint" json:"number"` // as in tickets; never used again for another product
	Code   string `cbor:"2,keyasint" json:"code"`
	Name   string `cbor:"3,keyasint" json:"name"`
	Zones  uint32 `cbor:"4,keyasint" json:"zones"` // mask of the zones it opens
	Rules  []Rule `cbor:"5,keyasint,omitempty" json:"rules,omitempty"`

	Session   string     `cbor:"6,keyasint,omitempty" json:"session,omitempty"`   // which of the event's dates it is for; "": all
	Attention bool       `cbor:"7,keyasint,omitempty" json:"attention,omitempty"` // door staff are to look at who shows it
	Text      string     `cbor:"8,keyasint,omitempty" json:"text,omitempty"`      // shown at every scan of it
	Questions []Question `cbor:"9,keyasint,omitempty" json:"questions,omitempty"` // asked at the gate
}

// Question is something that a gate asks before it lets a ticket in.
type Question struct {
	Code     string   `cbor:"1,keyasint" json:"code"`
	Text     string   `cbor:"2,keyasint" json:"text"`
	Kind     string   `cbor:"3,keyasint" json:"kind"`                         // text, number, yes_no or choice
	Required bool     `cbor:"4,keyasint,omitempty" json:"required,omitempty"` // an empty answer does not do
	Choices  []string `cbor:"5,keyasint,omitempty" json:"choices,omitempty"`  // of a choice
}

// Gate is a place where tickets are checked.
type Gate struct {
	Code      string   `cbor:"1,keyasint" json:"code"`
	Name      string   `cbor:"2,keyasint" json:"name"`
	Zone      uint8    `cbor:"3,keyasint" json:"zone"`                               // bit of the zone it opens into
	Products  []uint32 `cbor:"4,keyasint,omitempty" json:"products,omitempty"`       // numbers; see AllProducts
	All       bool     `cbor:"5,keyasint,omitempty" json:"all_products,omitempty"`   // admits every product; else the list, and an empty one admits nothing
	Multi     bool     `cbor:"6,keyasint,omitempty" json:"multi_entry,omitempty"`    // entries are not counted against a ticket's admissions
	NoReentry bool     `cbor:"7,keyasint,omitempty" json:"no_reentry,omitempty"`     // an exit does not give the entry back
	Direction string   `cbor:"8,keyasint,omitempty" json:"direction_text,omitempty"` // how to find it, for people at the wrong gate
	Rules     []Rule   `cbor:"9,keyasint,omitempty" json:"rules,omitempty"`

	Session     string `cbor:"10,keyasint,omitempty" json:"session,omitempty"`       // lets in this session's products only; "": all
	TakesUnpaid bool   `cbor:"11,keyasint,omitempty" json:"takes_unpaid,omitempty"`  // staff may confirm that an unpaid ticket was paid for
	StaleAfter  int64  `cbor:"12,keyasint,omitempty" json:"stale_after_s,omitempty"` // s, in place of the policy's; 0: the policy's
}

// Rule is one condition on entries; all rules of the gate and of the product
// must hold. What the members mean depends on Kind; sync/admission knows the
// kinds, and one that it does not know refuses.
type Rule struct {
	Kind      string   `cbor:"1,keyasint" json:"kind"`
	N         int64    `cbor:"2,keyasint,omitempty" json:"n,omitempty"`             // a count or minutes
	Tolerance int64    `cbor:"3,keyasint,omitempty" json:"tolerance_min,omitempty"` // minutes
	Field     string   `cbor:"4,keyasint,omitempty" json:"field,omitempty"`         // an event time: admission, starts, ends; or a local time 15:04
	Cutoff    int64    `cbor:"5,keyasint,omitempty" json:"cutoff,omitempty"`        // Unix s
	Days      []int    `cbor:"6,keyasint,omitempty" json:"weekdays,omitempty"`      // 1 = Monday … 7
	Gates     []string `cbor:"7,keyasint,omitempty" json:"gates,omitempty"`         //
	Text      string   `cbor:"8,keyasint,omitempty" json:"text,omitempty"`          // shown when it fails, in place of the general words
}

func (*Event) kind() Kind { return KindEvent }

func (e *Event) check() error {
	if _, err := time.LoadLocation(e.Zone); err != nil || e.Zone == "" || e.Zone == "Local" {
		return fmt.Errorf("time zone %q is not known", e.Zone)
	}
	if e.Code == "" || len(e.Code) > 16 || e.Starts >= e.Ends {
		return fmt.Errorf("event %q from %d to %d", e.Code, e.Starts, e.Ends)
	}
	switch e.Policy.Stale {
	case "accept", "ask", "cannot":
	default:
		return fmt.Errorf("policy.stale %q: want accept, ask or cannot", e.Policy.Stale)
	}
	if err := e.Policy.DownTo.check(); err != nil {
		return err
	}
	if len(e.Zones) > MaxZones || len(e.Products) > MaxProducts || len(e.Gates) > MaxGates {
		return fmt.Errorf("%d zones, %d products, %d gates: over a limit", len(e.Zones), len(e.Products), len(e.Gates))
	}
	bits := uint32(0)
	for i, z := range e.Zones {
		if z.Bit >= MaxZones || bits&(1<<z.Bit) != 0 {
			return fmt.Errorf("zone %d: bit %d is out of range or taken", i, z.Bit)
		}
		bits |= 1 << z.Bit
		if len(z.CheckOut) > MaxCheckOuts || !slices.IsSorted(z.CheckOut) {
			return fmt.Errorf("zone %d: %d check-outs, want at most %d, ascending", i, len(z.CheckOut), MaxCheckOuts)
		}
	}
	for i, g := range e.Gates {
		if g.Zone >= MaxZones || bits&(1<<g.Zone) == 0 || len(g.Rules) > MaxRules {
			return fmt.Errorf("gate %d: no zone with bit %d, or more than %d rules", i, g.Zone, MaxRules)
		}
	}
	for i := range e.Products {
		if err := e.Products[i].check(); err != nil {
			return fmt.Errorf("product %d: %w", i, err)
		}
	}
	return firstError(atMost("name", e.Name, maxName), atMost("door text", e.Text, maxReason), atMost("language", e.Language, maxWord))
}

func (p *Product) check() error {
	if len(p.Rules) > MaxRules {
		return fmt.Errorf("%d rules, limit %d", len(p.Rules), MaxRules)
	}
	if len(p.Questions) > MaxQuestions {
		return fmt.Errorf("%d questions, limit %d", len(p.Questions), MaxQuestions)
	}
	for i := range p.Questions {
		q := &p.Questions[i]
		if q.Code == "" || len(q.Choices) > MaxChoices {
			return fmt.Errorf("question %d: code %q, %d choices of at most %d", i, q.Code, len(q.Choices), MaxChoices)
		}
		if err := firstError(atMost("question", q.Code, maxWord), atMost("question", q.Text, maxReason)); err != nil {
			return err
		}
	}
	return atMost("text", p.Text, maxReason)
}

// GateByCode finds a gate.
func (e *Event) GateByCode(code string) (Gate, bool) {
	for _, g := range e.Gates {
		if g.Code == code {
			return g, true
		}
	}
	return Gate{}, false
}

// ProductByNumber finds a product.
func (e *Event) ProductByNumber(n uint32) (Product, bool) {
	for _, p := range e.Products {
		if p.Number == n {
			return p, true
		}
	}
	return Product{}, false
}

// ZoneByBit finds a zone.
func (e *Event) ZoneByBit(bit uint8) (Zone, bool) {
	for _, z := range e.Zones {
		if z.Bit == bit {
			return z, true
		}
	}
	return Zone{}, false
}
