package admission

// words are the big words of GATE.md's table, in English.
var words = map[Reason]string{
	Entry: "ADMIT", Reentry: "RE-ENTRY", Exit: "EXIT",
	NotReady: cantDecide, DeviceRevoked: cantDecide, StoreFailing: cantDecide, ClockFailing: cantDecide, GateMissing: cantDecide,
	Malformed: "NOT A TICKET", UnsupportedVersion: "NOT A TICKET", UnknownTicket: "NOT A TICKET",
	BadSignature: "FORGED", UnknownKey: "KEY UNKNOWN",
	WrongEvent: "WRONG EVENT",
	Superseded: "VOID", Revoked: "VOID", Cancelled: "VOID", Blocked: "VOID", Refunded: "VOID", ChargedBack: "VOID",
	NotYetValid: "TOO EARLY", Expired: "TOO LATE",
	UnknownProduct: "OTHER GATE", WrongProduct: "OTHER GATE", WrongDate: "OTHER GATE", WrongGate: "OTHER GATE",
	Unpaid:    "MUST PAY",
	StaleCode: "STALE CODE", LiveRequired: "LIVE TICKET NEEDED",
	RuleFailed: "NOT NOW", Cooldown: "NOT NOW",
	AlreadyUsed: "ALREADY IN", ZoneFull: "ZONE FULL", Questions: "CHECK", StaleList: "CHECK",
	OverrideDenied: "NOT ALLOWED",
}

const cantDecide = "CAN'T DECIDE"

// Word is the verdict's big word in English; other languages are the page's.
func (v Verdict) Word() string {
	switch word, known := words[v.Reason]; {
	case v.Result == Cannot || !known && !v.Green():
		return cantDecide
	case v.Result == AcceptRepeat:
		return "ADMIT"
	case known:
		return word
	}
	return string(v.Result)
}
