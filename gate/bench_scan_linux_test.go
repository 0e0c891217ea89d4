package gate

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"usher/gate/turnstile"
	"usher/sync/admission"
)

// BenchmarkScan measures whole scans, from the text of a code to the durable
// green, beside bare appends of 4 KiB with fdatasync to a file on the same disk.
// The ratios are what counts: p50 is to be at most 1.5, p99 at most 2.
//
// They go by turns, 250 at a time, so that both see the same machine, and each
// the disk and the caches as it leaves them itself.
func BenchmarkScan(b *testing.B) {
	const rounds, turn = 8, 250
	f := newFestival(b)
	g := f.open(b)
	f.send(b, g, f.began...)
	if err := g.Store.Reserve(b.Context()); err != nil {
		b.Fatal(err)
	}
	log, err := os.OpenFile(filepath.Join(b.TempDir(), "bare"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	var scans, appends []time.Duration
	codes := make([]string, turn)
	for b.Loop() {
		for range rounds {
			for i := range codes {
				codes[i] = f.code(b, len(scans)+i)
			}
			for _, code := range codes {
				scans = append(scans, timed(func() { scanOne(b, g, code) }))
			}
			for range turn {
				appends = append(appends, timed(func() { appendOne(b, log) }))
			}
		}
	}
	for _, p := range []struct {
		name  string
		share float64
	}{{"p50", 0.50}, {"p99", 0.99}} {
		ours, bare := quantile(scans, p.share), quantile(appends, p.share)
		b.ReportMetric(float64(ours.Microseconds()), p.name+"-scan-µs")
		b.ReportMetric(float64(bare.Microseconds()), p.name+"-bare-µs")
		b.ReportMetric(float64(ours)/float64(bare), "x-"+p.name)
	}
}

func scanOne(b *testing.B, g *Gate, code string) {
	out := g.Turnstile.Scan(b.Context(), turnstile.Attempt{Text: code, Direction: admission.In, How: "camera", Lane: "1"})
	if !out.Green() {
		b.Fatalf("not green: %+v", out.Verdict)
	}
}

func appendOne(b *testing.B, file *os.File) {
	if _, err := file.Write(make([]byte, 4096)); err != nil {
		b.Fatal(err)
	}
	if err := syscall.Fdatasync(int(file.Fd())); err != nil {
		b.Fatal(err)
	}
}
