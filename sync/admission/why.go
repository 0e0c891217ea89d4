package admission

import (
	"fmt"
	"strings"
	"time"
)

// whys are the reasons in an English sentence, where it needs no details.
var whys = map[Reason]string{
	NotReady:           "This device has no keys or no complete first download.",
	DeviceRevoked:      "This device's enrolment is over.",
	StoreFailing:       "This device can't store scans: its disk is full or failing.",
	ClockFailing:       "This device's clock can't be right.",
	GateMissing:        "This device belongs to no gate of the event.",
	StaleList:          "The list of void tickets is too old.",
	Malformed:          "It is some other code, not a ticket.",
	UnsupportedVersion: "It is a newer kind of ticket.",
	UnknownTicket:      "No ticket has this short code.",
	BadSignature:       "Nobody who may issue tickets has signed this code.",
	UnknownProduct:     "This gate doesn't know the kind of ticket.",
	WrongProduct:       "This kind of ticket isn't let in here.",
	WrongDate:          "The ticket is for another date.",
	WrongGate:          "The ticket doesn't open this gate.",
	Unpaid:             "The ticket isn't paid for.",
	LiveRequired:       "This is a copy or a print of a ticket that must be shown live.",
	ZoneFull:           "The zone is full.",
	Questions:          "The organiser wants something checked.",
	OverrideDenied:     "Whoever asked may not override.",
	Debounce:           "The same code was seen a moment ago.",
	NotDisplayed:       "Let in already; the screen never said so.",
}

// boxOffice is what to do where the door can do nothing.
const boxOffice = "Don't let in. Send to the box office."

// dos are the next steps in English, where the reason alone gives them.
var dos = map[Reason]string{
	NotReady:           "Connect the device and let it sync.",
	DeviceRevoked:      "Hand the device in, or enrol it anew.",
	StoreFailing:       "Use another device; free some space on this one.",
	ClockFailing:       "Set the clock, or connect the device and let it sync.",
	GateMissing:        "Enrol the device for a gate of this event.",
	Malformed:          "Ask for the ticket itself.",
	UnsupportedVersion: "Update this device, or use another gate.",
	UnknownTicket:      "Read the code again; scan the ticket if there is one.",
	BadSignature:       "Don't let in. Call a supervisor.",
	UnknownKey:         "Sync this device and scan again.",
	WrongEvent:         "Ask for the ticket of this event.",
	Superseded:         "Ask for the newest ticket.",
	Revoked:            boxOffice,
	Cancelled:          boxOffice,
	Blocked:            boxOffice,
	Refunded:           boxOffice,
	ChargedBack:        boxOffice,
	NotYetValid:        "Ask to come back then.",
	Expired:            boxOffice,
	WrongProduct:       boxOffice,
	WrongDate:          boxOffice,
	WrongGate:          boxOffice,
	Unpaid:             "Send to the box office to pay.",
	RuleFailed:         boxOffice,
	Cooldown:           "Ask to come back later.",
	ZoneFull:           "Ask to wait until somebody has left.",
	UnknownProduct:     "Sync this device and scan again.",
	StaleCode:          "Ask for the live code, not a picture of it.",
	LiveRequired:       "Ask for the live code in the wallet.",
	StaleList:          "Sync this device, or confirm and scan again.",
	Questions:          "Ask, note the answers and scan again.",
	OverrideDenied:     "Call a supervisor.",
}

// Why says in one English sentence why the verdict is what it is; "" where the
// word says all.
func (v Verdict) Why() string {
	d := &v.Details
	switch v.Reason {
	case Entry, Reentry:
		return v.whyIn()
	case Malformed:
		if d.Looks != "" {
			return d.Looks.Hint()
		}
	case UnknownKey:
		return v.whyKey()
	case WrongEvent:
		return v.whyEvent()
	case Superseded, Revoked, Cancelled, Blocked, Refunded, ChargedBack:
		return v.whyVoid()
	case NotYetValid:
		return fmt.Sprintf("It is good from %s.", v.clock(d.Opens))
	case Expired:
		return fmt.Sprintf("It was good until %s.", v.clock(d.Closes))
	case StaleCode:
		return fmt.Sprintf("The live code is %d s off.", d.CodeAge/1000)
	case RuleFailed, Cooldown:
		return v.whyRule()
	case AlreadyUsed:
		return v.whyUsed()
	case WrongDate:
		return v.whyDate()
	case ZoneFull:
		return v.whyFull()
	case Questions:
		return v.whyAsk()
	}
	return whys[v.Reason]
}

// Do says in one English sentence what to do; "" where there is nothing.
func (v Verdict) Do() string {
	d := &v.Details
	switch {
	case len(d.RightGates) > 0:
		return "Send to " + gateNames(d.RightGates) + "."
	case v.Reason == UnknownKey && d.KeyFault != KeyMissing:
		return "Don't let in. Call a supervisor."
	case v.Reason == AlreadyUsed && d.Use == UseMisread:
		return "If it is the same person, let them through."
	case v.Reason == AlreadyUsed:
		return "Ask for another ticket, or call a supervisor."
	case v.Reason == Unpaid && v.Result == Ask:
		return "Take the money, confirm and scan again."
	case (v.Reason == RuleFailed || v.Reason == Cooldown) && d.Opens > 0:
		return fmt.Sprintf("Ask to come back at %s.", v.clock(d.Opens))
	}
	return dos[v.Reason]
}

func gateNames(gates []GateHint) string {
	const shown = 3
	var names []string
	for _, g := range gates[:min(shown, len(gates))] {
		name := g.Name
		if name == "" {
			name = g.Code
		}
		if g.Direction != "" {
			name += " (" + g.Direction + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, " or ")
}

func (v Verdict) whyIn() string {
	switch d := &v.Details; {
	case v.Forced():
		return fmt.Sprintf("Let in by override, against %s.", d.Overrode)
	case d.Allowed > 1:
		return fmt.Sprintf("%d of %d.", d.Nth, d.Allowed)
	}
	return ""
}

func (v Verdict) whyKey() string {
	switch d := &v.Details; d.KeyFault {
	case KeyRevoked:
		return fmt.Sprintf("The issuing key %s is revoked.", d.KeyID)
	case KeyExpired, KeyNotYet:
		return fmt.Sprintf("The issuing key %s is out of its time.", d.KeyID)
	case KeyRosterOnly:
		return fmt.Sprintf("The issuing key %s may be stolen, and the roster doesn't know the ticket.", d.KeyID)
	case KeyNotIssuer, KeyOtherEvent:
		return fmt.Sprintf("The key %s may not issue this ticket.", d.KeyID)
	default:
		return fmt.Sprintf("The issuing key %s isn't known here.", d.KeyID)
	}
}

func (v Verdict) whyEvent() string {
	d := &v.Details
	text := "The ticket is for event " + d.Event
	if d.EventDay > 0 {
		text += v.local(d.EventDay).Format(" of Mon 2 Jan 2006")
	}
	return text + "."
}

var whatVoid = map[Reason]string{
	Superseded: "Reissued or transferred", Revoked: "Revoked", Cancelled: "Cancelled",
	Blocked: "Blocked", Refunded: "Refunded", ChargedBack: "Charged back",
}

func (v Verdict) whyVoid() string {
	what, void := whatVoid[v.Reason], v.Details.Void
	switch {
	case void == nil:
		return what + "."
	case void.Note != "":
		return fmt.Sprintf("%s %s: %s", what, v.clock(void.Since), void.Note)
	}
	return fmt.Sprintf("%s %s.", what, v.clock(void.Since))
}

func (v Verdict) whyRule() string {
	d := &v.Details
	switch {
	case d.Rule == nil:
		return "A rule says no."
	case d.Rule.Text != "":
		return d.Rule.Text
	case d.Opens > 0:
		return fmt.Sprintf("Not before %s.", v.clock(d.Opens))
	case d.Closes > 0:
		return fmt.Sprintf("Not after %s.", v.clock(d.Closes))
	}
	return fmt.Sprintf("The rule %s says no.", d.Rule.Kind)
}

func (v Verdict) whyUsed() string {
	d := &v.Details
	if d.First == nil {
		return "It has been used."
	}
	text := fmt.Sprintf("Came in %s, gate %s", v.clock(d.First.At), d.First.Gate)
	if d.Count > 1 {
		text += fmt.Sprintf(", %d entries", d.Count)
	}
	switch d.Use {
	case UseMisread:
		return text + ". The same lane, a moment ago."
	case UsePassBack:
		return text + ". Passed back?"
	case UseCopy:
		return text + ". A copy?"
	case UseFormerHolder:
		return text + ". Another holder's code came in."
	case UseAfterExit:
		return text + ". It came out; nobody gets in again here."
	}
	return text + "."
}

func (v Verdict) whyDate() string {
	d := &v.Details
	if d.Session == "" || d.GateSession == "" {
		return whys[WrongDate]
	}
	return fmt.Sprintf("The ticket is for %s, this gate lets in %s.", d.Session, d.GateSession)
}

func (v Verdict) whyFull() string {
	d := &v.Details
	if d.Capacity == 0 {
		return whys[ZoneFull]
	}
	text := fmt.Sprintf("%d of %d are inside", d.Inside, d.Capacity)
	switch age := time.Duration(d.InsideAge) * time.Millisecond; {
	case age < 0:
		text += ", by a count without gates that were never heard"
	case age >= time.Second:
		text += fmt.Sprintf(", by a count %s old", span(age))
	}
	return text + "."
}

func (v Verdict) whyAsk() string {
	var texts []string
	for _, q := range v.Details.Questions {
		texts = append(texts, q.Text)
	}
	if len(texts) == 0 {
		return whys[Questions]
	}
	return strings.Join(texts, " ")
}

// span shows how long something is, to a unit that people count in.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Hours()))
}

// clock shows a time as the venue's clock has it.
func (v Verdict) clock(at int64) string { return v.local(at).Format("15:04:05 on Mon 2 Jan") }

// local is an instant in the venue's time zone.
func (v Verdict) local(at int64) time.Time {
	zone, known := location(v.TimeZone)
	if !known {
		zone = time.UTC
	}
	return time.UnixMilli(at).In(zone)
}
