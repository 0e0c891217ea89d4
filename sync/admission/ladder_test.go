package admission

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"usher/crypto/ticket"
	"usher/sync/journal"
)

// ways are the ways in which a ticket comes before a gate.
var ways = []struct {
	name    string
	present func(*testing.T, *door) Presented
}{
	{"live", func(t *testing.T, d *door) Presented { return d.presented(t, newWallet(d).code(doors+600, nil)) }},
	{"static", func(t *testing.T, d *door) Presented {
		text, err := ticket.Issue(d.claims, d.keys.signer)
		if err != nil {
			t.Fatal(err)
		}
		return d.presented(t, text)
	}},
	{"bound, without its proof", func(t *testing.T, d *door) Presented {
		bare, err := ticket.VerifyBytes(newWallet(d).ticket, d.keys)
		if err != nil {
			t.Fatal(err)
		}
		return Presented{Ticket: bare, Key: d.keys.key, KeyKnown: true}
	}},
	{"typed", func(_ *testing.T, d *door) Presented {
		return Presented{Manual: true, InRoster: true, Claims: d.claims, How: "typed"}
	}},
	{"by name", func(_ *testing.T, d *door) Presented {
		return Presented{Manual: true, ByName: true, InRoster: true, Claims: d.claims, How: "search"}
	}},
}

func (d *door) presented(t *testing.T, text string) Presented {
	t.Helper()
	genuine, err := ticket.Verify(text, d.keys)
	if err != nil {
		t.Fatal(err)
	}
	return Presented{Ticket: genuine, Key: d.keys.key, KeyKnown: true, How: "camera"}
}

// Each lowest rung takes what stands on it and above it. Whoever leaves is let out
// whatever they show, and a supervisor lets in against it.
func TestLadder(t *testing.T) {
	const fine = Reason("")
	for _, c := range []struct {
		lowest journal.Rung
		want   [5]Reason // of ways
	}{
		{journal.RungName, [5]Reason{fine, fine, LiveRequired, fine, fine}},
		{journal.RungTyped, [5]Reason{fine, fine, LiveRequired, fine, CodeRequired}},
		{journal.RungCode, [5]Reason{fine, fine, LiveRequired, CodeRequired, CodeRequired}},
		{journal.RungLive, [5]Reason{fine, LiveRequired, LiveRequired, LiveRequired, LiveRequired}},
		{"chip", [5]Reason{RuleFailed, RuleFailed, RuleFailed, RuleFailed, RuleFailed}},
	} {
		for i, way := range ways {
			t.Run(c.lowest.String()+"/"+way.name, func(t *testing.T) {
				d := newDoor(t)
				d.c.Event.Policy.DownTo = c.lowest
				p := way.present(t, d)
				climbs(t, d, p, c.want[i])
			})
		}
	}
}

// climbs holds a ticket before a gate in both directions, and for whoever wants it let
// in all the same; refusal is why it isn't let in, "" where it is.
func climbs(t *testing.T, d *door, p Presented, refusal Reason) {
	t.Helper()
	p.Direction = Out
	v := Decide(d.c, p, d.void, nil)
	want(t, v, Accept, Exit)
	if warned := slices.Contains(v.Flags, string(refusal)); warned != (refusal != "") {
		t.Errorf("flags of who leaves: %v, want %q among them", v.Flags, refusal)
	}
	p.Direction = In
	v = Decide(d.c, p, d.void, nil)
	if v.ByName != p.ByName || v.Manual != p.Manual {
		t.Errorf("manual %v, by name %v, want %v, %v", v.Manual, v.ByName, p.Manual, p.ByName)
	}
	if refusal == "" {
		want(t, v, Accept, Entry)
		return
	}
	want(t, v, Reject, refusal)
	p.Override = &Override{By: "Kim", Why: "name and ID seen"}
	want(t, Decide(d.c, p, d.void, nil), Reject, OverrideDenied)
	p.Override.Allowed = true
	v = Decide(d.c, p, d.void, nil)
	want(t, v, Accept, Entry)
	if v.Details.Overrode != refusal || !slices.Contains(v.Flags, FlagForced) {
		t.Errorf("against %q with flags %v, want %s", v.Details.Overrode, v.Flags, refusal)
	}
}

// A ticket's state is named before how it was shown, and that before a rule and its use.
func TestLadderInTheOrderOfReasons(t *testing.T) {
	d := newDoor(t)
	d.scan(In)
	d.c.Event.Policy.DownTo = journal.RungCode
	d.c.Gate.Rules = []journal.Rule{{Kind: "never"}}
	typed := Presented{Manual: true, InRoster: true, Claims: d.claims, Direction: In, How: "typed"}
	want(t, Decide(d.c, typed, d.void, d.past), Reject, CodeRequired)
	want(t, Decide(d.c, typed, Void{Minimum: journal.Never, Reason: "refunded", Set: true}, d.past), Reject, Refunded)
	typed.Unpaid = true
	want(t, Decide(d.c, typed, d.void, d.past), Reject, Unpaid)
	typed.InRoster = false
	want(t, Decide(d.c, typed, d.void, d.past), Reject, UnknownTicket)
}

// Nobody comes in by a rung below the lowest of the event that their gate knew, but by
// an override.
func TestNobodyComesInBelowTheLadder(t *testing.T) {
	checkWorlds(t, func(rt *rapid.T, w *world) {
		for _, a := range w.all {
			if a.Direction != In {
				continue
			}
			lowest := w.eventAt(a.Known).Policy.DownTo
			switch below := slowBelow(lowest, a.How); {
			case below && a.Result == Accept && !a.Forced:
				rt.Fatalf("in by %s at %q: %+v", a.How, lowest, a)
			case !below && (a.Reason == CodeRequired || a.Reason == LiveRequired):
				rt.Fatalf("refused by %s at %q: %+v", a.How, lowest, a)
			}
		}
	})
}
