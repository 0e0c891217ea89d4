package ticket

import (
	"bytes"
	"testing"

	"usher/crypto/base45"
)

// FuzzVerify wants any text to be refused or to be the one text of its ticket.
func FuzzVerify(f *testing.F) {
	issuer, holder := signer(f, 1), signer(f, 2)
	ring := ringOf(issuer)
	static, err := Issue(fullClaims(), issuer)
	if err != nil {
		f.Fatal(err)
	}
	digits := uint32(4711)
	for _, seed := range []string{
		static, present(f, minimalClaims(), issuer, holder, nil), present(f, fullClaims(), issuer, holder, &digits),
		"", "UT1:", "UP1:", "UT2:ABC", "https://example.org", `]Q2\000026` + static + "\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean := CleanInput(text)
		if again := CleanInput(clean); clean == text && again != clean {
			t.Errorf("CleanInput(%q) = %q", clean, again)
		}
		if looks := LooksLike(clean); looks == "" {
			t.Errorf("%q looks like nothing", clean)
		}
		got, err := Verify(text, ring)
		if err != nil {
			return
		}
		prefix := PrefixStatic
		if got.Proof != nil {
			prefix = PrefixPresentation
		}
		if again := prefix + base45.Encode(got.Evidence()); again != text {
			t.Errorf("%q is accepted beside %q", text, again)
		}
	})
}

// FuzzVerifyBytes signs whatever payload comes, so that the parser behind the
// signature is reached, and wants a refusal or the one encoding of the claims.
func FuzzVerifyBytes(f *testing.F) {
	issuer, holder := signer(f, 1), signer(f, 2)
	ring := ringOf(issuer)
	bound := fullClaims()
	bound.Holder = holder.Public()
	for _, claims := range []Claims{minimalClaims(), fullClaims(), bound} {
		ticket, err := sign(claims, issuer)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ticket, true)
		f.Add(claims.append(nil), false)
	}
	id := issuer.ID()
	protected := append(bytes.Clone(protectedHead[:]), id[:]...)
	f.Fuzz(func(t *testing.T, b []byte, whole bool) {
		if !whole {
			payload := b
			signature := issuer.Sign(protected, ticketAAD, payload)
			b = appendBytes(appendHead(nil, majorArray, 4), protected)
			b = appendBytes(appendHead(b, majorMap, 0), payload)
			b = appendBytes(b, signature[:])
		}
		got, err := VerifyBytes(b, ring)
		if err != nil {
			return
		}
		if !bytes.Equal(got.Evidence(), b) {
			t.Errorf("evidence %x of %x", got.Evidence(), b)
		}
		again, err := sign(got.Claims, issuer)
		if err != nil {
			t.Fatalf("accepted, but can't be issued: %v", err)
		}
		if !bytes.Equal(again, got.Bytes()) {
			t.Errorf("%x is accepted beside %x", got.Bytes(), again)
		}
	})
}

// FuzzPresentation takes presentations apart and wants a refusal or the bytes
// back.
func FuzzPresentation(f *testing.F) {
	issuer, holder := signer(f, 1), signer(f, 2)
	digits := uint32(4711)
	for _, challenge := range []*uint32{nil, &digits} {
		raw, err := base45.Decode(nil, present(f, fullClaims(), issuer, holder, challenge)[prefixLen:])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c := cursor{b: b, end: len(b)}
		proof := c.presentation()
		if c.err != nil {
			return
		}
		elements := uint64(3)
		if proof.HasChallenge {
			elements++
		}
		again := appendBytes(appendHead(nil, majorArray, elements), b[c.at:c.end])
		again = appendHead(again, majorUint, uint64(proof.Time))
		if proof.HasChallenge {
			again = appendHead(again, majorUint, uint64(proof.Challenge))
		}
		if again = appendBytes(again, proof.signature); !bytes.Equal(again, b) {
			t.Errorf("%x is accepted beside %x", b, again)
		}
	})
}

// FuzzParseShort wants a refusal or a code that is read as the same id.
func FuzzParseShort(f *testing.F) {
	for _, seed := range []string{"", "0000-0000-00000-0", "D2KM-G49N-Q7X88-7", "d2km g49n q7x88 7", "FZZZ-ZZZZ-ZZZZZ-X", "U"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		id, err := ParseShort(typed)
		if err != nil {
			return
		}
		if again, err := ParseShort(id.Short()); err != nil || again != id {
			t.Errorf("%q is %s, but %s is %s, %v", typed, id, id.Short(), again, err)
		}
	})
}
