package gate

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"usher/gate/turnstile"
	"usher/sync/admission"
)

// BenchmarkScan measures whole scans, from the text of a code to the durable
// green, beside a bare append of 4 KiB and fdatasync to a file on the same disk,
// by turns so that both see the same disk. The ratios are what counts: p50 is to
// be at most 1.5, p99 at most 2.
func BenchmarkScan(b *testing.B) {
	const round = 1000
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
	page := make([]byte, 4096)
	var scans, bares []time.Duration
	codes := make([]string, round)
	for n := 0; b.Loop(); n += round {
		b.StopTimer()
		for i := range codes {
			codes[i] = f.code(b, n+i)
		}
		b.StartTimer()
		for _, code := range codes {
			began := time.Now()
			out := g.Turnstile.Scan(b.Context(), turnstile.Attempt{Text: code, Direction: admission.In, How: "camera", Lane: "1"})
			scans = append(scans, time.Since(began))
			if !out.Green() {
				b.Fatalf("not green: %+v", out.Verdict)
			}
			began = time.Now()
			if _, err := log.Write(page); err != nil {
				b.Fatal(err)
			}
			if err := syscall.Fdatasync(int(log.Fd())); err != nil {
				b.Fatal(err)
			}
			bares = append(bares, time.Since(began))
		}
	}
	for _, p := range []struct {
		name  string
		share float64
	}{{"p50", 0.50}, {"p99", 0.99}} {
		ours, bare := quantile(scans, p.share), quantile(bares, p.share)
		b.ReportMetric(float64(ours.Microseconds()), p.name+"-scan-µs")
		b.ReportMetric(float64(bare.Microseconds()), p.name+"-bare-µs")
		b.ReportMetric(float64(ours)/float64(bare), "x-"+p.name)
	}
}

func quantile(list []time.Duration, share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(share*float64(len(sorted)-1))]
}
