package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
)

// verification is what a ring says of a code.
type verification struct {
	Good    bool          `json:"good"`    // genuine, and in its time
	Genuine bool          `json:"genuine"` // signed by a key that is believed
	Reason  ticket.Reason `json:"reason,omitempty"`
	Detail  string        `json:"detail,omitempty"` // for a person
	At      time.Time     `json:"at"`
	Claims  *claims       `json:"claims,omitempty"` // what the code says, if its signature holds
	Key     *signingKey   `json:"key,omitempty"`
	Ring    usedRing      `json:"ring"`
}

type claims struct {
	Event      string     `json:"event"`
	Ticket     string     `json:"ticket"`
	Short      string     `json:"short_code"`
	Generation uint16     `json:"generation"`
	Product    uint32     `json:"product,omitempty"`
	Zones      uint32     `json:"zones,omitempty"`
	Seat       string     `json:"seat,omitempty"`
	Admissions uint8      `json:"admissions"`
	NotBefore  *time.Time `json:"not_before,omitempty"`
	Expires    *time.Time `json:"expires,omitempty"`
	Bound      bool       `json:"holder_bound"`
	Proof      *time.Time `json:"proof_time,omitempty"`
}

type signingKey struct {
	ID        keyring.KeyID `json:"id"`
	State     string        `json:"state"`
	NotBefore time.Time     `json:"not_before"`
	Expires   time.Time     `json:"expires"`
}

type usedRing struct {
	Organiser string    `json:"organiser"`
	Seq       uint64    `json:"ring"`
	Expires   time.Time `json:"expires"`
	Roots     []string  `json:"roots"` // fingerprints
}

// timely are the reasons that don't make a code less genuine.
var timely = []ticket.Reason{ticket.ReasonAud, ticket.ReasonNotBefore, ticket.ReasonExpired, ticket.ReasonKeyNotBefore, ticket.ReasonKeyExpired, ticket.ReasonProofTime}

// verifyCode judges a code; event "" takes the one that the code says.
func verifyCode(code string, ring *keyring.Ring, event string, at time.Time) verification {
	v := verification{At: at.UTC(), Ring: usedRing{
		Organiser: ring.Organiser, Seq: ring.Seq, Expires: time.Unix(ring.Expires, 0).UTC(), Roots: fingerprints(ring.Roots),
	}}
	t, err := ticket.Verify(code, ring)
	if err == nil {
		if event == "" {
			event = t.Event
		}
		v.take(t, ring)
		_, err = ticket.Judge(code, ticket.Context{Keys: ring, Event: event, Now: at.Unix()})
	}
	v.Good, v.Genuine = err == nil, err == nil
	var refused *ticket.Error
	if errors.As(err, &refused) {
		v.Reason, v.Detail = refused.Reason, refused.Detail
		v.Genuine = slices.Contains(timely, refused.Reason)
		if t == nil && v.Detail == "" {
			v.Detail = ticket.LooksLike(code).Hint()
		}
	}
	if _, err := ticket.ParseShort(code); err == nil {
		v.Detail = "this is a ticket's short code, which carries no signature: only the server, or a gate with the list of tickets, knows it"
	}
	return v
}

// take notes what a code whose signature holds says.
func (v *verification) take(t *ticket.Ticket, ring *keyring.Ring) {
	v.Claims = &claims{
		Event: t.Event, Ticket: t.ID.String(), Short: t.ID.Short(), Generation: t.Generation, Product: t.Product, Zones: t.Zones,
		Seat: t.Seat, Admissions: max(t.Admissions, 1), NotBefore: bound(t.NotBefore), Expires: bound(t.Expires), Bound: t.Proof != nil,
	}
	if t.Proof != nil {
		v.Claims.Proof = bound(ticket.At(t.Proof.Time))
	}
	if key, ok := ring.Key(t.KeyID); ok {
		v.Key = &signingKey{
			ID: key.ID, State: key.State.String(), NotBefore: time.Unix(key.NotBefore, 0).UTC(), Expires: time.Unix(key.Expires, 0).UTC(),
		}
	}
}

func bound(b ticket.Bound) *time.Time {
	if !b.Set {
		return nil
	}
	t := time.Unix(b.Unix, 0).UTC()
	return &t
}

func (v *verification) print(c *cobra.Command) error {
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), v)
	}
	pairs := [][2]string{{v.word(), strings.TrimSuffix(string(v.Reason)+": "+v.Detail, ": ")}}
	if k := v.Claims; k != nil {
		pairs = append(pairs, [][2]string{
			{"event", k.Event}, {"ticket", k.Short + "  (" + k.Ticket + ")"}, {"issue", fmt.Sprint(int(k.Generation) + 1)},
			{"product", number(k.Product)}, {"zones", zoneBits(k.Zones)}, {"seat", k.Seat}, {"admits", fmt.Sprint(k.Admissions)},
			{"good from", instant(k.NotBefore)}, {"good until", instant(k.Expires)}, {"shown at", instant(k.Proof)},
		}...)
	}
	if k := v.Key; k != nil {
		pairs = append(pairs, [2]string{"key", fmt.Sprintf("%s, %s, good until %s", k.ID, k.State, k.Expires.Format(minute))})
	}
	pairs = append(pairs, [2]string{"ring", fmt.Sprintf("%d of %s%s", v.Ring.Seq, v.Ring.Organiser, v.ringAge())})
	for _, root := range v.Ring.Roots {
		pairs = append(pairs, [2]string{"root", root + "  (trusted as given: compare it)"})
	}
	for _, p := range pairs {
		if p[1] != "" || p[0] == v.word() {
			fmt.Fprintf(c.OutOrStdout(), "%-12s %s\n", p[0], printable(p[1]))
		}
	}
	return nil
}

// word is the verdict.
func (v *verification) word() string {
	switch {
	case v.Good:
		return "GENUINE"
	case v.Genuine:
		return "NOT NOW"
	}
	return "NOT GENUINE"
}

func (v *verification) ringAge() string {
	if v.At.Before(v.Ring.Expires) {
		return ""
	}
	return ", expired " + v.Ring.Expires.Format(minute) + ": a newer one may say otherwise"
}

func instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(minute)
}

func number(n uint32) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// zoneBits lists the numbers of the zones in a mask. Their names stand in no code.
func zoneBits(mask uint32) string {
	var list []string
	for bit := range 32 {
		if mask&(1<<bit) != 0 {
			list = append(list, fmt.Sprint(bit))
		}
	}
	return strings.Join(list, " ")
}
