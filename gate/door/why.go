package door

import (
	"strings"
	"time"

	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/words"
)

// teller puts one verdict into the words of one language.
type teller struct {
	*words.Language
	admission.Verdict
}

// alone are the reasons whose sentence needs no details.
var alone = map[admission.Reason]string{
	admission.NotReady: "why.not_ready", admission.DeviceRevoked: "why.device_revoked", admission.StoreFailing: "why.store",
	admission.ClockFailing: "why.clock", admission.GateMissing: "why.gate_missing", admission.StaleList: "why.stale_list",
	admission.Malformed: "why.looks.other", admission.UnsupportedVersion: "why.unsupported_version", admission.UnknownTicket: "why.unknown_ticket",
	admission.BadSignature:   "why.bad_signature",
	admission.UnknownProduct: "why.unknown_product", admission.WrongProduct: "why.wrong_product", admission.WrongDate: "why.wrong_date", admission.WrongGate: "why.wrong_gate",
	admission.Unpaid: "why.unpaid", admission.LiveRequired: "why.live_required", admission.ZoneFull: "why.zone_full", admission.Questions: "why.questions",
	admission.OverrideDenied: "why.override_denied", admission.Debounce: "why.debounce", admission.NotDisplayed: "why.not_displayed",
}

// why says in one sentence why the verdict is what it is; "" where the word says
// all.
func (t teller) why() string {
	d := &t.Details
	switch t.Reason {
	case admission.Entry, admission.Reentry:
		return t.whyIn()
	case admission.Malformed:
		if d.Looks != "" && t.Has("why.looks."+string(d.Looks)) {
			return t.Say("why.looks."+string(d.Looks), nil)
		}
	case admission.UnknownKey:
		return t.whyKey()
	case admission.WrongEvent:
		return t.whyEvent()
	case admission.Superseded, admission.Revoked, admission.Cancelled, admission.Blocked, admission.Refunded, admission.ChargedBack:
		return t.whyVoid()
	case admission.NotYetValid:
		return t.Say("why.not_yet_valid", words.With{"moment": t.Local(d.Opens)})
	case admission.Expired:
		return t.Say("why.expired", words.With{"moment": t.Local(d.Closes)})
	case admission.CodeRequired:
		if t.ByName {
			return t.Say("why.no_names", nil)
		}
		return t.Say("why.no_typing", nil)
	case admission.StaleCode:
		return t.Say("why.stale_code", words.With{"seconds": d.CodeAge / 1000})
	case admission.RuleFailed, admission.Cooldown:
		return t.whyRule()
	case admission.AlreadyUsed:
		return t.whyUsed()
	case admission.WrongDate:
		if d.Session != "" && d.GateSession != "" {
			return t.Say("why.sessions", words.With{"session": d.Session, "here": d.GateSession})
		}
	case admission.ZoneFull:
		return t.whyFull()
	case admission.Questions:
		return t.whyAsk()
	case admission.Unpaid:
		if d.Due > 0 {
			return t.Say("why.due", words.With{"amount": words.Amount{Minor: d.Due, Currency: d.Currency}})
		}
	}
	if key, known := alone[t.Reason]; known {
		return t.Say(key, nil)
	}
	if t.Result == admission.Cannot {
		return t.Say("why.cannot", nil)
	}
	return ""
}

func (t teller) whyIn() string {
	switch d := &t.Details; {
	case t.Forced():
		against := admission.Verdict{Result: admission.Reject, Reason: d.Overrode}
		return t.Say("why.forced", words.With{"word": t.Say(wordOf(against), nil)})
	case d.Allowed > 1:
		return t.Say("why.nth", words.With{"nth": d.Nth, "allowed": d.Allowed})
	}
	return ""
}

// keyFaults say what is wrong with an issuing key; what is in none of them is not
// known here.
var keyFaults = map[admission.KeyFault]string{
	admission.KeyRevoked: "why.key.revoked",
	admission.KeyExpired: "why.key.out_of_time", admission.KeyNotYet: "why.key.out_of_time",
	admission.KeyRosterOnly: "why.key.roster_only",
	admission.KeyNotIssuer:  "why.key.not_issuer", admission.KeyOtherEvent: "why.key.not_issuer",
}

func (t teller) whyKey() string {
	key, known := keyFaults[t.Details.KeyFault]
	if !known {
		key = "why.key.missing"
	}
	return t.Say(key, words.With{"key": t.Details.KeyID.String()})
}

func (t teller) whyEvent() string {
	d := &t.Details
	if d.EventDay > 0 {
		return t.Say("why.wrong_event_day", words.With{"event": d.Event, "date": words.Date(t.Local(d.EventDay))})
	}
	return t.Say("why.wrong_event", words.With{"event": d.Event})
}

// replaced say what became of a ticket that has a newer code, by what the server noted
// of it.
var replaced = map[string]string{
	journal.NoteTransferred: "why.void.transferred", journal.NoteResold: "why.void.resold", journal.NoteBound: "why.void.bound",
	journal.NoteRenewed: "why.void.renewed",
}

func (t teller) whyVoid() string {
	what, void := t.Say("why.what."+string(t.Reason), nil), t.Details.Void
	switch {
	case void == nil:
		return t.Say("why.void.plain", words.With{"what": what})
	case t.Reason == admission.Superseded && replaced[void.Note] != "":
		return t.Say(replaced[void.Note], words.With{"moment": t.Local(void.Since)})
	case void.Note != "":
		return t.Say("why.void.note", words.With{"what": what, "moment": t.Local(void.Since), "note": void.Note})
	}
	return t.Say("why.void.since", words.With{"what": what, "moment": t.Local(void.Since)})
}

func (t teller) whyRule() string {
	d := &t.Details
	switch {
	case d.Rule == nil:
		return t.Say("why.rule.plain", nil)
	case d.Rule.Text != "":
		return d.Rule.Text
	case d.Opens > 0:
		return t.Say("why.rule.opens", words.With{"moment": t.Local(d.Opens)})
	case d.Closes > 0:
		return t.Say("why.rule.closes", words.With{"moment": t.Local(d.Closes)})
	}
	return t.Say("why.rule.kind", words.With{"rule": d.Rule.Kind})
}

// uses say what kind of second use it is.
var uses = map[admission.Use]string{
	admission.UseMisread: "why.used.misread", admission.UsePassBack: "why.used.pass_back", admission.UseCopy: "why.used.copy",
	admission.UseFormerHolder: "why.used.former_holder", admission.UseAfterExit: "why.used.after_exit",
}

func (t teller) whyUsed() string {
	d := &t.Details
	if d.First == nil {
		return t.Say("why.used.plain", nil)
	}
	first := words.With{"moment": t.Local(d.First.At), "gate": d.First.Gate, "n": d.Count}
	text := t.Say("why.used.first", first)
	if d.Count > 1 {
		text = t.Say("why.used.entries", first)
	}
	if use, known := uses[d.Use]; known {
		text += " " + t.Say(use, nil)
	}
	return text
}

func (t teller) whyFull() string {
	d := &t.Details
	with := words.With{"inside": d.Inside, "capacity": d.Capacity, "span": ago(d.InsideAge)}
	switch {
	case d.Capacity == 0:
		return t.Say("why.zone_full", nil)
	case d.InsideAge < 0:
		return t.Say("why.full.unheard", with)
	case ago(d.InsideAge) >= time.Second:
		return t.Say("why.full.old", with)
	}
	return t.Say("why.full.counted", with)
}

func (t teller) whyAsk() string {
	var texts []string
	for _, q := range t.Details.Questions {
		texts = append(texts, q.Text)
	}
	if len(texts) == 0 {
		return t.Say("why.questions", nil)
	}
	return strings.Join(texts, " ")
}

// ago is a number of milliseconds as how long something lasted.
func ago(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }
