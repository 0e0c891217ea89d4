package journal

import "fmt"

// Rung is a rung of the ladder down from live codes to a name, as the lowest that an
// event's gates take. sync/admission knows the rungs, and lets nobody in by one that
// it does not know.
//
// In a record it is a text, but for two: RungName is left out, and RungLive is true,
// which is all that could be said before there were other rungs.
type Rung string

// The rungs, from the top down. Each takes what those above it take.
const (
	RungLive  Rung = "live"  // live codes
	RungCode  Rung = "code"  // static codes, on a screen or on paper
	RungTyped Rung = "typed" // short codes
	RungName  Rung = ""      // tickets that staff find by whose they are
)

// String is the rung as an event file has it.
func (r Rung) String() string {
	if r == RungName {
		return "name"
	}
	return string(r)
}

func (r Rung) check() error {
	if r == "name" {
		return fmt.Errorf("policy.down_to %q is spelled out: want it left out", r)
	}
	return atMost("policy.down_to", string(r), maxWord)
}

// Live reports whether nothing but live codes lets anybody in.
func (r Rung) Live() bool { return r == RungLive }

// Typed reports whether a short code lets anybody in, however it was come by.
func (r Rung) Typed() bool { return r == RungTyped || r == RungName }

// MarshalCBOR writes the rung's one encoding.
func (r Rung) MarshalCBOR() ([]byte, error) {
	if r == RungLive {
		return encMode.Marshal(true)
	}
	return encMode.Marshal(string(r))
}

// UnmarshalCBOR takes a rung that this build does not know as it is. [Decode] refuses
// the other spellings of those it knows.
func (r *Rung) UnmarshalCBOR(b []byte) error {
	var live bool
	if decMode.Unmarshal(b, &live) == nil {
		*r = RungName
		if live {
			*r = RungLive
		}
		return nil
	}
	return decMode.Unmarshal(b, (*string)(r))
}
