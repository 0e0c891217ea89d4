package admission

import (
	"crypto/rand"
	"strings"
	"testing"

	"usher/crypto/base45"
	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/sync/journal"
)

// wallet is a holder with a ticket bound to its key.
type wallet struct {
	t      testing.TB
	holder *keyring.Signer
	ticket []byte
}

func newWallet(d *door) wallet {
	d.t.Helper()
	holder, err := keyring.Generate(rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	claims := d.claims
	claims.Holder = holder.Public()
	bound, err := ticket.IssueBound(claims, d.keys.signer)
	if err != nil {
		d.t.Fatal(err)
	}
	return wallet{d.t, holder, bound}
}

func (w wallet) code(ts int64, challenge *uint32) string {
	w.t.Helper()
	text, err := ticket.Present(w.ticket, w.holder, ts, challenge)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

func TestLiveCode(t *testing.T) {
	d := newDoor(t)
	d.c.Event.Policy.DownTo = journal.RungLive
	w := newWallet(d)
	now := int64(doors + 600)
	for _, c := range []struct {
		ts     int64
		result Result
		reason Reason
	}{
		{now, Accept, Entry},
		{now - 45, Accept, Entry},
		{now - 46, Reject, StaleCode},
		{now + 15, Accept, Entry},
		{now + 16, Reject, StaleCode},
	} {
		v := d.read(w.code(c.ts, nil))
		want(t, v, c.result, c.reason)
		if c.reason == StaleCode && v.Details.CodeAge != (now-c.ts)*1000 {
			t.Errorf("code of %d s: age %d ms", now-c.ts, v.Details.CodeAge)
		}
	}
	d.c.Now.Synced = false
	want(t, d.read(w.code(now-46, nil)), Reject, StaleCode)
}

func TestLiveCodeOfNoPolicy(t *testing.T) {
	d := newDoor(t)
	d.c.Event.Policy.ProofPast, d.c.Event.Policy.ProofFuture = 0, 0
	w := newWallet(d)
	want(t, d.read(w.code(doors+600-45, nil)), Accept, Entry)
	want(t, d.read(w.code(doors+600-46, nil)), Reject, StaleCode)
}

func TestChallenge(t *testing.T) {
	d := newDoor(t)
	w := newWallet(d)
	asked, other := uint32(123456), uint32(123457)
	d.p.Challenge = &asked
	says := func(v Verdict, result Result, reason Reason, answer Challenge) {
		t.Helper()
		want(t, v, result, reason)
		if v.Challenge != answer {
			t.Errorf("the phone is said to be %q, want %q", v.Challenge, answer)
		}
	}
	says(d.read(w.code(doors+600, &asked)), Accept, Entry, Answered)
	says(d.read(w.code(doors+600, &other)), Reject, StaleCode, OtherNumber)
	says(d.read(w.code(doors+600, nil)), Reject, StaleCode, NoNumber)
	says(d.read(w.code(doors+600-46, &asked)), Reject, StaleCode, OutOfTime)
	says(d.read(w.code(doors+600+16, &asked)), Reject, StaleCode, OutOfTime)
	d.void = Void{Minimum: 1, Reason: "superseded", Set: true} // which says nothing of the phone
	says(d.read(w.code(doors+600, &asked)), Reject, Superseded, Answered)
	says(d.read(w.code(doors+600, nil)), Reject, Superseded, NoNumber)
	d.void = Void{}
	d.c.NotReady = NotReady
	says(d.read(w.code(doors+600, &asked)), Cannot, NotReady, "")
	d.c.NotReady, d.p.Challenge = "", nil
	says(d.read(w.code(doors+600, &other)), Accept, Entry, "")
}

// A presentation signed by another key, and a bound ticket without its proof.
func TestStolenTicket(t *testing.T) {
	d := newDoor(t)
	w := newWallet(d)
	text := w.code(doors+600, nil)
	raw, err := base45.Decode(nil, strings.TrimPrefix(text, ticket.PrefixPresentation))
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-40] ^= 1 // in the holder's signature, which ends the code
	d.void = Void{Minimum: 1, Reason: "superseded", Set: true}
	want(t, d.read(ticket.PrefixPresentation+string(base45.Append(nil, raw))), Reject, BadSignature)
	want(t, d.read(text), Reject, Superseded)
	bare, err := ticket.VerifyBytes(w.ticket, d.keys)
	if err != nil {
		t.Fatal(err)
	}
	p := Presented{Ticket: bare, Key: d.keys.key, KeyKnown: true, Direction: In}
	want(t, Decide(d.c, p, Void{}, nil), Reject, LiveRequired)
}
