package admission

// passes are the big words of those who may pass.
var passes = map[Reason]string{Entry: "ADMIT", Reentry: "RE-ENTRY", Exit: "EXIT", NotDisplayed: "ADMIT"}

// words are the big words of GATE.md's table, in English.
var words = map[Reason]string{
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

// Word is the verdict's big word in English; other languages are the page's. The
// words of those who may pass belong to green verdicts alone.
func (v Verdict) Word() string {
	from, other := words, cantDecide
	if v.Green() {
		from, other = passes, passes[Entry]
	}
	if word, known := from[v.Reason]; known && v.Result != Cannot {
		return word
	}
	return other
}
