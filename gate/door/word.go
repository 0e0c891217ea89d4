package door

import (
	"usher/gate/turnstile"
	"usher/sync/admission"
)

// passes are the big words of those who may pass, as keys of messages. They belong
// to green verdicts alone.
var passes = map[admission.Reason]string{
	admission.Entry: "word.entry", admission.Reentry: "word.reentry", admission.Exit: "word.exit", admission.NotDisplayed: "word.entry",
}

// bigWords are those of GATE.md's table for all others.
var bigWords = map[admission.Reason]string{
	admission.NotReady: cannot, admission.DeviceRevoked: cannot, admission.StoreFailing: cannot, admission.ClockFailing: cannot, admission.GateMissing: cannot,
	admission.Malformed: "word.no_ticket", admission.UnsupportedVersion: "word.no_ticket", admission.UnknownTicket: "word.no_ticket",
	admission.BadSignature: "word.forged", admission.UnknownKey: "word.unknown_key",
	admission.WrongEvent: "word.wrong_event",
	admission.Superseded: "word.void", admission.Revoked: "word.void", admission.Cancelled: "word.void", admission.Blocked: "word.void",
	admission.Refunded: "word.void", admission.ChargedBack: "word.void",
	admission.NotYetValid: "word.too_early", admission.Expired: "word.too_late",
	admission.UnknownProduct: "word.other_gate", admission.WrongProduct: "word.other_gate", admission.WrongDate: "word.other_gate", admission.WrongGate: "word.other_gate",
	admission.Unpaid:    "word.unpaid",
	admission.StaleCode: "word.stale_code", admission.LiveRequired: "word.live_required", admission.CodeRequired: "word.code_required",
	admission.RuleFailed: "word.not_now", admission.Cooldown: "word.not_now",
	admission.AlreadyUsed: "word.already_in", admission.ZoneFull: "word.zone_full", admission.Questions: "word.check", admission.StaleList: "word.check",
	admission.OverrideDenied: "word.not_allowed", turnstile.ToScanAgain: "word.answered",
}

const cannot = "word.cannot"

// wordOf is a verdict's big word, as the key of a message.
func wordOf(v admission.Verdict) string {
	from, other := bigWords, cannot
	if v.Green() {
		from, other = passes, passes[admission.Entry]
	}
	if word, known := from[shownAs(v)]; known && v.Result != admission.Cannot {
		return word
	}
	return other
}

// shownAs is the reason that a verdict's sign and word go by: a green that a crash kept
// from being seen is shown as it was then.
func shownAs(v admission.Verdict) admission.Reason {
	if first := v.Details.First; v.Result == admission.AcceptRepeat && first != nil {
		return first.Reason
	}
	return v.Reason
}
