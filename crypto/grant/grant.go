// Package grant holds usher's short-lived passes: the enrolment card, by which a
// new gate and a server come to trust each other, and signed links, by which a
// buyer without an account comes back to an order.
//
// # Enrolment
//
// A card carries a one-time code, the server's address, the pins of the
// organiser's root keys, the gate, the role and an expiry, on a QR code; what a
// person would type is the code and a digest of the pins. The gate makes its key
// and posts the public half with [MAC], so the code itself never travels: a
// network that reads along can't enrol in the gate's place, one that changes the
// key is found out. The server finds the card by [Handle], burns the code in the
// transaction that writes the enrolment, and allows [MaxTries] wrong ones. What
// the gate gets back it checks against the pins, trusting no network on the way.
//
// With its key the gate says the [Fingerprint] of the authority that phones at its
// door page have to trust, proved by [AuthorityMAC], so that whoever reads the
// enrolment knows what those phones are to be shown.
//
// # Links
//
// A [Link] names a kind, a subject and an expiry, with an HMAC of the organiser's
// [LinkKey] behind: the server that opens one is the one that made it, so nobody
// else need check it and it is half as long as with a signature.
//
// # Promises
//
//   - One accepted encoding of a card and of a link, like everything signed.
//   - A [Code] is never printed or marshalled by accident; the texts of a card are
//     the only way out.
//   - Nothing here reads a clock or draws randomness that it isn't handed.
package grant

import "fmt"

const (
	// CodeSize is the length of a one-time code: 128 bits.
	CodeSize = 16
	// MaxTries is how many wrong MACs burn a code.
	MaxTries = 5

	macContext       = "usher-enrol-v1"
	authorityContext = "usher-enrol-authority-v1"
	handleContext    = "usher-enrol-handle-v1"
	handleSize       = 8
)

// Role says what an enrolled device may do.
type Role string

// The roles of devices.
const (
	RoleScanner    Role = "scanner"
	RoleSupervisor Role = "supervisor"
	RoleBoxOffice  Role = "box-office"
	RoleKiosk      Role = "kiosk" // nobody stands at it
)

// ReadsGuests reports whether devices of the role may read the guest list.
func (r Role) ReadsGuests() bool { return r == RoleSupervisor || r == RoleBoxOffice }

// TakesSignIn reports whether people sign in at devices of the role, and so whether
// they may read the staff list.
func (r Role) TakesSignIn() bool { return r != RoleKiosk }

// ParseRole reads a role's name.
func ParseRole(name string) (Role, error) {
	switch role := Role(name); role {
	case RoleScanner, RoleSupervisor, RoleBoxOffice, RoleKiosk:
		return role, nil
	}
	return "", fmt.Errorf("role %.30q: want %s, %s, %s or %s", name, RoleScanner, RoleSupervisor, RoleBoxOffice, RoleKiosk)
}
