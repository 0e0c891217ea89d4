package admission

// Result says what comes of a scan. The words are stable: they stand in
// journals, in JSON and in scripts.
type Result string

// The results (GATE.md).
const (
	Accept       Result = "accept"
	Reject       Result = "reject"
	Ask          Result = "ask"           // an answer or a confirmation is needed, then the same scan again
	Cannot       Result = "cannot"        // the gate itself can't judge; never green
	Ignored      Result = "ignored"       // the same code at the same lane again: no decision of its own
	AcceptRepeat Result = "accept_repeat" // a committed green that was never shown, shown once more

	// Undo is no result of a scan: it marks the act by which an admission is
	// taken back (see [UndoAct]).
	Undo Result = "undo"
)

// Direction is the way through a gate.
type Direction string

// The directions.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// Reason says why a result is what it is. The words are stable.
type Reason string

// Reasons of an accept: what kind of passage it is.
const (
	Entry   Reason = "entry"
	Reentry Reason = "reentry"
	Exit    Reason = "exit"
)

// Reasons of GATE.md's table, in the order in which they are checked.
const (
	NotReady      Reason = "not_ready"
	DeviceRevoked Reason = "device_revoked"
	StoreFailing  Reason = "store"
	ClockFailing  Reason = "clock"
	GateMissing   Reason = "gate_missing"

	Malformed          Reason = "malformed"
	UnsupportedVersion Reason = "unsupported_version"
	UnknownTicket      Reason = "unknown_ticket" // a typed short code that no roster knows
	BadSignature       Reason = "bad_signature"
	UnknownKey         Reason = "unknown_key"
	WrongEvent         Reason = "wrong_event"

	Superseded  Reason = "superseded"
	Revoked     Reason = "revoked"
	Cancelled   Reason = "cancelled"
	Blocked     Reason = "blocked"
	Refunded    Reason = "refunded"
	ChargedBack Reason = "charged_back"

	NotYetValid    Reason = "not_yet_valid"
	Expired        Reason = "expired"
	UnknownProduct Reason = "unknown_product"
	WrongProduct   Reason = "wrong_product"
	WrongDate      Reason = "wrong_date"
	WrongGate      Reason = "wrong_gate"
	Unpaid         Reason = "unpaid"
	StaleCode      Reason = "stale_code"
	LiveRequired   Reason = "live_required"
	CodeRequired   Reason = "code_required" // a short code, or an entry by name, where the ticket's own code is wanted
	RuleFailed     Reason = "rule"
	Cooldown       Reason = "cooldown"
	AlreadyUsed    Reason = "already_used"
	ZoneFull       Reason = "zone_full"
	Questions      Reason = "questions"
)

// Reasons beside the table.
const (
	StaleList      Reason = "stale_list"      // of an ask or a cannot, where the organiser chose so
	OverrideDenied Reason = "override_denied" // who asked for an override has no right to it
	Debounce       Reason = "debounce"        // of an ignored
	NotDisplayed   Reason = "not_displayed"   // of an accept_repeat
)

// Flags that a verdict may carry, beside reasons that did not stop an exit.
const (
	FlagStaleList         = "stale_list"
	FlagClockSuspect      = "clock_suspect"
	FlagClockUnsynced     = "clock_unsynced" // never synced: windows were widened by the event's tolerance
	FlagForced            = "forced"
	FlagOverrideNotNeeded = "override_not_needed"
	FlagOffline           = "offline"
	FlagAttention         = "attention" // the organiser wants the holder looked at; see Details.Texts
	FlagPaidHere          = "paid_here" // staff confirmed that an unpaid ticket was paid for
	FlagNotAsked          = "not_asked" // questions were left open by a device that can't ask
	// FlagEarlierVoid is of a typed short code, which stays the same for a ticket's life,
	// where codes of the ticket from before are void: who reads it from an old print may
	// have given the ticket away.
	FlagEarlierVoid = "earlier_void"
)
