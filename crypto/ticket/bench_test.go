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

// BenchmarkLive measures a gate's whole check of a live code, text → genuine, of this
// event, good now, and shown by its phone, beside the two bare signature checks in it,
// taking turns. The ratio should be at most 1.10. A gate's ring is quickened: beside it
// is the ratio to the same two bare checks.
func BenchmarkLive(b *testing.B) {
	issuer, holder := signer(b, 1), signer(b, 2)
	text := present(b, fullClaims(), issuer, holder, nil)
	ring := ringOf(issuer)
	quick, _ := ring.Key(issuer.ID())
	quick = quick.Quickened(keyring.Key{})
	for _, c := range []struct {
		name string
		keys Keys
	}{{"plain", ring}, {"quickened", quickened{issuer.ID(), quick}}} {
		b.Run(c.name, func(b *testing.B) { benchmarkLive(b, text, c.keys, issuer.Public(), holder.Public()) })
	}
}

// quickened is a ring of one key, as a gate has those of its event.
type quickened struct {
	id  keyring.KeyID
	key keyring.Key
}

func (q quickened) Key(id keyring.KeyID) (keyring.Key, bool) { return q.key, id == q.id }

func benchmarkLive(b *testing.B, text string, keys Keys, issuer, holder ed25519.PublicKey) {
	ctx := Context{Keys: keys, Event: fullClaims().Event, Now: now, MinGeneration: func(ID) uint32 { return 0 }}
	t, err := Judge(text, ctx)
	if err != nil {
		b.Fatal(err)
	}
	message, signature := signedMessage(b, t.Bytes())
	proven := appendText(appendHead(nil, majorArray, 4), "Signature1")
	proven = appendBytes(proven, []byte(keyring.ProtectedEdDSA))
	proven = appendBytes(proven, []byte(proofAAD))
	signed := append([]byte(nil), t.proof.signed...)
	signed[0]-- // without its last element
	proven = appendBytes(proven, signed)
	var ours, bare time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		if _, err := Judge(text, ctx); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		if !ed25519.Verify(issuer, message, signature) || !ed25519.Verify(holder, proven, t.proof.signature) {
			b.Fatal("the bare checks fail")
		}
		ours += middle.Sub(start)
		bare += time.Since(middle)
	}
	b.ReportMetric(float64(ours)/float64(b.N), "check-ns/op")
	b.ReportMetric(float64(bare)/float64(b.N), "2-ed25519-ns/op")
	b.ReportMetric(float64(ours)/float64(bare), "x-2-ed25519")
}
