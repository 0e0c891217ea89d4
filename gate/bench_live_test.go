package gate

import (
	"crypto/ed25519"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/gate/gatetest"
	"usher/gate/scan"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/journal/journaltest"
)

// BenchmarkScanLive measures what an open gate makes of live codes, each of a ticket and a
// phone that it has never seen, beside the two bare signature checks in each: of messages
// as long, with the issuer's key and the phone's. "decided" is all up to the verdict: read,
// verify, look up, decide. Its ratio is to be at most 1.10. "green" is the record, signed
// and durable, as well.
//
// They take turns, 50 at a time, so that both see the same machine.
func BenchmarkScanLive(b *testing.B) {
	for _, c := range []struct {
		name string
		look bool
	}{{"decided", true}, {"green", false}} {
		b.Run(c.name, func(b *testing.B) { benchmarkScanLive(b, c.look) })
	}
}

func benchmarkScanLive(b *testing.B, look bool) {
	const turn = 50
	f := newFestival(b)
	g := f.open(b)
	f.send(b, g, f.began...)
	if err := g.Store.Reserve(b.Context()); err != nil {
		b.Fatal(err)
	}
	var scans, checks []time.Duration
	shown := make([]live, turn)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for i := range shown {
			shown[i] = f.live(b, len(scans)+i)
		}
		b.StartTimer()
		for i := range shown {
			a := turnstile.Attempt{Text: shown[i].text, Direction: admission.In, How: scan.HowCamera, Lane: "1", Look: look}
			scans = append(scans, timed(func() {
				if out := g.Turnstile.Scan(b.Context(), a); !out.Green() {
					b.Fatalf("not green: %+v", out.Verdict)
				}
			}))
		}
		for i := range shown {
			checks = append(checks, timed(func() { shown[i].check(b) }))
		}
	}
	ours, bare := quantile(scans, 0.50), quantile(checks, 0.50)
	b.ReportMetric(float64(ours.Nanoseconds())/1e3, "p50-scan-µs")
	b.ReportMetric(float64(bare.Nanoseconds())/1e3, "p50-2-ed25519-µs")
	b.ReportMetric(float64(ours)/float64(bare), "x-2-ed25519")
}

// live is what a phone shows, and what is signed in it.
type live struct {
	text   string
	signed [2]signed // by the issuer and by the phone
}

type signed struct {
	key       ed25519.PublicKey
	message   []byte
	signature []byte
}

// check makes the two bare checks.
func (l *live) check(b *testing.B) {
	for _, s := range l.signed {
		if !ed25519.Verify(s.key, s.message, s.signature) {
			b.Fatal("the bare check fails")
		}
	}
}

// live gives what the phone of the n-th ticket shows now.
func (f *festival) live(tb testing.TB, n int) (l live) {
	tb.Helper()
	holder := journaltest.Signer(tb, "holder of "+ticket.ID(benchTicket(n)).String())
	bound, err := ticket.IssueBound(ticket.Claims{Event: gatetest.Event, ID: ticket.ID(benchTicket(n)), Product: 1, Holder: holder.Public()}, f.Issuer)
	if err != nil {
		tb.Fatal(err)
	}
	if l.text, err = ticket.Present(bound, holder, time.Now().Unix(), nil); err != nil {
		tb.Fatal(err)
	}
	// What the issuer signed is the ticket without its signature, to a few bytes; what the
	// phone signed holds the ticket.
	for i, by := range []struct {
		signer *keyring.Signer
		size   int
	}{{f.Issuer, len(bound) - ed25519.SignatureSize}, {holder, len(bound)}} {
		message := make([]byte, by.size)
		key := ed25519.NewKeyFromSeed(by.signer.Seed())
		l.signed[i] = signed{by.signer.Public(), message, ed25519.Sign(key, message)}
	}
	return l
}
