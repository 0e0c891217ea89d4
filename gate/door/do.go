package door

import (
	"usher/sync/admission"
	"usher/sync/words"
)

// dos are the next steps, where the reason alone gives them.
var dos = map[admission.Reason]string{
	admission.NotReady:           "do.connect",
	admission.DeviceRevoked:      "do.enrol",
	admission.StoreFailing:       "do.other_device",
	admission.ClockFailing:       "do.set_clock",
	admission.GateMissing:        "do.enrol_gate",
	admission.Malformed:          "do.ask_ticket",
	admission.UnsupportedVersion: "do.update",
	admission.UnknownTicket:      "do.read_again",
	admission.BadSignature:       "do.supervisor",
	admission.UnknownKey:         "do.sync",
	admission.WrongEvent:         "do.this_event",
	admission.Superseded:         "do.newest",
	admission.Revoked:            "do.box_office",
	admission.Cancelled:          "do.box_office",
	admission.Blocked:            "do.box_office",
	admission.Refunded:           "do.box_office",
	admission.ChargedBack:        "do.box_office",
	admission.NotYetValid:        "do.back_then",
	admission.Expired:            "do.box_office",
	admission.WrongProduct:       "do.box_office",
	admission.WrongDate:          "do.box_office",
	admission.WrongGate:          "do.box_office",
	admission.Unpaid:             "do.pay_there",
	admission.RuleFailed:         "do.box_office",
	admission.Cooldown:           "do.back_later",
	admission.AlreadyUsed:        "do.another_ticket",
	admission.ZoneFull:           "do.wait",
	admission.UnknownProduct:     "do.sync",
	admission.StaleCode:          "do.live_code",
	admission.LiveRequired:       "do.wallet",
	admission.CodeRequired:       "do.code",
	admission.StaleList:          "do.confirm",
	admission.Questions:          "do.answer",
	admission.OverrideDenied:     "do.ask_supervisor",
}

// do says in one sentence what to do; "" where there is nothing.
func (t teller) do() string {
	d := &t.Details
	switch {
	case len(d.RightGates) > 0:
		return t.Say("do.to_gates", words.With{"gates": gateNames(d.RightGates)})
	case t.Reason == admission.UnknownKey && d.KeyFault != admission.KeyMissing:
		return t.Say("do.supervisor", nil)
	case t.Reason == admission.AlreadyUsed && d.Use == admission.UseMisread:
		return t.Say("do.same_person", nil)
	case t.Reason == admission.Unpaid && t.Result == admission.Ask:
		return t.Say("do.take_money", nil)
	case (t.Reason == admission.RuleFailed || t.Reason == admission.Cooldown) && d.Opens > 0:
		return t.Say("do.back_at", words.With{"moment": t.Local(d.Opens)})
	}
	if key, known := dos[t.Reason]; known {
		return t.Say(key, nil)
	}
	return ""
}

func gateNames(gates []admission.GateHint) words.Or {
	const shown = 3
	var names words.Or
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
	return names
}
