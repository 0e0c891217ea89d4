package turnstile

import (
	"slices"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/gate/gatetest"
	"usher/gate/scan"
	"usher/sync/admission"
	"usher/sync/journal"
)

// newest is the scan that was written last.
func (h *handheld) newestScan() *journal.Scan {
	h.t.Helper()
	list := h.written()
	if len(list) == 0 {
		h.t.Fatal("no scan was written")
	}
	return list[len(list)-1]
}

// A look decides, and changes nothing: no record, no sighting, no entry.
func TestALookChangesNothing(t *testing.T) {
	h := newHandheld(t, nil)
	look := entering(h.code(1), "1")
	look.Look = true
	for range 3 {
		out := h.expect(look, admission.Accept, admission.Entry)
		if out.Record != (journal.Hash{}) || out.Seq != 0 {
			t.Errorf("a look has record %d", out.Seq)
		}
	}
	leaving := look
	leaving.Direction = admission.Out
	h.expect(leaving, admission.Accept, admission.Exit)
	no := look
	no.Text = "no ticket"
	h.expect(no, admission.Reject, admission.Malformed)
	if h.records() != 0 || h.wrote.Load() != 0 || len(h.lanes) != 0 || len(h.State.Past(id(1))) != 0 {
		t.Errorf("%d records, %d lanes, past %v", h.records(), len(h.lanes), h.State.Past(id(1)))
	}
	h.enters(1, "1") // nor does a sighting stand in the way
	h.expect(look, admission.Reject, admission.AlreadyUsed)
	ignored(t, h.Scan(t.Context(), entering(h.code(1), "1")), "seen again after a look")
	if h.records() != 1 {
		t.Errorf("%d records", h.records())
	}
}

// Who gave a ticket away hears that, also when its new holder has moved it to a phone
// since; the new holder hears of the phone.
func TestACodeOfWhoGaveItAway(t *testing.T) {
	h := newHandheld(t, nil)
	for i, note := range []string{journal.NoteTransferred, journal.NoteBound} {
		h.hear(h.venue.Say(t, journal.KindRevoke, journal.NewRevoke("superseded", opens.UnixMilli(), note, []journal.Revocation{{Ticket: id(1), Minimum: uint32(i + 1)}})))
	}
	for generation, want := range []string{journal.NoteTransferred, journal.NoteBound} {
		out := h.expect(entering(h.venue.Code(t, id(1), uint16(generation)), "1"), admission.Reject, admission.Superseded)
		if out.Details.Void == nil || out.Details.Void.Note != want {
			t.Errorf("generation %d is told %+v, want %q", generation, out.Details.Void, want)
		}
	}
}

// What a scan's record says.
func TestTheRecord(t *testing.T) {
	h := newHandheld(t, nil)
	h.linked = true
	first := h.enters(1, "lane 7")
	if slices.Contains(first.Flags, admission.FlagOffline) {
		t.Error("a gate in touch with others says that it is not")
	}
	s := h.newestScan()
	want := &journal.Scan{
		Result: "accept", Reason: "entry", Direction: "in", Gate: gatetest.North, How: scan.HowWedge, Lane: "lane 7", Ticket: id(1),
		Evidence: s.Evidence, Known: h.State.Position(), Assurance: first.Assurance, DecideUS: s.DecideUS,
	}
	if s.Known.Seq != 3 || s.Assurance.Level == "" || !sameScan(s, want) {
		t.Errorf("the record is %+v, want %+v", s, want)
	}
	claims, err := h.State.VerifyEvidence(s)
	if err != nil || claims.ID != ticket.ID(id(1)) {
		t.Errorf("its evidence is of ticket %s: %v", claims.ID, err)
	}

	h.linked = false
	h.pass(debounce)
	again := entering(h.code(1), "lane 7")
	again.How, again.Operator = "", "Meret"
	h.expect(again, admission.Reject, admission.AlreadyUsed)
	s = h.newestScan()
	if s.How != scan.HowTyped || s.Operator != "Meret" || len(s.Parents) != 1 || s.Parents[0] != first.Record {
		t.Errorf("the second record: how %q, operator %q, parents %v; want the first, %s", s.How, s.Operator, s.Parents, first.Record)
	}
	if out := h.enters(2, "lane 7"); !slices.Contains(out.Flags, admission.FlagOffline) || !slices.Contains(h.newestScan().Flags, admission.FlagOffline) {
		t.Errorf("a gate that is alone lets somebody in with flags %v, and writes %v", out.Flags, h.newestScan().Flags)
	}
}

func sameScan(a, b *journal.Scan) bool {
	x, errX := journal.Encode(a)
	y, errY := journal.Encode(b)
	return errX == nil && errY == nil && slices.Equal(x, y)
}

// A test clock is for rehearsals and nothing else.
func TestAClockOfOnesOwn(t *testing.T) {
	const day = 24 * time.Hour
	at := func(h *handheld, n uint64, when time.Time) Attempt {
		a := entering(h.venue.Issue(h.t, ticket.Claims{
			ID: ticket.ID(id(n)), Product: 1, NotBefore: ticket.At(opens.Add(day).Unix()), Expires: ticket.At(opens.Add(2 * day).Unix()),
		}), "1")
		a.At = when.UnixMilli()
		return a
	}
	live := newHandheld(t, nil)
	for _, when := range []time.Time{opens.Add(day), time.UnixMilli(1), time.UnixMilli(-1)} {
		live.expect(at(live, 1, when), admission.Cannot, admission.ClockFailing)
	}
	if s := live.newestScan(); s.Result != "cannot" || s.Ticket != id(1) {
		t.Errorf("the record of the try: %+v", s)
	}
	if acts := live.State.Past(id(1)); slices.ContainsFunc(acts, func(a admission.Act) bool { return a.At != live.now.UnixMilli() }) {
		t.Errorf("a record bears the clock that was refused: %+v", acts)
	}

	practice := newHandheld(t, func(e *journal.Event) { e.Rehearsal = true })
	practice.expect(at(practice, 1, opens.Add(day-time.Second)), admission.Reject, admission.NotYetValid)
	practice.expect(at(practice, 2, opens.Add(day)), admission.Accept, admission.Entry)
	practice.expect(at(practice, 3, opens.Add(2*day)), admission.Reject, admission.Expired)
	practice.expect(at(practice, 4, time.UnixMilli(-1)), admission.Cannot, admission.ClockFailing)
	if acts := practice.State.Past(id(2)); len(acts) != 1 || acts[0].At != opens.Add(day).UnixMilli() {
		t.Errorf("the record's time is another than the test clock's: %+v", acts)
	}
	none := at(practice, 5, time.UnixMilli(0)) // no clock of its own
	practice.expect(none, admission.Reject, admission.NotYetValid)
}

// A supervisor lets somebody in against a verdict, in writing; nobody else does, and
// not on what is no ticket of the event.
func TestOverride(t *testing.T) {
	h := newHandheld(t, nil)
	h.hear(h.venue.Void(t, "revoked", journal.Never, id(1)))
	wish := func(code string, allowed bool) Attempt {
		a := entering(code, "1")
		a.Override = &admission.Override{By: "Meret", Why: "knows them", Allowed: allowed}
		return a
	}
	h.expect(entering(h.code(1), "1"), admission.Reject, admission.Revoked)
	h.expect(wish(h.code(1), false), admission.Reject, admission.OverrideDenied)
	out := h.expect(wish(h.code(1), true), admission.Accept, admission.Entry) // at once: a wish is no sighting
	if out.Details.Overrode != admission.Revoked || !slices.Contains(out.Flags, admission.FlagForced) {
		t.Errorf("the override says %+v, %v", out.Details, out.Flags)
	}
	if s := h.newestScan(); s.Operator != "Meret" || s.Override != "knows them" || !slices.Contains(s.Flags, admission.FlagForced) {
		t.Errorf("the record of the override: %+v", s)
	}
	if out = h.expect(wish(h.code(2), true), admission.Accept, admission.Entry); out.Forced() || !slices.Contains(out.Flags, admission.FlagOverrideNotNeeded) {
		t.Errorf("an override that was not needed: %v", out.Flags)
	}
	h.expect(wish("no ticket", true), admission.Reject, admission.Malformed)
	h.expect(wish(gatetest.OtherCode(t, id(3)), true), admission.Reject, admission.WrongEvent)
	h.reason = admission.DeviceRevoked
	h.expect(wish(h.code(4), true), admission.Cannot, admission.DeviceRevoked)
	if c := h.State.Conflicts(); len(c) != 0 {
		t.Errorf("an override is a conflict: %+v", c)
	}
}

// A short code bears no signature: it is good for what the roster knows.
func TestShortCodes(t *testing.T) {
	h := newHandheld(t, nil)
	typed := entering(ticket.ID(id(1)).Short(), "1")
	typed.How = scan.HowTyped
	h.expect(typed, admission.Reject, admission.UnknownTicket)
	if s := h.newestScan(); s.Ticket != (journal.TicketID{}) || s.Evidence != nil {
		t.Errorf("the record names ticket %s, which nobody has seen", ticket.ID(s.Ticket))
	}
	h.hear(h.venue.List(t, id(1), id(2)))
	h.pass(debounce)
	out := h.expect(typed, admission.Accept, admission.Entry)
	if s := h.newestScan(); s.Ticket != id(1) || s.Evidence != nil || !out.Manual || s.How != scan.HowTyped {
		t.Errorf("the record: %+v; manual: %v", s, out.Manual)
	}
	h.expect(entering(h.code(1), "2"), admission.Reject, admission.AlreadyUsed) // the code of the same ticket
	h.enters(2, "3")
	second := typed
	second.Text = ticket.ID(id(2)).Short()
	h.expect(second, admission.Reject, admission.AlreadyUsed)
	ignored(t, h.Scan(t.Context(), second), "typed again at once")
	h.hear(h.venue.Void(t, "superseded", 1, id(1)))
	h.pass(debounce)
	h.expect(typed, admission.Reject, admission.Superseded) // the roster's word is of the first code
}

// A ticket of another event has no history here, and leaves none.
func TestATicketOfAnotherEvent(t *testing.T) {
	h := newHandheld(t, nil)
	out := h.expect(entering(gatetest.OtherCode(t, id(1)), "1"), admission.Reject, admission.WrongEvent)
	if out.Details.Event != gatetest.OtherEvent {
		t.Errorf("it is said to be of event %q", out.Details.Event)
	}
	if s := h.newestScan(); s.Ticket != (journal.TicketID{}) || s.Evidence != nil || s.Parents != nil || s.Generation != 0 {
		t.Errorf("the record tells of the ticket: %+v", s)
	}
	h.enters(1, "2") // ours with the same number
	h.pass(debounce)
	h.expect(entering(gatetest.OtherCode(t, id(1)), "1"), admission.Reject, admission.WrongEvent)
	if n := len(h.State.Past(id(1))); n != 1 {
		t.Errorf("%d acts of our ticket, want 1", n)
	}
}

// Whoever leaves is let out and written down, whatever the ticket's past; of a void
// ticket too, with a word of it.
func TestExits(t *testing.T) {
	h := newHandheld(t, nil)
	leaving := func(n uint64, lane string) Attempt {
		return Attempt{Text: h.code(n), Direction: admission.Out, How: scan.HowWedge, Lane: lane}
	}
	h.expect(leaving(1, "1"), admission.Accept, admission.Exit) // it never came in
	h.expect(leaving(1, "2"), admission.Accept, admission.Exit)
	h.enters(2, "1")
	h.expect(leaving(2, "1"), admission.Accept, admission.Exit)
	h.expect(entering(h.code(2), "1"), admission.Accept, admission.Reentry)
	h.expect(entering(h.code(2), "2"), admission.Reject, admission.AlreadyUsed)
	h.hear(h.venue.Void(t, "cancelled", journal.Never, id(2)))
	out := h.expect(leaving(2, "1"), admission.Accept, admission.Exit)
	if !slices.Contains(out.Flags, string(admission.Cancelled)) || h.newestScan().Direction != "out" {
		t.Errorf("the exit of a cancelled ticket has flags %v, record %+v", out.Flags, h.newestScan())
	}
	h.expect(entering(h.code(2), "1"), admission.Reject, admission.Cancelled)
	h.expect(Attempt{Text: "no ticket", Direction: admission.Out, Lane: "1"}, admission.Reject, admission.Malformed)
	h.expect(Attempt{Text: gatetest.OtherCode(t, id(3)), Direction: admission.Out, Lane: "1"}, admission.Reject, admission.WrongEvent)
}

// What keeps a gate from judging at all.
func TestAGateThatCantJudge(t *testing.T) {
	h := newHandheld(t, nil)
	for _, why := range []admission.Reason{admission.NotReady, admission.DeviceRevoked} {
		h.reason = why
		h.expect(entering(h.code(1), "1"), admission.Cannot, why)
		h.expect(Attempt{Text: h.code(1), Direction: admission.Out, Lane: "1"}, admission.Cannot, why)
	}
	h.reason = ""
	h.venue.Event.Gates = h.venue.Event.Gates[1:] // the event has no north gate any more
	h.hear(h.venue.Say(t, journal.KindEvent, h.venue.Event))
	h.expect(entering(h.code(1), "1"), admission.Cannot, admission.GateMissing)
	h.hear(h.venue.Say(t, journal.KindEnrol, &journal.Enrol{
		Node: h.device.Node(), Public: h.device.Public(), Gate: gatetest.South, Role: "scanner", Name: "handheld 1",
	}))
	h.enters(1, "1") // moved to the south gate
	if s := h.newestScan(); s.Gate != gatetest.South {
		t.Errorf("the record is of gate %s, want %s", s.Gate, gatetest.South)
	}
}

// A gate that has not heard of its event yet decides nothing.
func TestBeforeTheFirstDownload(t *testing.T) {
	h := newHandheld(t, nil)
	h.dir = h.venue.Folder(t, h.device)
	h.boot()
	h.expect(entering(h.code(1), "1"), admission.Cannot, admission.NotReady)
	h.hear(h.venue.Records...)
	h.enters(1, "1")
}
