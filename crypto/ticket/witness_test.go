package ticket

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"github.com/veraison/go-cose"

	"usher/crypto/keyring"
)

// The witness is a COSE library of other people's, so that our bytes mean to the
// world what they mean to us.

func TestWitnessVerifiesOurs(t *testing.T) {
	issuer, holder := signer(t, 1), signer(t, 2)
	bound := fullClaims()
	bound.Holder = holder.Public()
	for _, claims := range []Claims{minimalClaims(), fullClaims(), bound} {
		ticket, err := sign(claims, issuer)
		if err != nil {
			t.Fatal(err)
		}
		var message cose.UntaggedSign1Message
		if err := message.UnmarshalCBOR(ticket); err != nil {
			t.Fatal(err)
		}
		if err := message.Verify([]byte(ticketAAD), witness(t, issuer)); err != nil {
			t.Errorf("the witness refuses our ticket: %v", err)
		}
		if err := message.Verify([]byte(proofAAD), witness(t, issuer)); err == nil {
			t.Error("the witness accepts our ticket as a proof")
		}
	}
}

func TestWeVerifyTheWitnesss(t *testing.T) {
	issuer := signer(t, 1)
	s, err := cose.NewSigner(cose.AlgorithmEdDSA, ed25519.NewKeyFromSeed(issuer.Seed()))
	if err != nil {
		t.Fatal(err)
	}
	id := issuer.ID()
	message := cose.UntaggedSign1Message{
		Headers: cose.Headers{Protected: cose.ProtectedHeader{
			cose.HeaderLabelAlgorithm: cose.AlgorithmEdDSA,
			cose.HeaderLabelKeyID:     id[:],
		}},
		Payload: fullClaims().append(nil),
	}
	if err := message.Sign(rand.Reader, []byte(ticketAAD), s); err != nil {
		t.Fatal(err)
	}
	theirs, err := message.MarshalCBOR()
	if err != nil {
		t.Fatal(err)
	}
	got, err := VerifyBytes(theirs, ringOf(issuer))
	if err != nil || !got.Claims.equal(fullClaims()) {
		t.Fatalf("we refuse the witness's ticket: %v", err)
	}
	ours, err := sign(fullClaims(), issuer)
	if err != nil || !bytes.Equal(ours, theirs) {
		t.Errorf("we make %x, the witness %x", ours, theirs)
	}
}

// TestWitnessVerifiesOurProof puts a proof's constant parts back on.
func TestWitnessVerifiesOurProof(t *testing.T) {
	issuer, holder := signer(t, 1), signer(t, 2)
	digits := uint32(4711)
	got, err := Verify(present(t, minimalClaims(), issuer, holder, &digits), ringOf(issuer))
	if err != nil {
		t.Fatal(err)
	}
	signed := appendBytes(appendHead(nil, majorArray, 3), got.Bytes())
	signed = appendHead(appendHead(signed, majorUint, now), majorUint, uint64(digits))
	message := cose.UntaggedSign1Message{
		Headers:   cose.Headers{RawProtected: appendBytes(nil, keyring.ProtectedEdDSA), Protected: cose.ProtectedHeader{cose.HeaderLabelAlgorithm: cose.AlgorithmEdDSA}},
		Payload:   signed,
		Signature: got.Proof.signature,
	}
	if err := message.Verify([]byte(proofAAD), witness(t, holder)); err != nil {
		t.Errorf("the witness refuses our proof: %v", err)
	}
}

func witness(t *testing.T, s *keyring.Signer) cose.Verifier {
	t.Helper()
	v, err := cose.NewVerifier(cose.AlgorithmEdDSA, s.Public())
	if err != nil {
		t.Fatal(err)
	}
	return v
}
