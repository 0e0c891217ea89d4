package admission

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"usher/crypto/base45"
	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/sync/journal"
)

func TestAdmits(t *testing.T) {
	d := newDoor(t)
	d.claims.Seat = "A 12"
	v := d.show()
	want(t, v, Accept, Entry)
	if v.Ticket != d.claims.ID || v.Product != "General" || v.Seat != "A 12" || len(v.Flags) != 0 {
		t.Errorf("verdict %+v", v)
	}
	if v.Details.Nth != 1 || v.Details.Allowed != 1 {
		t.Errorf("%d of %d, want 1 of 1", v.Details.Nth, v.Details.Allowed)
	}
}

// One thing is wrong at a time; the verdict names it.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(*door)
		result Result
		reason Reason
	}{
		{"no download", func(d *door) { d.c.NotReady = NotReady }, Cannot, NotReady},
		{"expelled", func(d *door) { d.c.NotReady = DeviceRevoked }, Cannot, DeviceRevoked},
		{"no event", func(d *door) { d.c.Event = nil }, Cannot, NotReady},
		{"no gate", func(d *door) { d.c.Gate = journal.Gate{} }, Cannot, GateMissing},
		{"no clock", func(d *door) { d.c.Now.At = 0 }, Cannot, ClockFailing},
		{"key revoked", func(d *door) { d.keys.key.State = keyring.Revoked }, Reject, UnknownKey},
		{"key of another role", func(d *door) { d.p.Key.Role = keyring.RoleJournal; d.keys.key.Role = keyring.RoleJournal }, Reject, UnknownKey},
		{"key not yet good", func(d *door) { d.keys.key.NotBefore = doors + 601 }, Reject, UnknownKey},
		{"key expired", func(d *door) { d.keys.key.Expires = doors + 600 }, Reject, UnknownKey},
		{"key of another event", func(d *door) { d.keys.key.Events = []string{"EV2"} }, Reject, UnknownKey},
		{"key suspected, not in the roster", func(d *door) { d.keys.key.State = keyring.RosterOnly }, Reject, UnknownKey},
		{"another event", func(d *door) { d.keys.key.Events = append(d.keys.key.Events, "EV2"); d.claims.Event = "EV2" }, Reject, WrongEvent},
		{"revoked", func(d *door) { d.void = Void{Minimum: journal.Never, Reason: "revoked", Set: true} }, Reject, Revoked},
		{"cancelled", func(d *door) { d.void = Void{Minimum: journal.Never, Reason: "cancelled", Set: true} }, Reject, Cancelled},
		{"blocked", func(d *door) { d.void = Void{Minimum: journal.Never, Reason: "blocked", Set: true} }, Reject, Blocked},
		{"refunded", func(d *door) { d.void = Void{Minimum: journal.Never, Reason: "refunded", Set: true} }, Reject, Refunded},
		{"charged back", func(d *door) { d.void = Void{Minimum: journal.Never, Reason: "charged_back", Set: true} }, Reject, ChargedBack},
		{"reissued", func(d *door) { d.void = Void{Minimum: 1, Reason: "superseded", Set: true} }, Reject, Superseded},
		{"reactivated from a later code on", func(d *door) { d.void = Void{Minimum: 1, Reason: "reactivated", Set: true} }, Reject, Superseded},
		{"void for a new reason", func(d *door) { d.void = Void{Minimum: journal.Never, Reason: "seized", Set: true} }, Reject, Revoked},
		{"too early", func(d *door) { d.claims.NotBefore = ticket.At(doors + 601) }, Reject, NotYetValid},
		{"too late", func(d *door) { d.claims.Expires = ticket.At(doors + 600) }, Reject, Expired},
		{"unknown product", func(d *door) { d.claims.Product = 9 }, Reject, UnknownProduct},
		{"no product", func(d *door) { d.claims.Product = 0 }, Reject, UnknownProduct},
		{"product not let in", func(d *door) { d.c.Gate.All = false; d.c.Gate.Products = []uint32{2} }, Reject, WrongProduct},
		{"nothing let in", func(d *door) { d.c.Gate.All = false }, Reject, WrongProduct},
		{"product lacks the zone", func(d *door) { d.c.Gate.Zone = 1 }, Reject, WrongGate},
		{"ticket lacks the zone", func(d *door) { d.claims.Zones = 2 }, Reject, WrongGate},
		{"rule of the gate's place", func(d *door) { d.c.Gate.Rules = []journal.Rule{{Kind: "gates", Gates: []string{"g9"}}} }, Reject, WrongGate},
		{"rule of the product's place", func(d *door) { d.c.Event.Products[0].Rules = []journal.Rule{{Kind: "gates"}} }, Reject, WrongGate},
		{"live only", func(d *door) { d.c.Event.Policy.DownTo = journal.RungLive }, Reject, LiveRequired},
		{"challenged", func(d *door) { n := uint32(7); d.p.Challenge = &n }, Reject, LiveRequired},
		{"stale, ask", func(d *door) { d.c.Event.Policy.Stale, d.c.ListAge = "ask", 3_600_001 }, Ask, StaleList},
		{"stale, cannot", func(d *door) { d.c.Event.Policy.Stale, d.c.ListKnown = "cannot", false }, Cannot, StaleList},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDoor(t)
			c.spoil(d)
			want(t, d.show(), c.result, c.reason)
		})
	}
}

// The same scans with the last harmless value on each edge.
func TestEdgesAdmit(t *testing.T) {
	for name, move := range map[string]func(*door){
		"nbf is inclusive":             func(d *door) { d.claims.NotBefore = ticket.At(doors + 600) },
		"exp is exclusive":             func(d *door) { d.claims.Expires = ticket.At(doors + 601) },
		"key from now on":              func(d *door) { d.keys.key.NotBefore = doors + 600 },
		"key until the next second":    func(d *door) { d.keys.key.Expires = doors + 601 },
		"suspected key, in roster":     func(d *door) { d.keys.key.State, d.p.InRoster = keyring.RosterOnly, true },
		"generation at the minimum":    func(d *door) { d.claims.Generation, d.void = 2, Void{Minimum: 2, Reason: "superseded", Set: true} },
		"reactivated":                  func(d *door) { d.void = Void{Minimum: 0, Reason: "reactivated", Set: true} },
		"ticket's zones override":      func(d *door) { d.c.Gate.Zone, d.claims.Zones = 1, 2 },
		"no product, zones of its own": func(d *door) { d.claims.Product, d.claims.Zones = 0, 1 },
		"no product, event has none":   func(d *door) { d.claims.Product, d.c.Event.Products = 0, nil },
		"list just fresh":              func(d *door) { d.c.Event.Policy.Stale, d.c.ListAge = "cannot", 3_600_000 },
		"stale list, confirmed": func(d *door) {
			d.c.Event.Policy.Stale, d.c.ListAge, d.p.Confirmed = "ask", 3_600_001, []Reason{StaleList}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDoor(t)
			move(d)
			want(t, d.show(), Accept, Entry)
		})
	}
}

// State is named before use, and both after what makes it no ticket.
func TestOrderOfReasons(t *testing.T) {
	d := newDoor(t)
	d.scan(In)
	want(t, d.show(), Reject, AlreadyUsed)
	d.c.Gate.Rules = []journal.Rule{{Kind: "never"}}
	want(t, d.show(), Reject, RuleFailed)
	d.c.Event.Policy.DownTo = journal.RungLive
	want(t, d.show(), Reject, LiveRequired)
	d.claims.Zones = 2
	want(t, d.show(), Reject, WrongGate)
	d.claims.Product = 9
	want(t, d.show(), Reject, UnknownProduct)
	d.claims.Expires = ticket.At(doors)
	want(t, d.show(), Reject, Expired)
	d.void = Void{Minimum: 1, Reason: "superseded", Set: true}
	want(t, d.show(), Reject, Superseded)
	d.keys.key.Events = []string{"EV1", "EV2"}
	d.claims.Event = "EV2"
	want(t, d.show(), Reject, WrongEvent)
	d.keys.key.State = keyring.Revoked
	want(t, d.show(), Reject, UnknownKey)
	d.c.NotReady = StoreFailing
	want(t, d.show(), Cannot, StoreFailing)
}

func TestWhatIsNoTicket(t *testing.T) {
	d := newDoor(t)
	text, err := ticket.Issue(d.claims, d.keys.signer)
	if err != nil {
		t.Fatal(err)
	}
	flipped, err := base45.Decode(nil, strings.TrimPrefix(text, ticket.PrefixStatic))
	if err != nil {
		t.Fatal(err)
	}
	flipped[len(flipped)-1] ^= 1
	for _, c := range []struct {
		text   string
		reason Reason
		looks  ticket.Looks
	}{
		{"abc", Malformed, ticket.LooksOther},
		{"https://example.org/t/1", Malformed, ticket.LooksURL},
		{text[:40], Malformed, ticket.LooksCutShort},
		{"UT255:" + text[4:], UnsupportedVersion, ticket.LooksNewer},
		{ticket.PrefixStatic + base45.Encode(flipped), BadSignature, ticket.LooksTicket},
	} {
		v := d.read(c.text)
		want(t, v, Reject, c.reason)
		if v.Details.Looks != c.looks {
			t.Errorf("%.20s looks like %q, want %q", c.text, v.Details.Looks, c.looks)
		}
	}
	d.keys = newIssuing(t, "EV1")
	v := d.read(text)
	want(t, v, Reject, UnknownKey)
	if v.Details.KeyFault != KeyMissing {
		t.Errorf("key fault %q", v.Details.KeyFault)
	}
	want(t, Decide(d.c, Presented{Direction: In}, Void{}, nil), Reject, Malformed)
	want(t, Decide(d.c, Presented{Direction: In, Err: errors.New("x")}, Void{}, nil), Reject, Malformed)
}

// Every reason that crypto/ticket gives becomes a word of the door's table.
func TestTicketReasons(t *testing.T) {
	for reason, want := range map[ticket.Reason]Reason{
		ticket.ReasonLength: Malformed, ticket.ReasonCBOR: Malformed, ticket.ReasonProofUnbound: Malformed,
		ticket.ReasonSig: BadSignature, ticket.ReasonKeyWeak: BadSignature, ticket.ReasonProofSig: BadSignature,
		ticket.ReasonKid: UnknownKey, ticket.ReasonKeyRole: UnknownKey, ticket.ReasonKeyRosterOnly: UnknownKey,
		ticket.ReasonAud: WrongEvent, ticket.ReasonNotBefore: NotYetValid, ticket.ReasonExpired: Expired,
		ticket.ReasonGeneration: Superseded, ticket.ReasonProofMissing: LiveRequired,
		ticket.ReasonProofTime: StaleCode, ticket.ReasonChallenge: StaleCode,
	} {
		if got := reasonOf(reason); got != want {
			t.Errorf("%s becomes %s, want %s", reason, got, want)
		}
	}
}

func TestNeverSyncedClock(t *testing.T) {
	d := newDoor(t)
	d.c.Now.Synced = false
	d.claims.NotBefore = ticket.At(doors + 900) // 300 s ahead: the tolerance
	v := d.show()
	want(t, v, Accept, Entry)
	if !slices.Contains(v.Flags, FlagClockUnsynced) {
		t.Errorf("flags %v don't say that the clock was never set", v.Flags)
	}
	d.claims.NotBefore = ticket.At(doors + 901)
	want(t, d.show(), Reject, NotYetValid)
	d.claims.NotBefore, d.claims.Expires = ticket.Bound{}, ticket.At(doors+301)
	want(t, d.show(), Accept, Entry)
	d.claims.Expires = ticket.At(doors + 300)
	want(t, d.show(), Reject, Expired)
}

func TestStaleListIsFlagged(t *testing.T) {
	d := newDoor(t)
	d.c.ListAge = 5_400_000
	v := d.show()
	want(t, v, Accept, Entry)
	if !slices.Contains(v.Flags, FlagStaleList) || v.Details.ListAge != 5_400_000 {
		t.Errorf("flags %v, age %d", v.Flags, v.Details.ListAge)
	}
	d.c.Now.Suspect = true
	d.void = Void{Minimum: journal.Never, Reason: "revoked", Set: true}
	if v := d.show(); !slices.Equal(v.Flags, []string{FlagStaleList, FlagClockSuspect}) {
		t.Errorf("flags of a refusal: %v", v.Flags)
	}
}

func TestRightGates(t *testing.T) {
	d := newDoor(t)
	d.c.Gate = d.c.Event.Gates[1]
	v := d.show()
	want(t, v, Reject, WrongProduct)
	if len(v.Details.RightGates) != 1 || v.Details.RightGates[0] != (GateHint{"g1", "North", "by the river"}) {
		t.Errorf("right gates %+v", v.Details.RightGates)
	}
}

func TestShortCode(t *testing.T) {
	d := newDoor(t)
	p := Presented{Manual: true, Claims: ticket.Claims{ID: ticket.ID{1}, Product: 1}, Direction: In, How: "typed"}
	want(t, Decide(d.c, p, d.void, nil), Reject, UnknownTicket)
	p.InRoster = true
	v := Decide(d.c, p, d.void, nil)
	want(t, v, Accept, Entry)
	if !v.Manual || v.Ticket != p.Claims.ID || len(v.Flags) != 0 {
		t.Errorf("verdict %+v", v)
	}
	given := p
	given.Claims.Generation = 1
	void := Void{Minimum: 1, Reason: "superseded", Note: journal.NoteTransferred, Set: true}
	if v := Decide(d.c, given, void, nil); v.Result != Accept || !slices.Contains(v.Flags, FlagEarlierVoid) {
		t.Errorf("of a ticket that was given away: %+v", v)
	}
	given.Direction = Out
	if v := Decide(d.c, given, void, nil); v.Reason != Exit || slices.Contains(v.Flags, FlagEarlierVoid) {
		t.Errorf("on the way out: %+v", v)
	}
	d.scan(In)
	want(t, Decide(d.c, p, d.void, d.past), Reject, AlreadyUsed)
	want(t, Decide(d.c, p, Void{Minimum: 1, Reason: "superseded", Set: true}, nil), Reject, Superseded)
	d.c.Event.Policy.DownTo = journal.RungLive
	want(t, Decide(d.c, p, d.void, nil), Reject, LiveRequired)
}
