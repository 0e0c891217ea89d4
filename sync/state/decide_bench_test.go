package state

import (
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/sync/admission"
	"usher/sync/journal"
)

// BenchmarkDecide100k looks a ticket's past up among those of 100,000 tickets and
// decides by as many rules as a gate may have, beside the bare check of a ticket's
// signature in the same run. The ratio is to be at most 2.
func BenchmarkDecide100k(b *testing.B) {
	const tickets = 100_000
	w := newWorld(b)
	records := slices.Clone(w.began)
	for n := range uint64(tickets) { // each in, and out
		in := w.admit("north", id(n))
		records = append(records, in, w.write("north", w.scan("north", id(n), admission.Out, in)))
	}
	s := proven(w.state(records...))
	c := admission.Context{Event: s.Event(), Node: w.gate("north").Chain().Node, ListKnown: true}
	c.Now = admission.Moment{At: w.server.Stamp.Time, Synced: true}
	c.Gate, _ = c.Event.GateByCode("north")
	c.Gate.Multi, c.Gate.Rules = true, allKindsOfRules()
	decide := func(n int) admission.Verdict {
		at := id(uint64(n) * 31 % tickets)
		known := s.Case(at)
		return admission.Decide(c, admission.Presented{
			Manual: true, InRoster: true, Claims: ticket.Claims{ID: ticket.ID(at), Product: 1}, Direction: admission.In,
		}, known.Void, known.Past)
	}
	if v := decide(0); !v.Green() || v.Details.Count == 0 {
		b.Fatalf("%s %s after %d entries: want a green that goes through all rules", v.Result, v.Reason, v.Details.Count)
	}
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	message := make([]byte, 150)
	sig := ed25519.Sign(key, message)
	var ours, bare time.Duration
	for n := 0; b.Loop(); n++ {
		began := time.Now()
		decide(n)
		middle := time.Now()
		ed25519.Verify(public, message, sig)
		ours, bare = ours+middle.Sub(began), bare+time.Since(middle)
	}
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "decide-ns")
	b.ReportMetric(float64(bare.Nanoseconds())/float64(b.N), "ed25519-ns")
	b.ReportMetric(float64(ours)/float64(bare), "x-ed25519")
}

// allKindsOfRules are as many as a gate may have, none of which refuses.
func allKindsOfRules() []journal.Rule {
	const many = 1 << 30
	kinds := []journal.Rule{
		{Kind: "max_entries", N: many}, {Kind: "max_entries_per_day", N: many}, {Kind: "max_days", N: many},
		{Kind: "max_minutes_since_first_entry", N: many}, {Kind: "max_entries_since", N: many}, {Kind: "max_entries_before", N: many},
		{Kind: "not_before_local_time", Field: "00:00"}, {Kind: "weekdays", Days: []int{1, 2, 3, 4, 5, 6, 7}},
	}
	rules := make([]journal.Rule, journal.MaxRules)
	for i := range rules {
		rules[i] = kinds[i%len(kinds)]
	}
	return rules
}
