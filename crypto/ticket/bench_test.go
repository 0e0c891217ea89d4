package ticket

import (
	"crypto/ed25519"
	"testing"
	"time"

	"usher/crypto/base45"
	"usher/crypto/keyring"
)

// BenchmarkVerify measures text → verified claims beside the bare signature
// check of the same message, taking turns so that both see the same machine. The
// ratio is what counts: it should be at most 1.10.
func BenchmarkVerify(b *testing.B) {
	issuer, holder := signer(b, 1), signer(b, 2)
	ring := ringOf(issuer)
	minimal, err := Issue(minimalClaims(), issuer)
	if err != nil {
		b.Fatal(err)
	}
	full, err := Issue(fullClaims(), issuer)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, text string }{
		{"minimal", minimal},
		{"full", full},
		{"presentation", present(b, fullClaims(), issuer, holder, nil)},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkVerify(b, c.text, ring, issuer.Public()) })
	}
}

func benchmarkVerify(b *testing.B, text string, ring *keyring.Ring, pub ed25519.PublicKey) {
	t, err := Verify(text, ring)
	if err != nil {
		b.Fatal(err)
	}
	message, signature := signedMessage(b, t.Bytes())
	var ours, bare time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		if _, err := Verify(text, ring); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		if !ed25519.Verify(pub, message, signature) {
			b.Fatal("the bare check fails")
		}
		ours += middle.Sub(start)
		bare += time.Since(middle)
	}
	b.ReportMetric(float64(ours)/float64(b.N), "verify-ns/op")
	b.ReportMetric(float64(bare)/float64(b.N), "ed25519-ns/op")
	b.ReportMetric(float64(ours)/float64(bare), "x-ed25519")
}

// signedMessage gives the Sig_structure of a ticket, and its signature.
func signedMessage(tb testing.TB, ticket []byte) (message, signature []byte) {
	tb.Helper()
	c := cursor{b: ticket, end: len(ticket)}
	e := c.envelope()
	if c.err != nil {
		tb.Fatal(c.err)
	}
	message = appendText(appendHead(nil, majorArray, 4), "Signature1")
	message = appendBytes(message, e.protected)
	message = appendBytes(message, []byte(ticketAAD))
	return appendBytes(message, ticket[e.payloadAt:e.payloadEnd]), e.signature
}

// BenchmarkForeign is what a QR code of somebody else's costs.
func BenchmarkForeign(b *testing.B) {
	ring := ringOf(signer(b, 1))
	for b.Loop() {
		if _, err := Verify("https://example.org/some/poster?id=1234", ring); err == nil {
			b.Fatal("accepted")
		}
	}
}

// BenchmarkIssue measures claims → text beside the bare signature.
func BenchmarkIssue(b *testing.B) {
	issuer := signer(b, 1)
	key := ed25519.NewKeyFromSeed(issuer.Seed())
	text, err := Issue(fullClaims(), issuer)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := base45.Decode(nil, text[prefixLen:])
	if err != nil {
		b.Fatal(err)
	}
	message, _ := signedMessage(b, raw)
	var ours, bare time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := Issue(fullClaims(), issuer); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		ed25519.Sign(key, message)
		ours += middle.Sub(start)
		bare += time.Since(middle)
	}
	b.ReportMetric(float64(ours)/float64(bare), "x-ed25519-sign")
}
