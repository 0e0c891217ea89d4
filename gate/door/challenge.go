package door

import (
	"net/http"
	"unicode/utf8"

	"usher/crypto/ticket"
	"usher/gate/signin"
	"usher/sync/admission"
	"usher/sync/fault"
)

// Challenge asks for a number at a lane, or takes the one that is asked for back.
type Challenge struct {
	Lane string `json:"lane"`
	On   *bool  `json:"on"`
}

// askNumber has a lane ask for a number, and with a GET says which one it asks for.
func (d *Door) askNumber(r *http.Request) (any, error) {
	lane, on := r.URL.Query().Get("lane"), false
	if r.Method == http.MethodPost {
		var c Challenge
		if err := readJSON(r, &c); err != nil {
			return nil, err
		}
		if c.On == nil {
			return nil, fault.At(fault.BadInput, "on", "want true or false")
		}
		lane, on = c.Lane, *c.On
	}
	if len(lane) > maxLane || !utf8.ValidString(lane) {
		return nil, fault.At(fault.BadInput, "lane", "want text of at most %d bytes", maxLane)
	}
	if err := d.who(r).Must(signin.Challenge); err != nil {
		return nil, err
	}
	switch {
	case on:
		return d.Turnstile.AskNumber(lane)
	case r.Method == http.MethodPost:
		d.Turnstile.DropNumber(lane)
	}
	return d.Turnstile.NumberAt(lane), nil
}

// answers say whether a phone answered the number that it was asked for.
var answers = map[admission.Challenge]string{
	admission.Answered: "number.answered", admission.NoNumber: "number.missing", admission.OtherNumber: "number.wrong",
	admission.OutOfTime: "number.late", admission.NoKey: "number.keyless",
}

// holds reports whether the phone that answered shows the ticket as it is now: of one
// that changed hands the phone before can answer too.
func (t teller) holds() bool {
	switch t.Reason {
	case admission.Superseded, admission.Revoked, admission.Cancelled, admission.Blocked, admission.Refunded, admission.ChargedBack:
		return false
	}
	return t.Challenge == admission.Answered && t.Ticket != (ticket.ID{})
}

// number puts beside a verdict whether the phone answered: before all else where that
// is what was asked, else below what a person has to know first.
func (t teller) number(d Display) Display {
	key, asked := answers[t.Challenge]
	if !asked {
		return d
	}
	switch live := t.Reason == admission.StaleCode || t.Reason == admission.LiveRequired; {
	case t.holds():
		d.tellFirst(t.Say("number.holds", nil))
		if t.Result == admission.Ask {
			d.Do = t.Say("do.scan_to_pass", nil)
		} else if t.Reason == admission.AlreadyUsed {
			d.Do = t.Say("do.ask_supervisor", nil)
		}
	case live && t.Challenge == admission.OutOfTime:
		d.tellFirst(t.Say(key, nil))
	case live:
		d.Why, d.Do = t.Say(key, nil), t.Say("do.number_again", nil)
		if t.Challenge == admission.NoKey {
			d.Do = t.Say("do.compare", nil)
		}
	default:
		d.More = append([]string{t.Say(key, nil)}, d.More...)
	}
	d.More = append([]string{t.Say("more.looked", nil)}, d.More...)
	return d
}

// tellFirst puts a sentence before the one that says why.
func (d *Display) tellFirst(text string) {
	if d.Why != "" {
		d.More = append([]string{d.Why}, d.More...)
	}
	d.Why = text
}
