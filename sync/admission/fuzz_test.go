package admission

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/sync/journal"
)

// mostly draws the sane value, and now and then any other: so that scans get
// past the first checks.
func mostly[T any](t *rapid.T, label string, sane T, other *rapid.Generator[T]) T {
	if rapid.IntRange(0, 15).Draw(t, label+" sane") > 0 {
		return sane
	}
	return other.Draw(t, label)
}

// anyTime are instants in ms, likely and unlikely.
func anyTime(t *rapid.T, label string) int64 {
	likely := rapid.Int64Range((doors-7200)*1000, (ends+7200)*1000).Draw(t, label)
	return mostly(t, label, likely, rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, -1, math.MinInt64, math.MaxInt64})))
}

func drawRule(t *rapid.T) journal.Rule {
	kinds := []string{"", "phase_of_the_moon"}
	for kind := range ruleKinds {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return journal.Rule{
		Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), N: rapid.OneOf(rapid.Int64Range(-1, 5), rapid.Int64()).Draw(t, "n"),
		Tolerance: rapid.Int64().Draw(t, "tolerance"), Cutoff: rapid.Int64().Draw(t, "cutoff"),
		Field: rapid.SampledFrom([]string{"", "starts", "ends", "admission", "19:00", "x"}).Draw(t, "field"),
		Days:  rapid.SliceOfN(rapid.IntRange(-1, 9), 0, 3).Draw(t, "days"),
		Gates: rapid.SliceOfN(rapid.SampledFrom([]string{"g1", "g2"}), 0, 2).Draw(t, "gates"),
	}
}

func drawEvent(t *rapid.T) *journal.Event {
	if mostly(t, "no event", false, rapid.Bool()) {
		return nil
	}
	rules := rapid.SliceOfN(rapid.Custom(drawRule), 0, 3)
	gate := journal.Gate{
		Code: mostly(t, "gate", "g1", rapid.SampledFrom([]string{"g2", ""})), Zone: mostly(t, "zone", 0, rapid.Uint8()),
		All: mostly(t, "all", true, rapid.Bool()), Products: []uint32{1}, Multi: rapid.Bool().Draw(t, "multi"),
		NoReentry: rapid.Bool().Draw(t, "no re-entry"), Rules: rules.Draw(t, "gate rules"),
	}
	return &journal.Event{
		Code: mostly(t, "event", "EV1", rapid.Just("EV2")), Starts: starts, Ends: ends,
		Zone: rapid.SampledFrom([]string{"Europe/Berlin", "", "x"}).Draw(t, "time zone"),
		Policy: journal.Policy{
			Stale: rapid.SampledFrom([]string{"accept", "ask", "cannot", ""}).Draw(t, "stale"), StaleAfter: rapid.Int64().Draw(t, "stale after"),
			ProofPast: rapid.Int64().Draw(t, "past"), ProofFuture: rapid.Int64().Draw(t, "future"),
			Tolerance: rapid.Int64().Draw(t, "tolerance"), DownTo: mostly(t, "down to", journal.RungName, rapid.SampledFrom([]journal.Rung{journal.RungLive, journal.RungCode, journal.RungTyped, "?"})),
		},
		Products: []journal.Product{{Number: 1, Zones: mostly(t, "zones", 3, rapid.Uint32()), Rules: rules.Draw(t, "product rules")}},
		Gates:    []journal.Gate{gate},
	}
}

func drawClaims(t *rapid.T) ticket.Claims {
	bound := func(label string) ticket.Bound {
		return ticket.Bound{Unix: rapid.Int64().Draw(t, label), Set: mostly(t, label+" set", false, rapid.Bool())}
	}
	return ticket.Claims{
		Event: mostly(t, "aud", "EV1", rapid.SampledFrom([]string{"EV2", ""})), ID: ticket.ID{1},
		NotBefore: bound("nbf"), Expires: bound("exp"), Generation: uint16(rapid.IntRange(0, 3).Draw(t, "generation")),
		Product: mostly(t, "product", 1, rapid.Uint32Range(0, 2)), Zones: mostly(t, "zones", 0, rapid.Uint32Range(0, 3)),
		Admissions: rapid.Uint8Range(0, 3).Draw(t, "admissions"),
	}
}

func drawAct(t *rapid.T) Act {
	return Act{
		Hash:   journal.Hash{rapid.Byte().Draw(t, "hash")},
		Chain:  journal.Chain{Node: journal.NodeID{rapid.ByteRange(1, 3).Draw(t, "node")}, Epoch: rapid.Uint64Range(0, 1).Draw(t, "epoch")},
		Seq:    rapid.Uint64Range(0, 5).Draw(t, "seq"),
		Result: rapid.SampledFrom([]Result{Accept, Accept, Reject, Undo, "?"}).Draw(t, "result"), Direction: rapid.SampledFrom([]Direction{In, Out, ""}).Draw(t, "direction"),
		At: anyTime(t, "at"), Uncertainty: rapid.Int64().Draw(t, "uncertainty"), Synced: rapid.Bool().Draw(t, "synced"),
		Gate: "g1", Zone: rapid.Uint8Range(0, 1).Draw(t, "zone"), Generation: 1, Product: 1,
		Forced: rapid.Bool().Draw(t, "forced"), Undone: rapid.Bool().Draw(t, "undone"), SetAside: rapid.Bool().Draw(t, "set aside"),
		Parents: []journal.Hash{{rapid.Byte().Draw(t, "parent")}}, Undoes: journal.Hash{rapid.Byte().Draw(t, "undoes")},
		Known: journal.Position{Seq: rapid.Uint64Range(0, 3).Draw(t, "known")},
	}
}

func drawVoid(t *rapid.T) Void {
	return Void{
		Minimum: rapid.Uint32Range(0, 3).Draw(t, "minimum"), Reason: rapid.SampledFrom([]string{"superseded", "cancelled", "?"}).Draw(t, "reason"),
		Since: anyTime(t, "since"), Set: rapid.Bool().Draw(t, "set"), At: journal.Position{Seq: rapid.Uint64Range(0, 4).Draw(t, "place")},
	}
}

func drawPresented(t *rapid.T, genuine []*ticket.Ticket, key keyring.Key) Presented {
	key.State = mostly(t, "key state", keyring.Active, rapid.SampledFrom([]keyring.State{keyring.RosterOnly, keyring.Revoked, 3}))
	key.Role = mostly(t, "key role", keyring.RoleIssuer, rapid.Just(keyring.RoleJournal))
	key.Events = mostly(t, "key events", []string{"EV1", "EV2"}, rapid.SampledFrom([][]string{{"EV2"}, nil}))
	key.NotBefore, key.Expires = mostly(t, "key nbf", 0, rapid.Int64()), mostly(t, "key exp", 1<<40, rapid.Int64())
	p := Presented{
		Key: key, KeyKnown: mostly(t, "key known", true, rapid.Bool()), InRoster: rapid.Bool().Draw(t, "in roster"),
		Manual: rapid.IntRange(0, 3).Draw(t, "manual") == 0, Claims: drawClaims(t),
		Direction: rapid.SampledFrom([]Direction{In, Out, ""}).Draw(t, "direction"),
	}
	p.ByName = p.Manual && rapid.Bool().Draw(t, "by name")
	if rapid.IntRange(0, 3).Draw(t, "override") == 0 {
		p.Override = &Override{Allowed: rapid.Bool().Draw(t, "allowed")}
	}
	if i := rapid.IntRange(-1, len(genuine)-1).Draw(t, "ticket"); i >= 0 {
		shown := *genuine[i]
		holder := shown.Holder
		shown.Claims = drawClaims(t)
		shown.Holder = holder
		p.Ticket = &shown
	}
	if rapid.IntRange(0, 3).Draw(t, "asked") == 0 {
		number := rapid.SampledFrom([]uint32{typed, typed + 1}).Draw(t, "number")
		p.Challenge = &number
	}
	if mostly(t, "error", false, rapid.Bool()) {
		p.Err = &ticket.Error{Reason: rapid.SampledFrom([]ticket.Reason{ticket.ReasonSig, ticket.ReasonKid, ticket.ReasonProofMissing, "?"}).Draw(t, "refusal")}
	}
	return p
}

// typed is the number that genuineTickets has typed on a phone.
const typed = 482913

// genuineTickets are a static ticket, a presentation, and one that answers a number, all
// good.
func genuineTickets(t testing.TB) ([]*ticket.Ticket, keyring.Key) {
	t.Helper()
	seed := make([]byte, 32)
	signer, err := keyring.FromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	keys := issuing{signer, keyring.Key{ID: signer.ID(), Public: signer.Public(), Role: keyring.RoleIssuer, Expires: 1 << 40}}
	claims := ticket.Claims{Event: "EV1", ID: ticket.ID{1}}
	static, err := ticket.Issue(claims, signer)
	if err != nil {
		t.Fatal(err)
	}
	claims.Holder = signer.Public()
	bound, err := ticket.IssueBound(claims, signer)
	if err != nil {
		t.Fatal(err)
	}
	number := uint32(typed)
	live, err := ticket.Present(bound, signer, doors, nil)
	answering, failed := ticket.Present(bound, signer, doors, &number)
	if err := errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	var read []*ticket.Ticket
	for _, text := range []string{static, live, answering} {
		genuine, err := ticket.Verify(text, keys)
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, genuine)
	}
	return read, keys.key
}

// Whatever a gate knows and whatever is held before it: no panic, a verdict in
// the table's words, and no green for what must never be green.
func anyDecision(tb testing.TB) func(*rapid.T) {
	genuine, key := genuineTickets(tb)
	return func(t *rapid.T) {
		event := drawEvent(t)
		c := Context{
			Event: event, NotReady: mostly(t, "not ready", "", rapid.SampledFrom([]Reason{NotReady, StoreFailing, "?"})),
			Now:     Moment{At: anyTime(t, "now"), Synced: rapid.Bool().Draw(t, "synced")},
			ListAge: rapid.Int64().Draw(t, "list age"), ListKnown: rapid.Bool().Draw(t, "list known"),
		}
		if event != nil {
			c.Gate = event.Gates[0]
		}
		p := drawPresented(t, genuine, key)
		void := drawVoid(t)
		v := Decide(c, p, void, rapid.SliceOfN(rapid.Custom(drawAct), 0, 6).Draw(t, "past"))
		if v.Result == "" || v.Reason == "" {
			t.Fatalf("a verdict that says nothing: %+v", v)
		}
		if _, err := json.Marshal(v); err != nil {
			t.Fatal(err)
		}
		if v.Green() {
			mayBeGreen(t, c, p, void, v)
		}
		mayBeAnswered(t, p, v)
	}
}

func TestAnyDecision(t *testing.T) { rapid.Check(t, anyDecision(t)) }
func FuzzDecide(f *testing.F)      { f.Fuzz(rapid.MakeFuzz(anyDecision(f))) }

func mayBeGreen(t *rapid.T, c Context, p Presented, void Void, v Verdict) {
	claims := p.claims()
	switch {
	case c.NotReady != "" || c.Event == nil || p.Err != nil:
		t.Fatalf("green though nothing could be judged: %+v", v)
	case p.Manual && !p.InRoster:
		t.Fatalf("green for a short code that nobody knows: %+v", v)
	case !p.Manual && (!p.KeyKnown || p.Key.Role != keyring.RoleIssuer || p.Key.State > keyring.RosterOnly):
		t.Fatalf("green with the key %+v", p.Key)
	case !p.Manual && p.Key.State == keyring.RosterOnly && !p.InRoster:
		t.Fatalf("green with a suspected key: %+v", v)
	case claims.Event != c.Event.Code && !(p.Manual && claims.Event == ""):
		t.Fatalf("green at %s for %s", c.Event.Code, claims.Event)
	case p.Challenge != nil && p.Direction != Out && v.Challenge != Answered && !v.Forced():
		t.Fatalf("green though nobody answered %d: %+v", *p.Challenge, v)
	case p.Direction == Out || v.Forced() && p.Override != nil && p.Override.Allowed:
	case v.Forced():
		t.Fatalf("forced by nobody: %+v", v)
	case void.Set && uint32(claims.Generation) < void.Minimum:
		t.Fatalf("green for generation %d of %+v", claims.Generation, void)
	case !reaches(c.Event.Policy.DownTo, p):
		t.Fatalf("green below %q: %+v", c.Event.Policy.DownTo, p)
	}
}

// mayBeAnswered wants a verdict to speak of a number where one was asked for and the gate
// could judge, and only of the right one as answered.
func mayBeAnswered(t *rapid.T, p Presented, v Verdict) {
	asked := p.Challenge != nil && p.Err == nil && v.Result != Cannot
	switch {
	case asked != (v.Challenge != ""):
		t.Fatalf("asked %v, and the phone is said to be %q", asked, v.Challenge)
	case v.Challenge != Answered:
	case p.Manual || p.Ticket.Proof == nil || !p.Ticket.Proof.HasChallenge || p.Ticket.Proof.Challenge != *p.Challenge:
		t.Fatalf("answered by %+v", p)
	}
}

// Whatever records claim: no panic, and one finding for one set.
func anyJudgement(t *rapid.T) {
	event := drawEvent(t)
	acts := rapid.SliceOfNDistinct(rapid.Custom(drawAct), 0, 12, func(a Act) journal.Hash { return a.Hash }).Draw(t, "acts")
	h := History{Scans: acts, Voids: rapid.SliceOfN(rapid.Custom(drawVoid), 0, 1).Draw(t, "voids"), Known: journal.Position{Seq: 2}}
	events := func(journal.Position) *journal.Event { return event }
	want := Judge(events, h)
	if len(want.Acts) != len(acts) {
		t.Fatalf("%d acts became %d", len(acts), len(want.Acts))
	}
	h.Scans = rapid.Permutation(acts).Draw(t, "arrival")
	if got := Judge(events, h); !reflect.DeepEqual(got, want) {
		t.Fatalf("another order of arrival gives\n%+v\nnot\n%+v", got, want)
	}
}

func TestAnyJudgement(t *testing.T) { rapid.Check(t, anyJudgement) }
func FuzzJudge(f *testing.F)        { f.Fuzz(rapid.MakeFuzz(anyJudgement)) }

// reaches tells what stands on the lowest rung or above it.
func reaches(lowest journal.Rung, p Presented) bool {
	switch lowest {
	case journal.RungName:
		return true
	case journal.RungTyped:
		return !p.ByName
	case journal.RungCode:
		return !p.Manual
	case journal.RungLive:
		return !p.Manual && p.Ticket.Proof != nil
	}
	return false
}
