package enrolment

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

func TestRequestProvesTheCodeWithoutIt(t *testing.T) {
	d := newDesk(t)
	nonce := bytes.Repeat([]byte{5}, NonceSize)
	r, err := NewRequest(d.card, d.self(), bytes.NewReader(nonce))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Check(); err != nil {
		t.Errorf("our own request: %v", err)
	}
	if !bytes.Equal(r.Nonce, nonce) || r.Handle != grant.Handle(d.card.Code) || !grant.CheckMAC(d.card.Code, d.device.Public(), nonce, r.MAC) {
		t.Errorf("the request %+v proves nothing", r)
	}
	if grant.CheckMAC(grant.Code{8}, d.device.Public(), nonce, r.MAC) || grant.CheckMAC(d.card.Code, d.root.Public(), nonce, r.MAC) {
		t.Error("it proves another code, or another device's key")
	}
	if !r.Proves(d.card.Code) || r.Proves(grant.Code{8}) {
		t.Error("the request proves another code than the card's")
	}
	for name, change := range map[string]func(*Request){
		"another device":      func(r *Request) { r.Public = d.root.Public() },
		"another certificate": func(r *Request) { r.Authority = bytes.Repeat([]byte{9}, 32) },
		"another nonce":       func(r *Request) { r.Nonce = make([]byte, NonceSize) },
	} {
		changed := r
		if change(&changed); changed.Check() != nil || changed.Proves(d.card.Code) {
			t.Errorf("somebody on the way can put in %s", name)
		}
	}
	without := d.self()
	without.Authority = grant.Fingerprint{}
	if r, err := NewRequest(d.card, without, bytes.NewReader(nonce)); err != nil || r.Check() != nil || !r.Proves(d.card.Code) || len(r.Authority)+len(r.AuthorityMAC) > 0 {
		t.Errorf("a device without an authority asks with %+v, %v", r, err)
	}
	if _, err := NewRequest(d.card, d.self(), iotest.ErrReader(errors.New("no randomness"))); !errors.Is(err, fault.Internal) {
		t.Errorf("without randomness: %v", err)
	}
}

func TestRequestsThatNoDeviceMakes(t *testing.T) {
	d := newDesk(t)
	good, err := NewRequest(d.card, d.self(), bytes.NewReader(make([]byte, NonceSize)))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]struct {
		where string
		how   func(*Request)
	}{
		"no handle":       {"handle", func(r *Request) { r.Handle = "" }},
		"handle":          {"handle", func(r *Request) { r.Handle = strings.Repeat("x", 16) }},
		"handle too long": {"handle", func(r *Request) { r.Handle += "00" }},
		"no key":          {"public", func(r *Request) { r.Public = nil }},
		"key cut":         {"public", func(r *Request) { r.Public = r.Public[:31] }},
		"key of zeros":    {"public", func(r *Request) { r.Public = make([]byte, 32) }},
		"nonce":           {"nonce, mac", func(r *Request) { r.Nonce = r.Nonce[1:] }},
		"no mac":          {"nonce, mac", func(r *Request) { r.MAC = nil }},
		"authority":       {"authority, authority_mac", func(r *Request) { r.Authority = r.Authority[1:] }},
		"authority of 0":  {"authority, authority_mac", func(r *Request) { r.Authority = make([]byte, 32) }},
		"authority alone": {"authority, authority_mac", func(r *Request) { r.AuthorityMAC = nil }},
		"its mac alone":   {"authority, authority_mac", func(r *Request) { r.Authority = nil }},
		"its mac cut":     {"authority, authority_mac", func(r *Request) { r.AuthorityMAC = r.AuthorityMAC[1:] }},
		"name":            {"name", func(r *Request) { r.Name = strings.Repeat("x", MaxName+1) }},
	} {
		r := good
		bad.how(&r)
		var known *fault.Error
		if err := r.Check(); !errors.As(err, &known) || known.Kind != fault.BadInput || known.Where != bad.where {
			t.Errorf("%s: %v, want fault.BadInput at %s", name, err, bad.where)
		}
	}
}

func TestAdmitted(t *testing.T) {
	d := newDesk(t)
	typed := d.card
	typed.Typed, typed.Event, typed.Gate, typed.Role, typed.Server, typed.Pins = true, "", "", "", "", nil
	for name, card := range map[string]grant.Presented{"as a picture": d.card, "typed": typed} {
		a, err := d.reply(t).Verify(card, d.self())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a.Event != event || a.Gate != "north" || a.Role != grant.RoleSupervisor || a.Name != "Handheld 7" || a.Guests != d.guests || a.Staff != d.staff ||
			a.Authority != d.self().Authority || a.Node != journal.NodeOf(d.device.Public()) || a.Server != d.server.Chain().Node || !a.Pins.Equal(d.card.Pins) {
			t.Errorf("%s: admitted as %+v", name, a)
		}
	}
	d.enrol.Role, d.card.Role = string(grant.RoleScanner), grant.RoleScanner
	if a, err := d.reply(t).Verify(d.card, d.self()); err != nil || !a.Guests.IsZero() || a.Staff != d.staff {
		t.Errorf("a scanner was given the guest list's key, or not the staff list's: %v", err)
	}
	d.enrol.Role, d.card.Role = string(grant.RoleKiosk), grant.RoleKiosk
	if a, err := d.reply(t).Verify(d.card, d.self()); err != nil || !a.Guests.IsZero() || !a.Staff.IsZero() {
		t.Errorf("a kiosk was given the key of a list, %v", err)
	}
}

// Whoever answers in the server's place, or is the server and means harm, is
// found out: by what the card pinned, and nothing else.
func TestRepliesThatLie(t *testing.T) {
	stranger := journaltest.Signer(t, "stranger")
	for name, c := range map[string]struct {
		how  func(*desk)         // before the reply is made
		then func(*desk, *Reply) // and after
		kind fault.Kind
		says string
	}{
		"no ring":                 {then: func(_ *desk, r *Reply) { r.Ring = nil }, kind: fault.BadInput, says: "key ring can't be read"},
		"no record":               {then: func(_ *desk, r *Reply) { r.Record = nil }, kind: fault.BadInput, says: "enrol record can't be read"},
		"another organiser":       {how: func(d *desk) { d.root, d.ring.Roots = stranger, []ed25519.PublicKey{stranger.Public()} }, kind: fault.Refused, says: "not the ones on the card"},
		"ring signed by nobody":   {then: func(_ *desk, r *Reply) { r.Ring[len(r.Ring)-1] ^= 1 }, kind: fault.Refused, says: "not signed by the card's root keys"},
		"record signed by nobody": {then: func(_ *desk, r *Reply) { r.Record[len(r.Record)-1] ^= 1 }, kind: fault.Refused, says: "not signed by its journal key"},
		"another journal":         {how: func(d *desk) { d.server = journaltest.NewWriter(t, "stranger") }, kind: fault.Refused, says: "not from a journal key of event GALA"},
		"no journal key":          {how: func(d *desk) { d.ring.Keys[0].Role = keyring.RoleIssuer }, kind: fault.Refused, says: "not from a journal key"},
		"a revoked key":           {how: func(d *desk) { d.ring.Keys[0].State = keyring.Revoked }, kind: fault.Refused, says: "not from a journal key"},
		"a key of another event":  {how: func(d *desk) { d.ring.Keys[0].Events = []string{"OTHER"} }, kind: fault.Refused, says: "not from a journal key"},
		"another event":           {then: func(_ *desk, r *Reply) { r.Event = "OTHER" }, kind: fault.Refused, says: "not from a journal key of event OTHER"},
		"another kind of record": {then: func(d *desk, r *Reply) {
			r.Record = d.server.Write(t, journal.KindExpel, &journal.Expel{Node: d.enrol.Node}).Bytes()
		}, kind: fault.BadInput, says: "is a expel record, not a enrol record"},
		"another device":            {how: func(d *desk) { d.enrol.Public, d.enrol.Node = stranger.Public(), journal.NodeOf(stranger.Public()) }, kind: fault.Refused, says: "another device's key"},
		"another authority":         {how: func(d *desk) { d.enrol.Authority = bytes.Repeat([]byte{5}, 32) }, kind: fault.Refused, says: "another certificate than this device's"},
		"no authority":              {how: func(d *desk) { d.enrol.Authority = nil }, kind: fault.Refused, says: "another certificate than this device's"},
		"another gate":              {how: func(d *desk) { d.enrol.Gate = "south" }, kind: fault.Refused, says: "the card is for gate north"},
		"another role":              {how: func(d *desk) { d.enrol.Role = string(grant.RoleScanner) }, kind: fault.Refused, says: "admitted this device to gate north of event GALA as scanner"},
		"guest key of another card": {how: func(d *desk) { d.card.Code = grant.Code{1} }, then: func(d *desk, _ *Reply) { d.card.Code = grant.Code{9} }, kind: fault.Refused, says: "not sealed with this card's code"},
		"staff key cut":             {then: func(_ *desk, r *Reply) { r.Staff = r.Staff[:20] }, kind: fault.Refused, says: "the staff key that the server sent is not sealed with this card's code"},
		"guest key cut":             {then: func(_ *desk, r *Reply) { r.Guests = r.Guests[:20] }, kind: fault.Refused, says: "not sealed with this card's code"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			self := d.self()
			if c.how != nil {
				c.how(d)
			}
			r := d.reply(t)
			if c.then != nil {
				c.then(d, &r)
			}
			a, err := r.Verify(d.card, self)
			if fault.KindOf(err) != c.kind || !strings.Contains(fault.Message(err), c.says) {
				t.Errorf("got %v, want fault.%s that says %q", err, c.kind, c.says)
			}
			if a != nil && !a.Staff.IsZero() {
				t.Error("and yet there is a staff key")
			}
		})
	}
}
