package limits

import (
	"crypto/ed25519"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/skip2/go-qrcode"

	"usher/crypto/keyring"
	"usher/server/document"
	"usher/server/printout"
)

// exported is how many tickets are written to files.
const exported = 1000

// BenchmarkExport writes a thousand tickets to files as usher tickets export does,
// all or none and each format as it is: one PDF for all, a PNG or SVG each. The raw
// limit, in the same run: as many signatures and codes on all cores, at the level
// that the format has. It shows what files cost beside the codes that are in them.
func BenchmarkExport(b *testing.B) {
	s, tokens, _ := issued(b, exported)
	for _, c := range []struct {
		name  string
		order printout.Order
		level qrcode.RecoveryLevel
	}{
		{"PDF", printout.Order{Format: printout.PDF, Paper: document.A6, One: true}, qrcode.High},
		{"PNG", printout.Order{Format: printout.PNG}, qrcode.Medium},
		{"SVG", printout.Order{Format: printout.SVG}, qrcode.Medium},
	} {
		b.Run(c.name, func(b *testing.B) {
			var ours, raw time.Duration
			for b.Loop() {
				c.order.Event, c.order.Dir = "ISSUE", filepath.Join(b.TempDir(), "out")
				runtime.GC()
				began := time.Now()
				if _, err := printout.New(s.Tickets, s.Catalog, s.Now).Print(b.Context(), c.order, nil); err != nil {
					b.Fatal(err)
				}
				ours += time.Since(began)
				raw += rawCodes(b, tokens, c.level)
			}
			b.ReportMetric(float64(b.N*exported)/ours.Seconds(), "tickets/s")
			b.ReportMetric(ours.Seconds()/raw.Seconds(), "x-raw")
		})
	}
}

// rawCodes signs and encodes on all cores and says how long that took.
func rawCodes(b *testing.B, tokens []string, level qrcode.RecoveryLevel) time.Duration {
	b.Helper()
	key, message := ed25519.NewKeyFromSeed(make([]byte, keyring.SeedSize)), make([]byte, 120)
	width := runtime.GOMAXPROCS(0)
	errs := make([]error, width)
	runtime.GC()
	began := time.Now()
	var cores sync.WaitGroup
	for core := range width {
		cores.Go(func() {
			for i := core; i < len(tokens) && errs[core] == nil; i += width {
				errs[core] = rawCode(key, message, tokens[i], level)
			}
		})
	}
	cores.Wait()
	took := time.Since(began)
	for _, err := range errs {
		if err != nil {
			b.Fatal(err)
		}
	}
	return took
}
