package keyring

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"github.com/veraison/go-cose"
)

// TestWitness signs with ours and verifies with a COSE library of other people's,
// and the other way round.
func TestWitness(t *testing.T) {
	s := signer(t, 1)
	verifier, err := cose.NewVerifier(cose.AlgorithmEdDSA, s.Public())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := cose.NewSigner(cose.AlgorithmEdDSA, ed25519.NewKeyFromSeed(s.Seed()))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 23, 24, 255, 256, 65536} {
		payload := make([]byte, size)
		message := cose.UntaggedSign1Message{
			Headers: cose.Headers{Protected: cose.ProtectedHeader{cose.HeaderLabelAlgorithm: cose.AlgorithmEdDSA}},
			Payload: payload,
		}
		if err := message.Sign(rand.Reader, []byte(ringAAD), theirs); err != nil {
			t.Fatal(err)
		}
		if !Verify(s.Public(), ProtectedEdDSA, ringAAD, payload, message.Signature) {
			t.Errorf("%d bytes: we refuse the witness", size)
		}
		ours := s.Sign(ProtectedEdDSA, ringAAD, payload)
		message.Signature = ours[:]
		if err := message.Verify([]byte(ringAAD), verifier); err != nil {
			t.Errorf("%d bytes: the witness refuses us: %v", size, err)
		}
	}
}
