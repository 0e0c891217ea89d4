package network

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"usher/gate"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// A device whose data were copied writes two records with one number. Whoever meets
// both keeps the proof, and says so: the gates, the server's live picture and usher
// journal verify. What others wrote goes on.
func TestClonedDevice(t *testing.T) {
	v := newVenue(t, 4, "north", "south")
	v.must(os.CopyFS(v.path("copy"), os.DirFS(v.path("north"))))
	v.must(os.RemoveAll(v.path("copy") + "/agent.json"))
	south := v.start("south", "", gate.Config{})
	north := v.start("north", "", gate.Config{Peers: []string{south.URL}})
	v.meet(north, south)
	north.scan(v.codes[0])
	until(t, "north's record to be known", func() bool { return south.heldOf(north.chain()) == 1 })
	north.halt()
	clone := v.start("copy", "", gate.Config{Peers: []string{south.URL}})
	clone.scan(v.codes[1])
	for _, p := range []*post{clone, south} {
		until(t, "the clone to be told of", func() bool {
			s := p.status()
			return says(s.Faults, "wrote two records 1") || says(s.Faults, "writes in this one's name")
		})
	}
	until(t, "the manager to be told", func() bool {
		b := v.board()
		return says(b.Faults, "wrote two records 1") && b.Devices[0].Forked && !b.Devices[1].Forked
	})
	south.scan(v.codes[2])
	until(t, "what others wrote to go on", func() bool { return clone.look(v.codes[2]).Reason == admission.AlreadyUsed })
	clone.halt()
	south.halt()
	out, err := exec.Command(program, "journal", "verify", "--data", v.path("south")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "wrote two records 1: it was cloned") {
		t.Errorf("usher journal verify says %v, %s", err, out)
	}
}

// A connection that carries nothing any more, and does not end, is noticed within the
// exchange's limit; scans go on, each saying that it is alone; and it is found again.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	v := newVenue(t, 3, "north")
	way := newProxy(t, v.address)
	north := v.start("north", way.url(), gate.Config{})
	v.meet(north)
	way.set(hung)
	began := time.Now()
	if a := north.scan(v.codes[0]); a.Result != admission.Accept {
		t.Errorf("%s %s", a.Result, a.Reason)
	}
	until(t, "the silence to be noticed", func() bool { return !north.status().Online })
	t.Logf("a half-open connection was noticed after %v", time.Since(began))
	until(t, "the status to say why", func() bool {
		links := north.status().Links
		return len(links) == 1 && strings.Contains(links[0].Why, "silent")
	})
	way.set(cut)
	way.set(through)
	v.meet(north)
	until(t, "the record to come home", func() bool { return north.status().Unsent == 0 })
}

// The offset of a gate's clock is known within what is stated, over a line that takes
// longer one way than the other.
func TestTimeOverDelays(t *testing.T) {
	t.Parallel()
	v := newVenue(t, 1, "north", "south")
	way := newProxy(t, v.address)
	way.slow(120*time.Millisecond, 5*time.Millisecond)
	slow := func(by time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(-by) } }
	// What was kept when the gates were enrolled was measured with a right clock.
	measured := func(p *post) bool { o, _ := p.Time.Offset(); return o.Offset > time.Minute }
	north := v.start("north", way.url(), gate.Config{Now: slow(17 * time.Minute)})
	until(t, "north to know its offset", func() bool { return measured(north) })
	south := v.start("south", "http://127.0.0.1:1", gate.Config{Peers: []string{north.URL}, Now: slow(9 * time.Minute)})
	until(t, "south to learn the server's time from north", func() bool { return measured(south) })
	for p, want := range map[*post]time.Duration{north: 17 * time.Minute, south: 9 * time.Minute} {
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
	v := newVenue(t, 5, "north", "south")
	north, south := v.start("north", "", gate.Config{}), v.start("south", "", gate.Config{})
	v.Doors.Screen(func(r *journal.Record) error {
		if r.Chain == north.chain() && r.Seq == 2 {
			return fault.New(fault.Internal, "out of order")
		}
		return nil
	})
	v.meet(north, south)
	for _, code := range v.codes[:4] {
		north.scan(code)
	}
	until(t, "the records around it to count", func() bool { return v.board().Counts.Total.Entries == 3 })
	until(t, "all of them to be acknowledged, and north to be told of one", func() bool {
		s := north.status()
		return s.Unsent == 0 && s.Withheld == 1
	})
	v.revoke(v.codes[4])
	for _, p := range []*post{north, south} {
		until(t, "a revocation to come in meanwhile", func() bool { return p.look(v.codes[4]).Reason == admission.Revoked })
	}
	until(t, "south to know all four", func() bool { return south.heldOf(north.chain()) == 4 })
}
