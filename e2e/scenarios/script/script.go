// Package script reads acceptance cases: a setup, steps at instants, and what must
// come of them. docs/scenarios.md describes the schema.
//
// A case is read strictly, one at a time: a verb, a check or a member that is not
// known fails that case and no other, because a verdict on a case that was half
// understood would look like an answer.
package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// MaxFile is the most bytes a file of cases may have.
const MaxFile = 64 << 20

// Case is one acceptance case.
type Case struct {
	ID     string   `json:"id"`
	Area   string   `json:"area"`
	Title  string   `json:"title"`
	Policy bool     `json:"policy"` // a choice of ours rather than what all such systems do
	Setup  Setup    `json:"setup"`
	Steps  []Step   `json:"steps"`
	Expect []Expect `json:"expect"`

	// Problem says why the case can't be understood, "" where it is.
	Problem string `json:"-"`
}

// Setup is what there is before the first step.
type Setup struct {
	Event    Event     `json:"event"`
	Others   []Event   `json:"other_events"`
	Sessions []string  `json:"sessions"`
	Keys     []string  `json:"keys"`           // names; none: one key
	Filler   int       `json:"filler_tickets"` // more tickets, without names
	PageSize int       `json:"page_size"`      // tickets in one page of a download
	Gates    []Gate    `json:"gates"`
	Products []Product `json:"products"`
	Tickets  []Ticket  `json:"tickets"`
	Devices  []Device  `json:"devices"`
}

// Event is an event of a case.
type Event struct {
	ID        string     `json:"id"`
	TZ        string     `json:"tz"`
	Admission *time.Time `json:"admission"`
	Starts    time.Time  `json:"starts"`
	Ends      time.Time  `json:"ends"`
}

// Gate is a gate of a case.
type Gate struct {
	ID                string                       `json:"id"`
	Event             string                       `json:"event"`
	Zone              string                       `json:"zone"`
	Products          AllOr                        `json:"products"`
	EntryMode         string                       `json:"entry_mode"` // single or multi
	ReentryAfterExit  bool                         `json:"reentry_after_exit"`
	IncludePending    bool                         `json:"include_pending"`
	AddonMatch        bool                         `json:"addon_match"`
	Rules             []map[string]json.RawMessage `json:"rules"`
	Session           string                       `json:"session"`
	StaleAfterMinutes int64                        `json:"stale_after_minutes"`
	ExitAllAt         *time.Time                   `json:"exit_all_at"`
	Capacity          uint32                       `json:"capacity"`
}

// AllOr is "all" or a list of ids.
type AllOr struct {
	All  bool
	List []string
}

// UnmarshalJSON reads "all" or a list.
func (a *AllOr) UnmarshalJSON(b []byte) error {
	if string(b) == `"all"` {
		a.All = true
		return nil
	}
	return json.Unmarshal(b, &a.List)
}

// Product is a product of a case.
type Product struct {
	ID        string     `json:"id"`
	Event     string     `json:"event"`
	Attention bool       `json:"attention"`
	Text      string     `json:"text"`
	Questions []Question `json:"questions"`
}

// Question is asked at a gate.
type Question struct {
	ID        string   `json:"id"`
	Type      string   `json:"type"`
	Required  bool     `json:"required"`
	AskAtGate bool     `json:"ask_at_gate"`
	Choices   []string `json:"choices"`
}

// Ticket is a ticket of a case.
type Ticket struct {
	ID           string            `json:"id"`
	Event        string            `json:"event"`
	Product      string            `json:"product"`
	Status       string            `json:"status"`     // paid, pending, expired
	CodeState    string            `json:"code_state"` // active, or why its code is void
	ValidFrom    *time.Time        `json:"valid_from"`
	ValidUntil   *time.Time        `json:"valid_until"`
	Session      string            `json:"session"`
	Order        string            `json:"order"`
	Holder       string            `json:"holder"`
	Email        string            `json:"email"`
	SignedBy     string            `json:"signed_by"`
	PayloadBytes int               `json:"payload_bytes"`
	Answers      map[string]string `json:"answers"`
	OrderText    string            `json:"order_text"`
	InternalID   json.RawMessage   `json:"internal_id"` // of another system; ours has none
	Admissions   uint8             `json:"admissions"`
}

// Device is a handheld of a case.
type Device struct {
	ID                 string     `json:"id"`
	Gates              []string   `json:"gates"`
	Data               string     `json:"data"` // full or keys_only
	SyncedAt           *time.Time `json:"synced_at"`
	ClockSkewS         int64      `json:"clock_skew_s"`
	Mode               string     `json:"mode"`
	QuestionsSupported *bool      `json:"questions_supported"`
}

// Step is something that happens.
type Step struct {
	N      int       `json:"n"`
	At     time.Time `json:"at"`
	Device string    `json:"device"`
	Do     string    `json:"do"`

	Ticket        string            `json:"ticket"`
	Raw           Text              `json:"raw"`
	Direction     string            `json:"direction"`
	Code          Text              `json:"code"` // 1, 2, … or current
	Variant       string            `json:"variant"`
	Nonce         string            `json:"nonce"`
	Answers       map[string]string `json:"answers"`
	ConfirmUnpaid bool              `json:"confirm_unpaid"`
	Override      bool              `json:"override"`
	By            string            `json:"by"`
	Reason        string            `json:"reason"`
	Source        string            `json:"source"`
	Mode          string            `json:"mode"`
	Concurrent    string            `json:"concurrent"`

	OfStep   int    `json:"of_step"`
	Query    string `json:"query"`
	SkewS    int64  `json:"skew_s"`
	Fault    string `json:"fault"`
	Value    int    `json:"value"`
	Resource string `json:"resource"`
	Sticky   bool   `json:"sticky"`
	Point    string `json:"point"`
	Count    int    `json:"count"`

	Holder     string                     `json:"holder"`
	Email      string                     `json:"email"`
	Product    string                     `json:"product"`
	Key        string                     `json:"key"`
	Gate       string                     `json:"gate"`
	DeviceID   string                     `json:"device_id"`
	Name       string                     `json:"name"`
	Set        map[string]json.RawMessage `json:"set"`
	ValidFrom  *time.Time                 `json:"valid_from"`
	ValidUntil *time.Time                 `json:"valid_until"`
	Status     string                     `json:"status"`
}

// Text is a text, also where a file writes a number.
type Text string

// UnmarshalJSON reads a text or a number.
func (t *Text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	var n json.Number
	err := json.Unmarshal(b, &n)
	*t = Text(n.String())
	return err
}

// Expect is what must come of a step, or be so in the end: with Step, Result,
// Reason and Details are about that step's outcome; with Check, the other members
// say what is looked at.
type Expect struct {
	Step        int
	Result      string
	Reason      string
	ReasonAnyOf []string
	Details     map[string]json.RawMessage // of a step: what else must be so

	Check    string
	Where    string // server or a device
	Ticket   string
	Equals   json.RawMessage
	At       *time.Time
	Kind     string
	Gate     string
	Question string
	Original string
	Count    *int // duplicates
	Steps    []int
}

// UnmarshalJSON reads an expectation of either sort.
func (e *Expect) UnmarshalJSON(b []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return err
	}
	known := map[string]any{"result": &e.Result, "reason": &e.Reason, "reason_any_of": &e.ReasonAnyOf, "step": &e.Step}
	_, step := members["step"]
	if !step {
		known = map[string]any{
			"check": &e.Check, "where": &e.Where, "ticket": &e.Ticket, "equals": &e.Equals, "at": &e.At, "kind": &e.Kind,
			"gate": &e.Gate, "question": &e.Question, "original": &e.Original, "duplicates": &e.Count, "steps": &e.Steps,
		}
	}
	for name, value := range members {
		to, there := known[name]
		switch {
		case there:
			if err := json.Unmarshal(value, to); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		case step:
			if e.Details == nil {
				e.Details = map[string]json.RawMessage{}
			}
			e.Details[name] = value
		default:
			return fmt.Errorf("a check has no member %q", name)
		}
	}
	if !step && e.Check == "" {
		return errors.New("an expectation is about a step or is a check")
	}
	return nil
}

// Load reads a file of cases. Only a file that is no list of cases is an error; a
// case that can't be understood says so itself.
func Load(r io.Reader) ([]Case, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading cases: %w", err)
	}
	if len(b) > MaxFile {
		return nil, fmt.Errorf("reading cases: more than %d bytes", MaxFile)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, fmt.Errorf("reading cases: %w", err)
	}
	cases := make([]Case, len(raw))
	for i := range raw {
		cases[i] = parse(raw[i], i)
	}
	return cases, nil
}

func parse(raw json.RawMessage, i int) Case {
	var c Case
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		var named struct {
			ID    string `json:"id"`
			Title string `json:"title"`
		}
		_ = json.Unmarshal(raw, &named) // what can be read of it is its name
		c = Case{ID: named.ID, Title: named.Title, Problem: err.Error()}
	}
	if c.ID == "" {
		c.ID = fmt.Sprintf("case-%d", i+1)
	}
	for j, s := range c.Steps {
		if s.N == 0 {
			c.Steps[j].N = j + 1
		}
	}
	return c
}
