package signin

import (
	"slices"

	"usher/crypto/grant"
	"usher/sync/fault"
)

// Act is something that may be done at a door.
type Act string

// The acts, in the order of docs/door-api.md.
const (
	Scan           Act = "scan"
	Look           Act = "look"
	Challenge      Act = "challenge" // ask a phone for a number
	Direction      Act = "direction"
	Undo           Act = "undo"        // what the same person let in
	UndoOthers     Act = "undo_others" // what another let in at this device
	ConfirmPayment Act = "confirm_payment"
	Override       Act = "override"
	Search         Act = "search"
	Names          Act = "names"
	Shift          Act = "shift"
	Sync           Act = "sync"
	Import         Act = "import"
	HandOver       Act = "hand_over"
	Preflight      Act = "preflight"
	Training       Act = "training"
	Leave          Act = "leave"
)

// Standing is in what capacity somebody stands at a device.
type Standing uint8

// The standings.
const (
	Unstaffed   Standing = iota // nobody signed in, and nobody is on the event's staff list
	Alone                       // nobody signed in
	AsScanner                   //
	AsBoxOffice                 //
	AsSupervisor
	AtKiosk // a device that nobody stands at

	standings
)

// leave says who may do an act, by standing. key: only where the device holds the
// guest key.
type leave struct {
	act Act
	may [standings]bool
	key bool
}

// table is the one place that says who may do what. Unstaffed is wide on purpose:
// where nobody can be told apart the device's enrolment and the gate's settings
// decide. An override always has a person's name.
var table = []leave{
	{act: Scan, may: may(Unstaffed, Alone, AsScanner, AsBoxOffice, AsSupervisor, AtKiosk)},
	{act: Look, may: may(Unstaffed, Alone, AsScanner, AsBoxOffice, AsSupervisor, AtKiosk)},
	{act: Challenge, may: may(Unstaffed, Alone, AsScanner, AsBoxOffice, AsSupervisor)},
	{act: Direction, may: may(Unstaffed, Alone, AsScanner, AsBoxOffice, AsSupervisor)},
	{act: Undo, may: may(Unstaffed, Alone, AsScanner, AsBoxOffice, AsSupervisor)},
	{act: UndoOthers, may: may(Unstaffed, AsSupervisor)},
	{act: ConfirmPayment, may: may(Unstaffed, AsBoxOffice, AsSupervisor)},
	{act: Override, may: may(AsSupervisor)},
	{act: Search, may: may(Unstaffed, AsBoxOffice, AsSupervisor), key: true},
	{act: Names, may: may(Unstaffed, AsBoxOffice, AsSupervisor), key: true},
	{act: Shift, may: may(Unstaffed, Alone, AsScanner, AsBoxOffice, AsSupervisor)},
	{act: Sync, may: may(Unstaffed, Alone, AsScanner, AsBoxOffice, AsSupervisor, AtKiosk)},
	{act: Import, may: may(Unstaffed, Alone, AsScanner, AsBoxOffice, AsSupervisor, AtKiosk)},
	{act: HandOver, may: may(Unstaffed, Alone, AsScanner, AsBoxOffice, AsSupervisor, AtKiosk)},
	{act: Preflight, may: may(Unstaffed, Alone, AsScanner, AsBoxOffice, AsSupervisor, AtKiosk)},
	{act: Training, may: may(Unstaffed, AsSupervisor)},
	{act: Leave, may: may(Unstaffed, AsScanner, AsBoxOffice, AsSupervisor)},
}

func may(list ...Standing) (row [standings]bool) {
	for _, s := range list {
		row[s] = true
	}
	return row
}

// Acts lists every act that there is.
func Acts() []Act {
	list := make([]Act, len(table))
	for i := range table {
		list[i] = table[i].act
	}
	return list
}

// allowed reports whether the table lets a standing do an act at a device.
func allowed(act Act, s Standing, key bool) bool {
	at := slices.IndexFunc(table, func(l leave) bool { return l.act == act })
	return at >= 0 && table[at].may[s] && (key || !table[at].key)
}

// standingOf gives the standing of somebody signed in.
func standingOf(role grant.Role) Standing {
	switch role {
	case grant.RoleSupervisor:
		return AsSupervisor
	case grant.RoleBoxOffice:
		return AsBoxOffice
	}
	return AsScanner
}

// refusals say why an act is not for who wants it.
var refusals = map[Act]string{
	Challenge:      "nobody stands at a kiosk who could ask a guest for a number",
	Direction:      "nobody may change the direction of a kiosk at the kiosk",
	Undo:           "nobody may take an admission back at a kiosk",
	UndoOthers:     "only a supervisor takes back what somebody else let in; sign in as one",
	ConfirmPayment: "only box office and supervisors confirm that a ticket was paid for; sign in first",
	Override:       "only a supervisor lets somebody in against a refusal; sign in as one",
	Search:         "only box office and supervisors, signed in at a device of theirs, see who holds a ticket",
	Names:          "only box office and supervisors, signed in at a device of theirs, see who holds a ticket",
	Shift:          "a kiosk shows nobody the shift",
	Training:       "only a supervisor switches training on and off; sign in as one",
	Leave:          "sign in to end the shift at this device",
}

// refused is the answer to an act that is not for who wants it.
func refused(act Act) error {
	text, there := refusals[act]
	if !there {
		text = "this is not allowed here"
	}
	return fault.At(fault.Forbidden, string(act), "%s", text)
}
