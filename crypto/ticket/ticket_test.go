package ticket

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"usher/crypto/base45"
	"usher/crypto/keyring"
)

const now = 1798741850

// signer gives a test key that is the same in every run.
func signer(t testing.TB, n byte) *keyring.Signer {
	t.Helper()
	s, err := keyring.FromSeed(bytes.Repeat([]byte{n}, keyring.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ringOf gives a ring with the issuing key of s, good now for event EV26.
func ringOf(s *keyring.Signer) *keyring.Ring {
	return &keyring.Ring{Keys: []keyring.Key{{
		ID: s.ID(), Public: s.Public(), Role: keyring.RoleIssuer, Events: []string{"EV26"},
		NotBefore: now - 1000, Expires: now + 1000,
	}}}
}

func fullClaims() Claims {
	return Claims{
		Event: "EV26", NotBefore: At(now - 3600), Expires: At(now + 36000),
		ID:         ID{0xd1, 0x4e, 0x90, 0x22, 0x6b, 0x73, 0xf5, 0x08},
		Generation: 1, Product: 12, Zones: 21, Seat: "B-12-144",
		NameCommitment: []byte{0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 0x07, 0x18}, Admissions: 2,
	}
}

func minimalClaims() Claims {
	return Claims{Event: "EV26", ID: fullClaims().ID}
}

// equal compares claims by what they say.
func (c Claims) equal(other Claims) bool {
	if c.Admissions == 1 {
		c.Admissions = 0
	}
	return bytes.Equal(c.append(nil), other.append(nil)) && bytes.Equal(c.Holder, other.Holder)
}

func TestSizes(t *testing.T) {
	issuer, holder := signer(t, 1), signer(t, 2)
	for _, c := range []struct {
		name                string
		claims              Claims
		static, presented   int // characters
		staticBytes, tokens int
	}{
		{"minimal", minimalClaims(), 148, 325, 96, 214},
		{"full", fullClaims(), 219, 394, 143, 261},
	} {
		text, err := Issue(c.claims, issuer)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) != c.static || base45.DecodedLen(len(text)-4) != c.staticBytes {
			t.Errorf("%s static: %d characters of %d bytes, want %d of %d",
				c.name, len(text), base45.DecodedLen(len(text)-4), c.static, c.staticBytes)
		}
		shown := present(t, c.claims, issuer, holder, nil)
		if len(shown) != c.presented {
			t.Errorf("%s presentation: %d characters, want %d", c.name, len(shown), c.presented)
		}
	}
}

// present issues a ticket bound to holder and presents it now.
func present(t testing.TB, c Claims, issuer, holder *keyring.Signer, challenge *uint32) string {
	t.Helper()
	c.Holder = holder.Public()
	ticket, err := IssueBound(c, issuer)
	if err != nil {
		t.Fatal(err)
	}
	text, err := Present(ticket, holder, now, challenge)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func claimsGen() *rapid.Generator[Claims] {
	return rapid.Custom(func(t *rapid.T) Claims {
		c := Claims{
			Event:      rapid.StringMatching(`[A-Z0-9-]{1,16}`).Draw(t, "event"),
			Generation: rapid.Uint16().Draw(t, "generation"),
			Product:    rapid.Uint32().Draw(t, "product"),
			Zones:      rapid.Uint32().Draw(t, "zones"),
			Seat:       rapid.StringMatching(`[ -~]{0,24}`).Draw(t, "seat"),
			Admissions: rapid.Uint8().Draw(t, "admissions"),
		}
		copy(c.ID[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "id"))
		if rapid.Bool().Draw(t, "named") {
			c.NameCommitment = rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "name")
		}
		from := rapid.Int64Range(0, MaxTime-1).Draw(t, "from")
		if rapid.Bool().Draw(t, "opens") {
			c.NotBefore = At(from)
		}
		if rapid.Bool().Draw(t, "closes") {
			c.Expires = At(rapid.Int64Range(from+1, MaxTime).Draw(t, "until"))
		}
		return c
	})
}

func TestIssueThenVerify(t *testing.T) {
	issuer := signer(t, 1)
	ring := ringOf(issuer)
	rapid.Check(t, func(rt *rapid.T) {
		claims := claimsGen().Draw(rt, "claims")
		text, err := Issue(claims, issuer)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := Verify(text, ring)
		if err != nil {
			rt.Fatal(err)
		}
		if !claims.equal(got.Claims) || got.Proof != nil || got.KeyID != issuer.ID() {
			rt.Fatalf("%+v became %+v", claims, got.Claims)
		}
		again, err := VerifyBytes(got.Bytes(), ring)
		if err != nil || !again.Claims.equal(claims) || !bytes.Equal(again.Evidence(), got.Evidence()) {
			rt.Fatalf("as evidence: %+v, %v", again, err)
		}
	})
}

func TestPresentThenJudge(t *testing.T) {
	issuer, holder := signer(t, 1), signer(t, 2)
	ring := ringOf(issuer)
	rapid.Check(t, func(rt *rapid.T) {
		claims := claimsGen().Draw(rt, "claims")
		claims.Event, claims.NotBefore, claims.Expires = "EV26", Bound{}, Bound{}
		claims.Holder = holder.Public()
		ticket, err := IssueBound(claims, issuer)
		if err != nil {
			rt.Fatal(err)
		}
		var challenge *uint32
		if rapid.Bool().Draw(rt, "challenged") {
			digits := rapid.Uint32Range(0, MaxChallenge).Draw(rt, "challenge")
			challenge = &digits
		}
		ts := now + rapid.Int64Range(-45, 15).Draw(rt, "offset")
		text, err := Present(ticket, holder, ts, challenge)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := Judge(text, Context{Keys: ring, Event: "EV26", Now: now, Challenge: challenge})
		if err != nil {
			rt.Fatal(err)
		}
		if !claims.equal(got.Claims) || got.Proof.Time != ts || !bytes.Equal(got.Bytes(), ticket) {
			rt.Fatalf("%+v became %+v", claims, got)
		}
		if again, err := VerifyBytes(got.Evidence(), ring); err != nil || again.VerifyProof() != nil {
			rt.Fatalf("as evidence: %v", err)
		}
	})
}

// TestNoSecondEncoding changes one byte of what was accepted.
func TestNoSecondEncoding(t *testing.T) {
	issuer, holder := signer(t, 1), signer(t, 2)
	ring := ringOf(issuer)
	static, err := Issue(fullClaims(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{static, present(t, fullClaims(), issuer, holder, nil)} {
		raw, err := base45.Decode(nil, text[prefixLen:])
		if err != nil {
			t.Fatal(err)
		}
		for at := range raw {
			for bit := range 8 {
				changed := bytes.Clone(raw)
				changed[at] ^= 1 << bit
				token := text[:prefixLen] + base45.Encode(changed)
				if _, err := Judge(token, Context{Keys: ring, Event: "EV26", Now: now}); err == nil {
					t.Fatalf("%s with bit %d of byte %d flipped is accepted", text[:3], bit, at)
				}
			}
		}
	}
}

func TestBareTicketIsGoodAsEvidenceOnly(t *testing.T) {
	issuer, holder := signer(t, 1), signer(t, 2)
	shown, err := Verify(present(t, minimalClaims(), issuer, holder, nil), ringOf(issuer))
	if err != nil {
		t.Fatal(err)
	}
	bare, err := VerifyBytes(shown.Bytes(), ringOf(issuer))
	if err != nil || bare.Proof != nil || !bytes.Equal(bare.Holder, holder.Public()) {
		t.Fatalf("the ticket alone: %+v, %v", bare, err)
	}
	if err := bare.VerifyProof(); !errors.Is(err, ReasonProofMissing) {
		t.Errorf("VerifyProof of the ticket alone: %v", err)
	}
	if _, err := Verify(PrefixStatic+base45.Encode(shown.Bytes()), ringOf(issuer)); !errors.Is(err, ReasonProofMissing) {
		t.Errorf("as a static text: %v", err)
	}
}

func TestVerifyBytesRefuses(t *testing.T) {
	ring := ringOf(signer(t, 1))
	for name, c := range map[string]struct {
		b    []byte
		want Reason
	}{
		"nothing":  {nil, ReasonCBOR},
		"one byte": {[]byte{0x84}, ReasonCBOR},
		"a letter": {[]byte("x"), ReasonCBOR},
		"too much": {make([]byte, maxBytes+1), ReasonLength},
	} {
		if _, err := VerifyBytes(c.b, ring); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	issuer, holder := signer(t, 1), signer(t, 2)
	for name, change := range map[string]func(*Claims){
		"no event":            func(c *Claims) { c.Event = "" },
		"lower-case event":    func(c *Claims) { c.Event = "ev26" },
		"long event":          func(c *Claims) { c.Event = strings.Repeat("E", 17) },
		"long seat":           func(c *Claims) { c.Seat = strings.Repeat("s", 25) },
		"odd seat":            func(c *Claims) { c.Seat = "Réunion" },
		"short commitment":    func(c *Claims) { c.NameCommitment = []byte{1} },
		"nbf before 1970":     func(c *Claims) { c.NotBefore = At(-1) },
		"exp too far":         func(c *Claims) { c.Expires = At(MaxTime + 1) },
		"closes at opening":   func(c *Claims) { c.Expires = c.NotBefore },
		"a holder":            func(c *Claims) { c.Holder = holder.Public() },
		"an empty holder":     func(c *Claims) { c.Holder = []byte{} },
		"closes, then opens":  func(c *Claims) { c.NotBefore, c.Expires = c.Expires, c.NotBefore },
		"a line in the seat":  func(c *Claims) { c.Seat = "A\nB" },
		"tab in the event":    func(c *Claims) { c.Event = "A\tB" },
		"9 bytes of a name":   func(c *Claims) { c.NameCommitment = make([]byte, 9) },
		"an accent, an event": func(c *Claims) { c.Event = "É" },
	} {
		claims := fullClaims()
		change(&claims)
		if text, err := Issue(claims, issuer); err == nil {
			t.Errorf("%s: issued %s", name, text)
		} else if !strings.Contains(err.Error(), claims.ID.String()) {
			t.Errorf("%s: %v names no ticket", name, err)
		}
	}
}

func TestIssueBoundRefuses(t *testing.T) {
	issuer := signer(t, 1)
	for name, holder := range map[string][]byte{
		"nobody": nil, "nothing": {}, "31 bytes": make([]byte, 31), "small order": make([]byte, 32),
		"not canonical": bytes.Repeat([]byte{0xff}, 32),
	} {
		claims := fullClaims()
		claims.Holder = holder
		if _, err := IssueBound(claims, issuer); err == nil {
			t.Errorf("bound to %s", name)
		}
	}
}

func TestPresentRefuses(t *testing.T) {
	issuer, holder := signer(t, 1), signer(t, 2)
	claims := minimalClaims()
	claims.Holder = holder.Public()
	bound, err := IssueBound(claims, issuer)
	if err != nil {
		t.Fatal(err)
	}
	unbound, err := sign(minimalClaims(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	million := uint32(1_000_000)
	for name, show := range map[string]func() (string, error){
		"another holder's": func() (string, error) { return Present(bound, signer(t, 3), now, nil) },
		"a static ticket":  func() (string, error) { return Present(unbound, holder, now, nil) },
		"nothing":          func() (string, error) { return Present(nil, holder, now, nil) },
		"a cut ticket":     func() (string, error) { return Present(bound[:50], holder, now, nil) },
		"before 1970":      func() (string, error) { return Present(bound, holder, -1, nil) },
		"too far ahead":    func() (string, error) { return Present(bound, holder, MaxTime+1, nil) },
		"seven digits":     func() (string, error) { return Present(bound, holder, now, &million) },
	} {
		if text, err := show(); err == nil {
			t.Errorf("%s: presented as %s", name, text)
		}
	}
}

func TestVerifyAllocations(t *testing.T) {
	issuer, holder := signer(t, 1), signer(t, 2)
	ring := ringOf(issuer)
	minimal, err := Issue(minimalClaims(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	full, err := Issue(fullClaims(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		most float64
	}{
		"minimal":      {minimal, 2}, // decoded bytes, Ticket
		"full":         {full, 3},    // and the seat
		"presentation": {present(t, fullClaims(), issuer, holder, nil), 3},
		"foreign":      {"https://example.org", 1}, // the Error
	} {
		if got := testing.AllocsPerRun(100, func() { _, _ = Verify(c.text, ring) }); got > c.most {
			t.Errorf("%s: %v allocations, want at most %v", name, got, c.most)
		}
	}
}
