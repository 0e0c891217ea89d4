package network

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/e2e/venue"
	"usher/gate"
	"usher/gate/scan"
	"usher/gate/turnstile"
	"usher/sync/admission"
)

// BenchmarkLAN measures how long it takes until an entry at one gate is known at
// another on the same network, with no server: from the green, which is durable, to
// the other gate's knowing it, durable there as well.
func BenchmarkLAN(b *testing.B) {
	v := venue.New(b, min(b.N, 5000), "north", "south")
	v.Stop()
	south := v.Start("south", venue.Nowhere, gate.Config{})
	north := v.Start("north", venue.Nowhere, gate.Config{Peers: []string{south.URL}})
	venue.Until(b, "the gates to be linked", func() bool { north.Uplink.Retry(); return south.Now().Online })
	wake, end := south.State.Subscribe()
	defer end()
	known := func() uint64 { return south.Held()[north.Chain()].Seq }
	took := make([]time.Duration, 0, b.N)
	before := known()
	b.ResetTimer()
	for i := range b.N {
		judge(b, north, v.Codes[i%len(v.Codes)]) // refused ones are recorded too
		green := time.Now()
		for known() < before+uint64(i)+1 {
			select {
			case <-wake:
			case <-time.After(venue.Patience):
				b.Fatal("south never knew")
			}
		}
		took = append(took, time.Since(green))
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkLanes measures scans a second at one agent with 20 lanes, each of which
// waits for its green, beside what the same disk gives one writer that syncs 4 KiB
// at a time.
func BenchmarkLanes(b *testing.B) {
	const lanes = 20
	v := venue.New(b, min(max(b.N, lanes), 20_000), "north")
	v.Stop()
	p := v.Start("north", venue.Nowhere, gate.Config{})
	v.Must(p.Store.Reserve(b.Context()))
	var next, failed atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	for range lanes {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				if judge(b, p, v.Codes[i%int64(len(v.Codes))]) == admission.Cannot {
					failed.Add(1)
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
	if failed.Load() > 0 {
		b.Fatalf("%d scans were not judged", failed.Load())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "scans/s")
	b.ReportMetric(syncs(b), "syncs/s")
}

// judge has the turnstile decide and record, as the door's interface does.
func judge(b *testing.B, p *venue.Post, code string) admission.Result {
	return p.Turnstile.Scan(b.Context(), turnstile.Attempt{Text: code, Direction: admission.In, How: scan.HowWedge, Lane: "1"}).Result
}

// syncs is how often a second the disk keeps 4 KiB that one writer appends.
func syncs(b *testing.B) float64 {
	f, err := os.Create(fmt.Sprintf("%s/append", b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	const times = 200
	page := make([]byte, 4096)
	began := time.Now()
	for range times {
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return times / time.Since(began).Seconds()
}
