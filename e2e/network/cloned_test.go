package network

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"usher/e2e/venue"
	"usher/gate"
	"usher/gate/scan"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// A device whose data were copied writes two records with one number. Whoever meets
// both keeps the proof, and says so: the gates, the server's live picture and usher
// journal verify. What others wrote goes on.
func TestClonedDevice(t *testing.T) {
	v := venue.New(t, 4, "north", "south")
	v.Must(os.CopyFS(v.Path("copy"), os.DirFS(v.Path("north"))))
	v.Must(os.RemoveAll(v.Path("copy") + "/agent.json"))
	south := v.Start("south", "", gate.Config{})
	north := v.Start("north", "", gate.Config{Peers: []string{south.URL}})
	meet(v, north, south)
	north.Scan(v.Codes[0])
	venue.Until(t, "north's record to be known", func() bool { return south.Held()[north.Chain()].Seq == 1 })
	north.Halt()
	letIn(v, "copy", v.Codes[1]) // before it meets anybody who could give it north's record
	clone := v.Start("copy", "", gate.Config{Peers: []string{south.URL}})
	for _, p := range []*venue.Post{clone, south} {
		venue.Until(t, "the clone to be told of", func() bool {
			s := p.Now()
			return says(s.Faults, "wrote two records 1") || says(s.Faults, "writes in this one's name")
		})
	}
	venue.Until(t, "the manager to be told", func() bool {
		b := boardOf(v)
		return says(b.Faults, "wrote two records 1") && b.Devices[0].Forked && !b.Devices[1].Forked
	})
	south.Scan(v.Codes[2])
	venue.Until(t, "what others wrote to go on", func() bool { return clone.Look(v.Codes[2]).Reason == admission.AlreadyUsed })
	clone.Halt()
	south.Halt()
	out, err := exec.Command(venue.Program, "journal", "verify", "--data", v.Path("south")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "wrote two records 1: it was cloned") {
		t.Errorf("usher journal verify says %v, %s", err, out)
	}
}

// letIn has a gate that does not run let a ticket in.
func letIn(v *venue.Venue, name, code string) {
	v.T.Helper()
	ctx := v.T.Context()
	g, err := gate.Open(ctx, gate.Config{Data: v.Path(name)})
	v.Must(err)
	out := g.Turnstile.Scan(ctx, turnstile.Attempt{Text: code, Direction: admission.In, How: scan.HowWedge, Lane: "1"})
	v.Must(g.Close())
	if !out.Green() {
		v.T.Fatalf("a good ticket: %s %s", out.Result, out.Reason)
	}
}

// A connection that carries nothing any more, and does not end, is noticed within the
// exchange's limit; scans go on, each saying that it is alone; and it is found again.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	v := venue.New(t, 3, "north")
	way := newProxy(t, v.Address)
	north := v.Start("north", way.url(), gate.Config{})
	meet(v, north)
	way.set(hung)
	began := time.Now()
	if a := north.Scan(v.Codes[0]); a.Result != admission.Accept {
		t.Errorf("%s %s", a.Result, a.Reason)
	}
	venue.Until(t, "the silence to be noticed", func() bool { return !north.Now().Online })
	t.Logf("a half-open connection was noticed after %v", time.Since(began))
	venue.Until(t, "the status to say why", func() bool {
		links := north.Now().Links
		return len(links) == 1 && strings.Contains(links[0].Why, "silent")
	})
	way.set(cut)
	way.set(through)
	meet(v, north)
	venue.Until(t, "the record to come home", func() bool { return north.Now().Unsent == 0 })
}

// The offset of a gate's clock is known within what is stated, over a line that takes
// longer one way than the other.
func TestTimeOverDelays(t *testing.T) {
	t.Parallel()
	v := venue.New(t, 1, "north", "south")
	way := newProxy(t, v.Address)
	way.slow(120*time.Millisecond, 5*time.Millisecond)
	slow := func(by time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(-by) } }
	// What was kept when the gates were enrolled was measured with a right clock.
	measured := func(p *venue.Post) bool { o, _ := p.Time.Offset(); return o.Offset > time.Minute }
	north := v.Start("north", way.url(), gate.Config{Now: slow(17 * time.Minute)})
	venue.Until(t, "north to know its offset", func() bool { return measured(north) })
	south := v.Start("south", venue.Nowhere, gate.Config{Peers: []string{north.URL}, Now: slow(9 * time.Minute)})
	venue.Until(t, "south to learn the server's time from north", func() bool { return measured(south) })
	for p, want := range map[*venue.Post]time.Duration{north: 17 * time.Minute, south: 9 * time.Minute} {
		o, _ := p.Time.Offset()
		t.Logf("offset %v ± %v, in truth %v", o.Offset, o.Uncertainty, want)
		if (o.Offset - want).Abs() > o.Uncertainty+20*time.Millisecond {
			t.Errorf("offset %v ± %v, in truth %v", o.Offset, o.Uncertainty, want)
		}
	}
}

// A record that the server can't take into account holds up nothing and nobody, and
// the gate that wrote it is told, over the wire.
func TestServerThatFailsOnOneRecord(t *testing.T) {
	v := venue.New(t, 5, "north", "south")
	north, south := v.Start("north", "", gate.Config{}), v.Start("south", "", gate.Config{})
	v.Doors.Screen(func(r *journal.Record) error {
		if r.Chain == north.Chain() && r.Seq == 2 {
			return fault.New(fault.Internal, "out of order")
		}
		return nil
	})
	meet(v, north, south)
	for _, code := range v.Codes[:4] {
		north.Scan(code)
	}
	venue.Until(t, "the records around it to count", func() bool { return boardOf(v).Counts.Total.Entries == 3 })
	venue.Until(t, "all of them to be acknowledged, and north to be told of one", func() bool {
		s := north.Now()
		return s.Unsent == 0 && s.Withheld == 1
	})
	v.Revoke(v.Codes[4])
	for _, p := range []*venue.Post{north, south} {
		venue.Until(t, "a revocation to come in meanwhile", func() bool { return p.Look(v.Codes[4]).Reason == admission.Revoked })
	}
	venue.Until(t, "south to know all four", func() bool { return south.Held()[north.Chain()].Seq == 4 })
}
