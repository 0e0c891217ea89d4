package journal

import "fmt"

// Limits of a scan record's members, in bytes.
const (
	maxWord     = 40  // results, reasons, inputs, lanes, gate codes, flags
	maxEvidence = 600 // a ticket or presentation: FORMAT.md allows 700 characters of text
	maxReason   = 400 // free text that a person typed
	maxFlags    = 16

	// MaxAnswer is the most bytes of an answer to a question.
	MaxAnswer = 400
)

// Position is a place in the server's journal.
type Position struct {
	_     struct{} `cbor:",toarray"`
	Epoch uint64
	Seq   uint64
}

// Before reports whether p is an earlier place than o.
func (p Position) Before(o Position) bool {
	return p.Epoch < o.Epoch || p.Epoch == o.Epoch && p.Seq < o.Seq
}

// Assurance says how sure a gate could be that nobody else had let the ticket
// in: how many of the event's other active gates it had not heard from lately,
// and for how long at most.
type Assurance struct {
	Level     string `cbor:"1,keyasint" json:"level"`                          // together, recent or alone
	Unheard   uint32 `cbor:"2,keyasint,omitempty" json:"unheard,omitempty"`    // gates
	LongestMS uint64 `cbor:"3,keyasint,omitempty" json:"longest_ms,omitempty"` // age of the oldest word; 0 with Unheard > 0: never heard
}

// Scan is the content of a scan record: one attempt at a gate and its verdict,
// whatever it was.
type Scan struct {
	Result     string    `cbor:"1,keyasint" json:"result"`                          // accept, reject, ask, cannot
	Reason     string    `cbor:"2,keyasint" json:"reason"`                          // entry, reentry, exit, or why not
	Direction  string    `cbor:"3,keyasint" json:"direction"`                       // in or out
	Gate       string    `cbor:"4,keyasint" json:"gate"`                            // the gate's code at the time
	How        string    `cbor:"5,keyasint" json:"how"`                             // camera, picture, wedge, typed, search
	Lane       string    `cbor:"6,keyasint,omitempty" json:"lane,omitempty"`        // which of the gate's lanes
	Ticket     TicketID  `cbor:"7,keyasint,omitzero" json:"-"`                      // absent when no genuine ticket was seen
	Evidence   []byte    `cbor:"8,keyasint,omitempty" json:"-"`                     // the ticket's or presentation's bytes; absent for a typed short code
	Parents    []Hash    `cbor:"9,keyasint,omitempty" json:"parents,omitempty"`     // the newest records of the ticket that the gate knew
	Known      Position  `cbor:"10,keyasint" json:"-"`                              // how far the gate knew the server's journal
	Assurance  Assurance `cbor:"11,keyasint" json:"assurance"`                      //
	Flags      []string  `cbor:"12,keyasint,omitempty" json:"flags,omitempty"`      // stale_list, clock_suspect, offline, forced
	Operator   string    `cbor:"13,keyasint,omitempty" json:"operator,omitempty"`   // who overrode, when somebody did
	Override   string    `cbor:"14,keyasint,omitempty" json:"override,omitempty"`   // why they overrode
	DecideUS   uint64    `cbor:"15,keyasint,omitempty" json:"decide_us,omitempty"`  // µs from code in hand to decision
	Generation uint16    `cbor:"16,keyasint,omitempty" json:"generation,omitempty"` // the code's generation
}

func (*Scan) kind() Kind { return KindScan }

func (s *Scan) check() error {
	if s.Result == "" || s.Reason == "" || s.Gate == "" || s.How == "" {
		return fmt.Errorf("result %q, reason %q, gate %q and how %q are all needed", s.Result, s.Reason, s.Gate, s.How)
	}
	if s.Direction != "in" && s.Direction != "out" {
		return fmt.Errorf("direction %q: want in or out", s.Direction)
	}
	if len(s.Evidence) > 0 && s.Ticket == (TicketID{}) {
		return fmt.Errorf("evidence without a ticket")
	}
	if s.Result == "accept" && s.Ticket == (TicketID{}) {
		return fmt.Errorf("an admission without a ticket")
	}
	if len(s.Parents) > MaxParents || len(s.Flags) > maxFlags || len(s.Evidence) > maxEvidence {
		return fmt.Errorf("%d parents, %d flags, %d bytes of evidence: over a limit", len(s.Parents), len(s.Flags), len(s.Evidence))
	}
	for i, flag := range s.Flags {
		if err := atMost(fmt.Sprintf("flag %d", i), flag, maxWord); err != nil {
			return err
		}
	}
	return firstError(
		atMost("result", s.Result, maxWord), atMost("reason", s.Reason, maxWord), atMost("gate", s.Gate, maxWord),
		atMost("how", s.How, maxWord), atMost("lane", s.Lane, maxWord), atMost("operator", s.Operator, maxWord),
		atMost("override", s.Override, maxReason), atMost("assurance", s.Assurance.Level, maxWord),
	)
}

// Undo is the content of an undo record: its author takes back an admission of
// its own.
type Undo struct {
	Admission Hash     `cbor:"1,keyasint"` // the scan record
	Ticket    TicketID `cbor:"2,keyasint"`
	Operator  string   `cbor:"3,keyasint,omitempty"`
	Why       string   `cbor:"4,keyasint,omitempty"`
}

func (*Undo) kind() Kind { return KindUndo }

func (u *Undo) check() error {
	return firstError(atMost("operator", u.Operator, maxWord), atMost("why", u.Why, maxReason))
}

// Answer is the content of an answer record: what a holder said to the
// organiser's questions at a gate. It is written before the scan record of the
// admission that it made possible.
type Answer struct {
	Ticket   TicketID      `cbor:"1,keyasint"`
	Answers  []GivenAnswer `cbor:"2,keyasint"`
	Operator string        `cbor:"3,keyasint,omitempty"`
}

// GivenAnswer is the answer to one question; "" where there was none.
type GivenAnswer struct {
	_        struct{} `cbor:",toarray"`
	Question string   // its code
	Text     string
}

func (*Answer) kind() Kind { return KindAnswer }

func (a *Answer) check() error {
	if len(a.Answers) == 0 || len(a.Answers) > MaxQuestions {
		return fmt.Errorf("%d answers, want 1 to %d", len(a.Answers), MaxQuestions)
	}
	for _, given := range a.Answers {
		if err := firstError(atMost("question", given.Question, maxWord), atMost("answer", given.Text, MaxAnswer)); err != nil {
			return err
		}
	}
	return atMost("operator", a.Operator, maxWord)
}
