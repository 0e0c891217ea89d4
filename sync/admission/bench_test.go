package admission

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/sync/journal"
)

// rulesForBench are as many rules as an event may have for a gate, of all kinds
// that look at the past.
func rulesForBench() []journal.Rule {
	kinds := []journal.Rule{
		{Kind: "max_entries", N: 1 << 30}, {Kind: "max_entries_per_day", N: 1 << 30}, {Kind: "max_days", N: 1 << 30},
		{Kind: "cooldown_minutes", N: 1}, {Kind: "max_minutes_since_first_entry", N: 1 << 30},
		{Kind: "max_entries_since", N: 1 << 30}, {Kind: "max_entries_before", N: 1 << 30},
		{Kind: "not_before_local_time", Field: "00:00"}, {Kind: "weekdays", Days: []int{1, 2, 3, 4, 5, 6, 7}}, {Kind: "not_before", Field: "admission"},
	}
	var rules []journal.Rule
	for len(rules) < journal.MaxRules {
		rules = append(rules, kinds[len(rules)%len(kinds)])
	}
	return rules
}

// busyPast are n passages in and out, ten minutes apart, by two devices that know
// of each other.
func busyPast(n int) []Act {
	var past []Act
	for i := range n {
		a := Act{
			Chain: journal.Chain{Node: journal.NodeID{byte(i % 2)}}, Seq: uint64(i + 1), Result: Accept, Direction: In,
			At: (doors - 600*int64(n-i)) * 1000, Synced: true, Gate: "g1", Product: 1,
		}
		if i%2 == 1 {
			a.Direction = Out
		}
		a.Hash = sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		if i > 0 {
			a.Parents = []journal.Hash{past[i-1].Hash}
		}
		past = append(past, a)
	}
	return past
}

func benchDecide(b *testing.B, rules []journal.Rule, past []Act) {
	d := newDoor(b)
	d.c.Gate.Rules = rules
	p := Presented{Manual: true, InRoster: true, Claims: ticket.Claims{ID: ticket.ID{1}, Product: 1}, Direction: In}
	if v := Decide(d.c, p, Void{}, past); !v.Green() {
		b.Fatalf("%s %s", v.Result, v.Reason)
	}
	for b.Loop() {
		Decide(d.c, p, Void{}, past)
	}
	each := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	b.ReportMetric(each/verifyNS(b), "of-a-verify")
}

// verifyNS is how long the bare signature check takes, in this run.
func verifyNS(b *testing.B) float64 {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	message := make([]byte, 150)
	sig := ed25519.Sign(key, message)
	const times = 2000
	start := time.Now()
	for range times {
		if !ed25519.Verify(pub, message, sig) {
			b.Fatal("the signature is bad")
		}
	}
	return float64(time.Since(start).Nanoseconds()) / times
}

func BenchmarkDecideFirstEntry(b *testing.B)  { benchDecide(b, nil, nil) }
func BenchmarkDecideSecondVisit(b *testing.B) { benchDecide(b, nil, busyPast(2)) }
func BenchmarkDecide50Rules(b *testing.B)     { benchDecide(b, rulesForBench(), busyPast(2)) }
func BenchmarkDecide50RulesLongPast(b *testing.B) {
	benchDecide(b, rulesForBench(), busyPast(1000))
}

func benchJudge(b *testing.B, n int, rules ...journal.Rule) {
	event := &journal.Event{
		Zone: "Europe/Berlin", Products: []journal.Product{{Number: 1}},
		Gates: []journal.Gate{{Code: "g1", All: true, Rules: rules}},
	}
	events := func(journal.Position) *journal.Event { return event }
	h := History{Event: "EV1", Scans: busyPast(n)}
	for b.Loop() {
		Judge(events, h)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/act")
}

func BenchmarkJudgeEntry(b *testing.B)    { benchJudge(b, 1) }
func BenchmarkJudgeVisit(b *testing.B)    { benchJudge(b, 2) }
func BenchmarkJudge1000(b *testing.B)     { benchJudge(b, 1000) }
func BenchmarkJudge10000(b *testing.B)    { benchJudge(b, 10000) }
func BenchmarkJudge50Rules1(b *testing.B) { benchJudge(b, 1, rulesForBench()...) }
func BenchmarkJudge50Rules1000(b *testing.B) {
	benchJudge(b, 1000, rulesForBench()...)
}
func BenchmarkJudge50Rules10000(b *testing.B) {
	benchJudge(b, 10000, rulesForBench()...)
}
