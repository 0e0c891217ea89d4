package ticket

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"usher/crypto/base45"
	"usher/crypto/keyring"
)

// faulty is a presentation and a context with every fault there may be. Mending
// them in the order of the checks shows each reason once.
type faulty struct {
	issuer, holder *keyring.Signer
	claims         Claims
	ctx            Context
	ring           keyring.Ring
	ts             int64

	tooLong, otherPrefix, oddCharacter, oddGroup, oddHeader bool
	unsigned, badClaims, badProof                           bool
}

// text builds the token with the faults that are left.
func (f *faulty) text(t *testing.T) string {
	t.Helper()
	payload := f.claims.append(nil)
	if f.badClaims {
		payload = append(payload, 0)
	}
	id := f.issuer.ID()
	protected := append(bytes.Clone(protectedHead[:]), id[:]...)
	if f.oddHeader {
		protected = bytes.Clone(keyring.ProtectedEdDSA)
	}
	signature := f.issuer.Sign(protected, ticketAAD, payload)
	if f.unsigned {
		signature[0] ^= 1
	}
	b := appendBytes(appendHead(nil, majorArray, 4), protected)
	b = appendBytes(appendHead(b, majorMap, 0), payload)
	b = appendBytes(b, signature[:])

	b = appendHead(appendBytes(appendHead(nil, majorArray, 2), b), majorUint, uint64(f.ts))
	proof := f.holder.Sign(keyring.ProtectedEdDSA, proofAAD, b)
	if f.badProof {
		proof[0] ^= 1
	}
	b[0]++
	return f.spoil(text(PrefixPresentation, appendBytes(b, proof[:])))
}

// spoil applies the faults of a text.
func (f *faulty) spoil(text string) string {
	if f.oddGroup {
		text = text[:prefixLen] + ":::" + text[prefixLen+3:]
	}
	if f.oddCharacter {
		text = text[:prefixLen] + "a" + text[prefixLen+1:]
	}
	if f.otherPrefix {
		text = "HC1:" + text[prefixLen:]
	}
	if f.tooLong {
		text += strings.Repeat("0", MaxChars)
	}
	return text
}

func TestOrderOfChecks(t *testing.T) {
	f := &faulty{
		issuer: signer(t, 1), holder: signer(t, 2), claims: fullClaims(), ts: now - 1000,
		tooLong: true, otherPrefix: true, oddCharacter: true, oddGroup: true, oddHeader: true,
		unsigned: true, badClaims: true, badProof: true,
	}
	f.claims.Holder = f.holder.Public()
	f.claims.NotBefore, f.claims.Expires = At(now+1), At(now+2)
	digits, lowest := uint32(4711), GenerationNever
	f.ctx = Context{
		Keys: &f.ring, Event: "EV27", Now: now, Challenge: &digits,
		MinGeneration: func(ID) uint32 { return lowest },
	}
	good := ringOf(f.issuer).Keys[0]
	bad := good
	bad.Role, bad.State, bad.Events = keyring.RoleJournal, keyring.Revoked, []string{"EV25"}
	bad.NotBefore, bad.Expires = now+1, now
	key := func() *keyring.Key { return &f.ring.Keys[0] }

	for _, step := range []struct {
		want Reason
		mend func()
	}{
		{ReasonLength, func() { f.tooLong = false }},
		{ReasonPrefix, func() { f.otherPrefix = false }},
		{ReasonCharset, func() { f.oddCharacter = false }},
		{ReasonBase45, func() { f.oddGroup = false }},
		{ReasonHeader, func() { f.oddHeader = false }},
		{ReasonKid, func() { f.ring.Keys = []keyring.Key{bad} }},
		{ReasonKeyRole, func() { key().Role = keyring.RoleIssuer }},
		{ReasonSig, func() { f.unsigned = false }},
		{ReasonCBOR, func() { f.badClaims = false }},
		{ReasonKeyRevoked, func() { key().State = keyring.RosterOnly }},
		{ReasonKeyNotBefore, func() { key().NotBefore = now }},
		{ReasonKeyExpired, func() { key().Expires = now + 1 }},
		{ReasonKeyRosterOnly, func() { f.ctx.InRoster = func(id ID) bool { return id == f.claims.ID } }},
		{ReasonAud, func() { f.ctx.Event = "EV26" }},
		{ReasonKeyAud, func() { key().Events = []string{"EV25", "EV26"} }},
		{ReasonNotBefore, func() { f.claims.NotBefore, f.claims.Expires = At(now-2), At(now-1) }},
		{ReasonExpired, func() { f.claims.Expires = At(now + 1) }},
		{ReasonGeneration, func() { lowest = 1 }},
		{ReasonProofSig, func() { f.badProof = false }},
		{ReasonProofTime, func() { f.ts = now }},
		{ReasonChallenge, func() { f.ctx.Challenge = nil }},
	} {
		_, err := Judge(f.text(t), f.ctx)
		if !errors.Is(err, step.want) {
			t.Fatalf("refused for %v, want %s", err, step.want)
		}
		step.mend()
	}
	if _, err := Judge(f.text(t), f.ctx); err != nil {
		t.Errorf("with every fault mended: %v", err)
	}
}

func TestJudgeGivesTheTicketOfARefusal(t *testing.T) {
	issuer := signer(t, 1)
	text, err := Issue(fullClaims(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Judge(text, Context{Keys: ringOf(issuer), Event: "EV27", Now: now})
	if !errors.Is(err, ReasonAud) || got == nil || got.Event != "EV26" {
		t.Errorf("genuine, for another event: %+v, %v", got, err)
	}
	got, err = Judge(text, Context{Keys: ringOf(signer(t, 2)), Event: "EV26", Now: now})
	if !errors.Is(err, ReasonKid) || got != nil {
		t.Errorf("of an unknown key: %+v, %v", got, err)
	}
}

func TestRosterIsAskedOnlyOfARosterOnlyKey(t *testing.T) {
	issuer := signer(t, 1)
	text, err := Issue(fullClaims(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	ctx := Context{Keys: ringOf(issuer), Event: "EV26", Now: now, InRoster: func(ID) bool {
		t.Error("the roster was asked")
		return false
	}}
	if _, err := Judge(text, ctx); err != nil {
		t.Error(err)
	}
}

func TestErrorNamesKeyAndPlace(t *testing.T) {
	issuer := signer(t, 1)
	text, err := Issue(fullClaims(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base45.Decode(nil, text[prefixLen:])
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text   string
		keys   Keys
		reason Reason
		keyID  keyring.KeyID
		offset int
	}{
		"charset": {text[:20] + "a" + text[21:], ringOf(issuer), ReasonCharset, keyring.KeyID{}, 20},
		"cut":     {text[:prefixLen] + base45.Encode(raw[:40]), ringOf(issuer), ReasonCBOR, keyring.KeyID{}, 14},
		"kid":     {text, ringOf(signer(t, 2)), ReasonKid, issuer.ID(), -1},
	} {
		_, err := Verify(c.text, c.keys)
		var got *Error
		if !errors.As(err, &got) {
			t.Errorf("%s: %v is no *Error", name, err)
			continue
		}
		if got.Reason != c.reason || got.KeyID != c.keyID || got.Offset != c.offset || got.Detail == "" {
			t.Errorf("%s: %+v", name, got)
		}
		if !strings.Contains(got.Error(), string(c.reason)) {
			t.Errorf("%s: %q doesn't say why", name, got.Error())
		}
	}
}

func TestErrorsDoNotRepeatTheText(t *testing.T) {
	hostile := "UT1:" + strings.Repeat("a", MaxChars-prefixLen)
	_, err := Verify(hostile, ringOf(signer(t, 1)))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("%v", err)
	}
}
