package journal_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"usher/sync/fault"
	"usher/sync/journal"
)

// readers reads the content of every kind that there is.
var readers = map[journal.Kind]func(*journal.Record) (any, error){
	journal.KindScan:    func(r *journal.Record) (any, error) { return journal.Read[journal.Scan](r) },
	journal.KindUndo:    func(r *journal.Record) (any, error) { return journal.Read[journal.Undo](r) },
	journal.KindAnswer:  func(r *journal.Record) (any, error) { return journal.Read[journal.Answer](r) },
	journal.KindEvent:   func(r *journal.Record) (any, error) { return journal.Read[journal.Event](r) },
	journal.KindRevoke:  func(r *journal.Record) (any, error) { return journal.Read[journal.Revoke](r) },
	journal.KindRing:    func(r *journal.Record) (any, error) { return journal.Read[journal.RingRecord](r) },
	journal.KindEnrol:   func(r *journal.Record) (any, error) { return journal.Read[journal.Enrol](r) },
	journal.KindExpel:   func(r *journal.Record) (any, error) { return journal.Read[journal.Expel](r) },
	journal.KindResolve: func(r *journal.Record) (any, error) { return journal.Read[journal.Resolve](r) },
	journal.KindNotice:  func(r *journal.Record) (any, error) { return journal.Read[journal.Notice](r) },
	journal.KindRoster:  func(r *journal.Record) (any, error) { return journal.Read[journal.Roster](r) },
	journal.KindGuests:  func(r *journal.Record) (any, error) { return journal.Read[journal.Guests](r) },
	journal.KindStaff:   func(r *journal.Record) (any, error) { return journal.Read[journal.Staff](r) },
}

// readContent reads bytes as the content of a record of the kind.
func readContent(kind journal.Kind, content []byte) (any, error) {
	return readers[kind](&journal.Record{Chain: journal.Chain{Node: journal.NodeID{7}}, Seq: 3, Kind: kind, Content: content})
}

// goldens gives the contents of the vectors, by kind.
func goldens(t testing.TB) map[journal.Kind][]byte {
	t.Helper()
	all := map[journal.Kind][]byte{}
	for _, s := range goldenRecords(t) {
		r, err := journal.Parse(s.bytes)
		if err != nil {
			t.Fatalf("%s: %v", s.id, err)
		}
		if _, there := all[r.Kind]; !there && readers[r.Kind] != nil {
			all[r.Kind] = r.Content
		}
	}
	return all
}

// What is no content of any kind, whatever the kind.
func TestContentsThatAreNone(t *testing.T) {
	golden := goldens(t)
	for kind := range readers {
		content, there := golden[kind]
		if !there {
			t.Errorf("no vector is a %s record", kind)
			continue
		}
		if _, err := readContent(kind, content); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		more := slices.Clone(content)
		more[0]++ // one member more: all maps are short
		for name, b := range map[string][]byte{
			"nothing":        nil,
			"no map":         unhex("01"),
			"null":           unhex("f6"),
			"no members":     unhex("a0"),
			"cut short":      content[:len(content)-1],
			"more after it":  append(slices.Clone(content), 0),
			"unknown member": append(slices.Clone(more), 0x18, 0x63, 0),
			"long head":      append([]byte{0xb8, content[0] & 0x1f}, content[1:]...),
			"indefinite":     append(append([]byte{0xbf}, content[1:]...), 0xff),
			"tag":            append([]byte{0xc0}, content...),
		} {
			_, err := readContent(kind, b)
			if says := fmt.Sprintf("record 3 of 0700000000000000: its %s content can't be read", kind); !errors.Is(err, fault.BadInput) || !strings.Contains(err.Error(), says) {
				t.Errorf("%s, %s: got %v, want it to say %q", kind, name, err, says)
			}
		}
	}
}

// A kind is read as what it is and nothing else.
func TestContentOfAnotherKind(t *testing.T) {
	for kind, content := range goldens(t) {
		for other, read := range readers {
			_, err := read(&journal.Record{Kind: kind, Content: content})
			if other == kind {
				continue
			}
			if says := fmt.Sprintf("is a %s record, not a %s record", kind, other); !errors.Is(err, fault.BadInput) || !strings.Contains(err.Error(), says) {
				t.Errorf("%s as %s: %v", kind, other, err)
			}
		}
	}
}

// An empty list has one encoding: null is none.
func TestNullIsNoList(t *testing.T) {
	e := goldenEvent()
	e.Zones, e.Products, e.Gates = nil, nil, nil
	nothing, err := journal.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	e.Zones, e.Products, e.Gates = []journal.Zone{}, []journal.Product{}, []journal.Gate{}
	empty, err := journal.Encode(e)
	if err != nil || !slices.Equal(nothing, empty) {
		t.Errorf("no zones are encoded as %x, none of them as %x (%v)", nothing, empty, err)
	}
	if _, err := readContent(journal.KindEvent, empty); err != nil {
		t.Errorf("empty lists: %v", err)
	}
	null := slices.Clone(empty)
	at := strings.Index(string(null), "\x09\x80\x0a\x80\x0b\x80")
	copy(null[at:], "\x09\xf6\x0a\xf6\x0b\xf6")
	if _, err := readContent(journal.KindEvent, null); err == nil || !strings.Contains(err.Error(), notCanonical) {
		t.Errorf("null for lists: %v", err)
	}
}

func TestTextIsUTF8(t *testing.T) {
	undo := "a3 01 5820" + strings.Repeat("a1", 32) + "02 48 0102030405060708 04 62"
	if _, err := readContent(journal.KindUndo, unhex(undo, "c3 a9")); err != nil {
		t.Error(err)
	}
	if _, err := readContent(journal.KindUndo, unhex(undo, "c3 28")); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("got %v", err)
	}
}

// change gives a content of the kind that was changed.
func change[C any](content C, how func(*C)) C {
	how(&content)
	return content
}

func long(n int) string { return strings.Repeat("x", n) }

// Contents that can be read and break a rule of their kind.
func TestContentsThatBreakARule(t *testing.T) {
	for _, c := range slices.Concat(badScans(), badAnswers(), badEvents(), badServerContents()) {
		t.Run(fmt.Sprintf("%s/%s", c.kind, c.name), func(t *testing.T) {
			b, err := journal.Encode(c.content)
			if err != nil {
				t.Fatal(err)
			}
			_, err = readContent(c.kind, b)
			if !errors.Is(err, fault.BadInput) || !strings.Contains(err.Error(), "content breaks a rule") || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want it to say %q", err, c.says)
			}
		})
	}
}

type badContent struct {
	kind    journal.Kind
	name    string
	content any
	says    string
}

func badScans() []badContent {
	good := journal.Scan{
		Result: "accept", Reason: "entry", Direction: "in", Gate: "north", How: "camera", Ticket: ticketA, Evidence: []byte("x"), Assurance: journal.Assurance{Level: "alone"},
	}
	bad := func(name, says string, how func(*journal.Scan)) badContent {
		return badContent{journal.KindScan, name, change(good, how), says}
	}
	return []badContent{
		bad("no result", `result ""`, func(s *journal.Scan) { s.Result = "" }),
		bad("no reason", `reason ""`, func(s *journal.Scan) { s.Reason = "" }),
		bad("no gate", `gate ""`, func(s *journal.Scan) { s.Gate = "" }),
		bad("no how", `how ""`, func(s *journal.Scan) { s.How = "" }),
		bad("no direction", `direction "": want in or out`, func(s *journal.Scan) { s.Direction = "" }),
		bad("another direction", `direction "up": want in or out`, func(s *journal.Scan) { s.Direction = "up" }),
		bad("evidence of nothing", "evidence without a ticket", func(s *journal.Scan) { s.Result, s.Ticket = "reject", journal.TicketID{} }),
		bad("nobody let in", "an admission without a ticket", func(s *journal.Scan) { s.Evidence, s.Ticket = nil, journal.TicketID{} }),
		bad("parents", "65 parents", func(s *journal.Scan) { s.Parents = make([]journal.Hash, 65) }),
		bad("flags", "17 flags", func(s *journal.Scan) { s.Flags = make([]string, 17) }),
		bad("evidence", "601 bytes of evidence", func(s *journal.Scan) { s.Evidence = make([]byte, 601) }),
		bad("flag", "flag 1: 41 bytes, limit 40", func(s *journal.Scan) { s.Flags = []string{"offline", long(41)} }),
		bad("result", "result: 41 bytes, limit 40", func(s *journal.Scan) { s.Result = long(41) }),
		bad("reason", "reason: 41 bytes", func(s *journal.Scan) { s.Reason = long(41) }),
		bad("gate", "gate: 41 bytes", func(s *journal.Scan) { s.Gate = long(41) }),
		bad("how", "how: 41 bytes", func(s *journal.Scan) { s.How = long(41) }),
		bad("lane", "lane: 41 bytes", func(s *journal.Scan) { s.Lane = long(41) }),
		bad("operator", "operator: 41 bytes", func(s *journal.Scan) { s.Operator = long(41) }),
		bad("override", "override: 401 bytes, limit 400", func(s *journal.Scan) { s.Override = long(401) }),
		bad("assurance", "assurance: 41 bytes", func(s *journal.Scan) { s.Assurance.Level = long(41) }),
		{journal.KindUndo, "operator", journal.Undo{Operator: long(41)}, "operator: 41 bytes"},
		{journal.KindUndo, "why", journal.Undo{Why: long(401)}, "why: 401 bytes"},
	}
}

func badAnswers() []badContent {
	bad := func(name, says string, answers ...journal.GivenAnswer) badContent {
		return badContent{journal.KindAnswer, name, journal.Answer{Answers: answers}, says}
	}
	return []badContent{
		bad("none", "0 answers, want 1 to 20"),
		bad("many", "21 answers, want 1 to 20", make([]journal.GivenAnswer, 21)...),
		bad("question", "question: 41 bytes", journal.GivenAnswer{Question: long(41)}),
		bad("text", "answer: 401 bytes", journal.GivenAnswer{Question: "age", Text: long(401)}),
		{journal.KindAnswer, "operator", journal.Answer{Answers: make([]journal.GivenAnswer, 1), Operator: long(41)}, "operator: 41 bytes"},
	}
}

func badEvents() []badContent {
	bad := func(name, says string, how func(*journal.Event)) badContent {
		return badContent{journal.KindEvent, name, change(*goldenEvent(), how), says}
	}
	return []badContent{
		bad("no time zone", `time zone "" is not known`, func(e *journal.Event) { e.Zone = "" }),
		bad("this machine's time zone", `time zone "Local" is not known`, func(e *journal.Event) { e.Zone = "Local" }),
		bad("unknown time zone", `time zone "Europe/Atlantis" is not known`, func(e *journal.Event) { e.Zone = "Europe/Atlantis" }),
		bad("a path for a time zone", `time zone "../../etc/passwd" is not known`, func(e *journal.Event) { e.Zone = "../../etc/passwd" }),
		bad("no code", `event ""`, func(e *journal.Event) { e.Code = "" }),
		bad("code", `event "xxxxxxxxxxxxxxxxx"`, func(e *journal.Event) { e.Code = long(17) }),
		bad("ends as it starts", `event "GALA26" from`, func(e *journal.Event) { e.Ends = e.Starts }),
		bad("stale", `policy.stale "wave": want accept, ask or cannot`, func(e *journal.Event) { e.Policy.Stale = "wave" }),
		bad("lowest rung", "policy.down_to: 41 bytes", func(e *journal.Event) { e.Policy.DownTo = journal.Rung(long(41)) }),
		bad("lowest rung spelled out", `policy.down_to "name" is spelled out`, func(e *journal.Event) { e.Policy.DownTo = "name" }),
		bad("zones", "33 zones", func(e *journal.Event) { e.Zones = make([]journal.Zone, 33) }),
		bad("products", "501 products", func(e *journal.Event) { e.Products = make([]journal.Product, 501) }),
		bad("gates", "501 gates", func(e *journal.Event) { e.Gates = make([]journal.Gate, 501) }),
		bad("bit twice", "zone 1: bit 0 is out of range or taken", func(e *journal.Event) { e.Zones[1].Bit = 0 }),
		bad("bit", "zone 1: bit 32 is out of range or taken", func(e *journal.Event) { e.Zones[1].Bit = 32 }),
		bad("check-outs", "zone 0: 401 check-outs", func(e *journal.Event) { e.Zones[0].CheckOut = make([]int64, 401) }),
		bad("check-outs back", "zone 0: 2 check-outs, want at most 400, ascending", func(e *journal.Event) { e.Zones[0].CheckOut = []int64{2, 1} }),
		bad("gate into no zone", "gate 0: no zone with bit 5", func(e *journal.Event) { e.Gates[0].Zone = 5 }),
		bad("gate into no bit", "gate 0: no zone with bit 32", func(e *journal.Event) { e.Gates[0].Zone = 32 }),
		bad("rules", "gate 0: no zone with bit 31, or more than 50 rules", func(e *journal.Event) { e.Gates[0].Rules = make([]journal.Rule, 51) }),
		bad("product's rules", "product 1: 51 rules, limit 50", func(e *journal.Event) { e.Products[1].Rules = make([]journal.Rule, 51) }),
		bad("questions", "product 0: 21 questions", func(e *journal.Event) { e.Products[0].Questions = make([]journal.Question, 21) }),
		bad("question without a code", `product 0: question 0: code ""`, func(e *journal.Event) { e.Products[0].Questions[0].Code = "" }),
		bad("choices", "51 choices of at most 50", func(e *journal.Event) { e.Products[0].Questions[0].Choices = make([]string, 51) }),
		bad("question", "product 0: question: 41 bytes", func(e *journal.Event) { e.Products[0].Questions[0].Code = long(41) }),
		bad("question's text", "product 0: question: 401 bytes", func(e *journal.Event) { e.Products[0].Questions[0].Text = long(401) }),
		bad("product's text", "product 0: text: 401 bytes", func(e *journal.Event) { e.Products[0].Text = long(401) }),
		bad("name", "name: 201 bytes, limit 200", func(e *journal.Event) { e.Name = long(201) }),
		bad("door text", "door text: 401 bytes, limit 400", func(e *journal.Event) { e.Text = long(401) }),
	}
}

func badServerContents() []badContent {
	revoke := func(name, says string, r journal.Revoke) badContent {
		return badContent{journal.KindRevoke, name, r, says}
	}
	roster := func(name, says string, groups ...journal.RosterGroup) badContent {
		return badContent{journal.KindRoster, name, journal.Roster{Groups: groups}, says}
	}
	one, ten := make([]byte, 11), make([]byte, 10)
	enrol := journal.Enrol{Node: journal.NodeOf(gate.public()), Public: gate.public(), Gate: "north", Role: "scanner"}
	bad := func(name, says string, how func(*journal.Enrol)) badContent {
		return badContent{journal.KindEnrol, name, change(enrol, how), says}
	}
	return []badContent{
		revoke("none", "0 bytes of packed revocations", journal.Revoke{Reason: "revoked"}),
		revoke("cut", "10 bytes of packed revocations", journal.Revoke{Reason: "revoked", Packed: one[:10]}),
		revoke("many", "45067 bytes of packed revocations", journal.Revoke{Reason: "revoked", Packed: make([]byte, 4097*11)}),
		revoke("beyond never", "revocation 1: lowest good generation 65537", journal.NewRevoke("revoked", 0, "", []journal.Revocation{{}, {Minimum: 65537}})),
		revoke("no reason", "a revocation without a reason", journal.Revoke{Packed: one}),
		revoke("reason", "reason: 41 bytes", journal.Revoke{Reason: long(41), Packed: one}),
		revoke("note", "note: 401 bytes", journal.Revoke{Reason: "revoked", Note: long(401), Packed: one}),
		roster("no groups", "0 tickets in a roster record"),
		roster("empty group", "group 0: 0 bytes of packed tickets", journal.RosterGroup{}),
		roster("cut", "group 1: 9 bytes of packed tickets", journal.RosterGroup{Packed: ten}, journal.RosterGroup{Packed: ten[:9]}),
		roster("many", "4097 tickets in a roster record", journal.RosterGroup{Packed: make([]byte, 40960)}, journal.RosterGroup{Packed: ten}),
		roster("due of a paid one", `group 0: 5 of "EUR" due`, journal.RosterGroup{Packed: ten, Due: 5, Currency: "EUR"}),
		roster("due in nothing", `group 0: 5 of "" due`, journal.RosterGroup{Packed: ten, Unpaid: true, Due: 5}),
		roster("due to the holder", `group 0: -5 of "EUR" due`, journal.RosterGroup{Packed: ten, Unpaid: true, Due: -5, Currency: "EUR"}),
		{journal.KindRing, "none", journal.RingRecord{}, "no ring in it"},
		bad("another node", "the node is not that of the public key", func(e *journal.Enrol) { e.Node[0]++ }),
		bad("no key", "the node is not that of the public key", func(e *journal.Enrol) { e.Public = nil }),
		bad("no gate", "gate and role are needed", func(e *journal.Enrol) { e.Gate = "" }),
		bad("no role", "gate and role are needed", func(e *journal.Enrol) { e.Role = "" }),
		bad("gate", "gate: 41 bytes", func(e *journal.Enrol) { e.Gate = long(41) }),
		bad("role", "role: 41 bytes", func(e *journal.Enrol) { e.Role = long(41) }),
		bad("name", "name: 201 bytes", func(e *journal.Enrol) { e.Name = long(201) }),
		bad("authority", "fingerprint has 31 bytes, want 32", func(e *journal.Enrol) { e.Authority = make([]byte, 31) }),
		{journal.KindExpel, "why", journal.Expel{Why: long(401)}, "why: 401 bytes"},
		{journal.KindResolve, "nothing", journal.Resolve{Why: "x"}, "names admissions and says why"},
		{journal.KindResolve, "no why", journal.Resolve{Admissions: make([]journal.Hash, 1)}, "names admissions and says why"},
		{journal.KindResolve, "why", journal.Resolve{Admissions: make([]journal.Hash, 1), Why: long(401)}, "why: 401 bytes"},
		{journal.KindResolve, "by", journal.Resolve{Admissions: make([]journal.Hash, 1), Why: "x", By: long(201)}, "by: 201 bytes"},
		{journal.KindNotice, "of nothing", journal.Notice{}, "a notice names a record"},
		{journal.KindNotice, "why", journal.Notice{Seq: 1, Why: long(401)}, "why: 401 bytes"},
		{journal.KindGuests, "nonce", journal.Guests{Nonce: make([]byte, 23), Sealed: []byte("x")}, "nonce of 23 bytes, 1 bytes sealed"},
		{journal.KindGuests, "nothing sealed", journal.Guests{Nonce: make([]byte, 24)}, "nonce of 24 bytes, 0 bytes sealed"},
		{journal.KindStaff, "nonce", journal.Staff{Nonce: make([]byte, 25), Sealed: []byte("x")}, "nonce of 25 bytes, 1 bytes sealed"},
		{journal.KindStaff, "nothing sealed", journal.Staff{Nonce: make([]byte, 24)}, "nonce of 24 bytes, 0 bytes sealed"},
	}
}
