package claims

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkScanOnline measures scans that the server is asked about, from the text of a
// code to the durable green, beside scans of the same gate that nobody can be asked
// about. Both ends and the loopback between them share the machine.
func BenchmarkScanOnline(b *testing.B) {
	const each = 300
	h := open(b, 2*each, 0)
	for b.Loop() {
		online := h.times(each)
		h.Stop()
		alone := h.times(each)
		for _, p := range []struct {
			name  string
			share int
		}{{"p50", 50}, {"p95", 95}} {
			b.ReportMetric(float64(online[each*p.share/100].Microseconds()), p.name+"-online-µs")
			b.ReportMetric(float64(alone[each*p.share/100].Microseconds()), p.name+"-alone-µs")
		}
	}
}

// times gives how long scans of so many new tickets took, in order of length.
func (h *house) times(n int) []time.Duration {
	list := make([]time.Duration, n)
	for i := range list {
		code := h.next()
		began := time.Now()
		if out := h.scan(h.gates[0], code); !out.Green() {
			h.T.Fatalf("not green: %s", out.Reason)
		}
		list[i] = time.Since(began)
	}
	slices.Sort(list)
	return list
}
