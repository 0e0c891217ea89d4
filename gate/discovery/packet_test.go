package discovery

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

var lan = netip.MustParseAddr("192.168.7.5")

func packed(t testing.TB, a advert) []byte {
	t.Helper()
	b, err := a.pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPackets(t *testing.T) {
	q, err := question()
	if err != nil {
		t.Fatal(err)
	}
	full := advert{instance: "0a1b2c3d4e5f", port: 8430, tag: strings.Repeat("5a", saltSize+hashSize), addrs: []netip.Addr{lan, netip.MustParseAddr("10.1.2.3")}, life: 120}
	without := func(change func(*dnsmessage.Message)) []byte {
		var m dnsmessage.Message
		if err := m.Unpack(packed(t, full)); err != nil {
			t.Fatal(err)
		}
		change(&m)
		b, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	bye := full
	bye.life = 0
	for name, c := range map[string]struct {
		packet  []byte
		asks    bool
		adverts []advert
		bad     bool
	}{
		"question":      {packet: q, asks: true},
		"advert":        {packet: packed(t, full), adverts: []advert{full}},
		"good-bye":      {packet: packed(t, bye)},
		"without SRV":   {packet: without(func(m *dnsmessage.Message) { m.Additionals = m.Additionals[1:] })},
		"without TXT":   {packet: without(func(m *dnsmessage.Message) { m.Additionals = slices.Delete(m.Additionals, 1, 2) })},
		"without A":     {packet: without(func(m *dnsmessage.Message) { m.Additionals = m.Additionals[:2] })},
		"another type":  {packet: without(func(m *dnsmessage.Message) { m.Header.OpCode = 4 }), bad: true},
		"an error":      {packet: without(func(m *dnsmessage.Message) { m.Header.RCode = 3 }), bad: true},
		"empty":         {bad: true},
		"cut short":     {packet: packed(t, full)[:60], bad: true},
		"all questions": {packet: without(func(m *dnsmessage.Message) { m.Header.Response = false })},
		"another service": {packet: without(func(m *dnsmessage.Message) {
			for i := range m.Additionals[:2] {
				m.Additionals[i].Header.Name = dnsmessage.MustNewName("printer._ipp._tcp.local.")
			}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := read(c.packet)
			if bad := err != nil; bad != c.bad {
				t.Fatalf("error %v, want one: %v", err, c.bad)
			}
			if h.asks != c.asks || !slices.EqualFunc(h.adverts, c.adverts, same) {
				t.Errorf("heard %+v", h)
			}
		})
	}
}

func same(a, b advert) bool {
	return a.instance == b.instance && a.port == b.port && a.tag == b.tag && a.life == b.life && slices.Equal(a.addrs, b.addrs)
}

// More records than are looked at are passed over, whatever they say.
func TestRecordsAreBounded(t *testing.T) {
	m := dnsmessage.Message{Header: dnsmessage.Header{Response: true}}
	for i := range 300 {
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("h." + Service), Class: dnsmessage.ClassINET, TTL: 1},
			Body:   &dnsmessage.AResource{A: [4]byte{10, 0, byte(i >> 8), byte(i)}},
		})
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(b); err == nil {
		t.Error("300 records were read to the end")
	}
}

// What is advertised holds no name of anything: a random one, an address, a port and
// a tag under a salt.
func TestAdvertsTellAStrangerNothing(t *testing.T) {
	a, b := node(t, 1, "SECRET-EVENT"), node(t, 2, "SECRET-EVENT")
	p := advert{instance: a.instance, port: 8430, tag: a.tag(a.salt), addrs: []netip.Addr{lan}, life: 120}
	for _, word := range []string{"SECRET", "EVENT", a.Server.String(), "north"} {
		if bytes.Contains(bytes.ToLower(packed(t, p)), []byte(strings.ToLower(word))) {
			t.Errorf("the advert says %q", word)
		}
	}
	switch {
	case a.tag(a.salt) == b.tag(b.salt):
		t.Error("two agents advertise one tag: an event can be told by it")
	case !a.akin(b.tag(b.salt)) || !b.akin(a.tag(a.salt)):
		t.Error("two agents of an event don't know each other's tag")
	case a.instance == b.instance:
		t.Error("two agents have one name")
	}
	other := node(t, 3, "OTHER-EVENT")
	if a.akin(other.tag(other.salt)) {
		t.Error("another event's tag counts")
	}
	for _, tag := range []string{"", "5a", "zz", strings.Repeat("5a", 16), strings.ToUpper(b.tag(b.salt)) + "00"} {
		if a.akin(tag) {
			t.Errorf("tag %q counts", tag)
		}
	}
}

func FuzzRead(f *testing.F) {
	q, err := question()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(q)
	f.Add(packed(f, advert{instance: "0a1b2c3d4e5f", port: 8430, tag: "5a", addrs: []netip.Addr{lan}, life: 120}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, packet []byte) {
		h, err := read(packet)
		if err != nil && (h.asks || len(h.adverts) > 0) {
			t.Errorf("bad, and heard %+v", h)
		}
		for _, a := range h.adverts {
			if a.port == 0 || a.life == 0 || a.tag == "" || len(a.addrs) == 0 || len(a.addrs) > 3*(MaxRecords+1) {
				t.Errorf("an advert that lacks something: %+v", a)
			}
		}
	})
}
