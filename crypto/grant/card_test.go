package grant

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"usher/crypto/base45"
	"usher/crypto/canonical"
	"usher/crypto/keyring"
)

func pinsOf(t testing.TB, seeds ...byte) keyring.Pins {
	t.Helper()
	var roots []ed25519.PublicKey
	for _, n := range seeds {
		s, err := keyring.FromSeed(bytes.Repeat([]byte{n}, keyring.SeedSize))
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, s.Public())
	}
	return keyring.PinsOf(roots)
}

func goodCard(t testing.TB) Card {
	return Card{
		Server: "https://tickets.example.org:8443/door", Pins: pinsOf(t, 1, 2, 3), Event: "EV26",
		Gate: "Nord 7", Role: RoleScanner, Code: Code{1, 2, 3, 0xff}, Expires: 1_798_741_850,
	}
}

func TestCardText(t *testing.T) {
	card := goodCard(t)
	if err := card.Check(); err != nil {
		t.Fatal(err)
	}
	text := card.Text()
	if strings.Trim(text, base45.Alphabet) != "" || len(text) > 400 {
		t.Errorf("%d characters, not all of a QR code's alphanumeric mode: %s", len(text), text)
	}
	for _, sent := range []string{text, "\r\n " + text + "\t"} {
		got, err := ParseCard(sent)
		if err != nil {
			t.Fatal(err)
		}
		if got.Typed || got.Server != card.Server || got.Event != card.Event || got.Gate != card.Gate ||
			got.Role != card.Role || got.Code != card.Code || got.Expires != card.Expires ||
			!got.Pins.Equal(card.Pins) || got.PinsDigest != card.Pins.Digest() {
			t.Errorf("%+v became %+v", card, got)
		}
	}
}

func TestCardTyped(t *testing.T) {
	pins := pinsOf(t, 1, 2)
	rapid.Check(t, func(rt *rapid.T) {
		card := Card{Pins: pins, Code: Code(rapid.SliceOfN(rapid.Byte(), CodeSize, CodeSize).Draw(rt, "code"))}
		typed := card.Typed()
		if n := len(strings.ReplaceAll(typed, "-", "")); n != 44 || len(typed) != 54 {
			rt.Fatalf("%s has %d symbols, want 44 in 11 groups", typed, n)
		}
		sloppy := strings.NewReplacer("-", " ", "0", "O", "1", "l").Replace(strings.ToLower(typed))
		for _, text := range []string{typed, sloppy, strings.ReplaceAll(typed, "-", "")} {
			got, err := ParseCard(text)
			if err != nil || !got.Typed || got.Code != card.Code || got.PinsDigest != pins.Digest() || got.Expires != 0 {
				rt.Fatalf("%q became %+v, %v", text, got, err)
			}
		}
	})
}

// TestTypedNoticesMistakes counts: a checksum of one byte lets one of 256 by.
func TestTypedNoticesMistakes(t *testing.T) {
	typed := strings.ReplaceAll(goodCard(t).Typed(), "-", "")
	tried, missed := 0, 0
	for at := range typed {
		for _, c := range "0123456789ABCDEFGHJKMNPQRSTVWXYZ" {
			if byte(c) == typed[at] {
				continue
			}
			tried++
			if _, err := ParseCard(typed[:at] + string(c) + typed[at+1:]); err == nil {
				missed++
			}
		}
	}
	if missed > tried/100 {
		t.Errorf("%d of %d wrong symbols go by", missed, tried)
	}
}

func TestBadCards(t *testing.T) {
	for name, spoil := range map[string]func(*Card){
		"no server":            func(c *Card) { c.Server = "" },
		"a host":               func(c *Card) { c.Server = "tickets.example.org" },
		"another scheme":       func(c *Card) { c.Server = "ftp://tickets.example.org" },
		"a script":             func(c *Card) { c.Server = "javascript:alert(1)" },
		"no host":              func(c *Card) { c.Server = "https:///door" },
		"only a port":          func(c *Card) { c.Server = "https://:8443" },
		"a password":           func(c *Card) { c.Server = "https://a:b@tickets.example.org" },
		"a query":              func(c *Card) { c.Server = "https://tickets.example.org/?a=b" },
		"a fragment":           func(c *Card) { c.Server = "https://tickets.example.org/#a" },
		"a line in the server": func(c *Card) { c.Server = "https://tickets.example.org/\n" },
		"a long server":        func(c *Card) { c.Server = "https://" + strings.Repeat("a", MaxServer) },
		"no pins":              func(c *Card) { c.Pins = nil },
		"nine pins":            func(c *Card) { c.Pins = pinsOf(t, 1, 2, 3, 4, 5, 6, 7, 8, 9) },
		"pins unsorted":        func(c *Card) { c.Pins[0], c.Pins[1] = c.Pins[1], c.Pins[0] },
		"a pin twice":          func(c *Card) { c.Pins[1] = c.Pins[0] },
		"no event":             func(c *Card) { c.Event = "" },
		"a lower-case event":   func(c *Card) { c.Event = "ev26" },
		"no gate":              func(c *Card) { c.Gate = "" },
		"a long gate":          func(c *Card) { c.Gate = strings.Repeat("g", MaxGate+1) },
		"a line in the gate":   func(c *Card) { c.Gate = "a\nb" },
		"a broken gate":        func(c *Card) { c.Gate = "a\xff" },
		"no role":              func(c *Card) { c.Role = "" },
		"another role":         func(c *Card) { c.Role = "root" },
		"no expiry":            func(c *Card) { c.Expires = 0 },
		"a past without end":   func(c *Card) { c.Expires = -1 },
		"a far expiry":         func(c *Card) { c.Expires = keyring.MaxTime + 1 },
	} {
		card := goodCard(t)
		spoil(&card)
		if err := card.Check(); err == nil {
			t.Errorf("%s: passes", name)
		}
		if got, err := ParseCard(card.Text()); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		} else if len(err.Error()) > 400 {
			t.Errorf("%s: error of %d bytes", name, len(err.Error()))
		}
	}
}

func TestParseCardRefuses(t *testing.T) {
	good := goodCard(t)
	wire := func(spoil func(*wireCard)) string {
		w := wireCard{
			Server: good.Server, Pins: [][]byte{good.Pins[0][:]}, Event: good.Event, Gate: good.Gate,
			Role: good.Role, Code: good.Code[:], Expires: good.Expires,
		}
		spoil(&w)
		b, err := canonical.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		return PrefixCard + base45.Encode(b)
	}
	if _, err := ParseCard(wire(func(*wireCard) {})); err != nil {
		t.Fatalf("nothing spoilt: %v", err)
	}
	typed := good.Typed()
	for name, c := range map[string]struct{ text, want string }{
		"nothing":          {"", ""},
		"white space":      {" \r\n", ""},
		"a ticket":         {"UT1:ABC", "want UE1:"},
		"a later card":     {"UE2:" + good.Text()[4:], "want UE1:"},
		"lower case":       {strings.ToLower(good.Text()), "want UE1:"},
		"cut short":        {good.Text()[:100], ""},
		"only the prefix":  {PrefixCard, ""},
		"a web address":    {good.Server, "want UE1:"},
		"trailing bytes":   {good.Text() + "00", ""},
		"code of 15 bytes": {wire(func(w *wireCard) { w.Code = w.Code[1:] }), "16"},
		"no code":          {wire(func(w *wireCard) { w.Code = nil }), ""},
		"pin of 31 bytes":  {wire(func(w *wireCard) { w.Pins[0] = w.Pins[0][1:] }), "32"},
		"typed, cut short": {typed[:len(typed)-2], "symbols"},
		"typed, one more":  {typed + "0", "symbols"},
		"typed, past 216":  {"Z" + typed[1:], "too high"},
		"typed, with a U":  {"U" + typed[1:], "character 1"},
		"a megabyte":       {strings.Repeat("0", 1<<20), "at most"},
		"hyphens":          {strings.Repeat("-", 1000), ""},
	} {
		if got, err := ParseCard(c.text); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		} else if text := err.Error(); !strings.HasPrefix(text, "enrolment card: ") || !strings.Contains(text, c.want) || len(text) > 200 {
			t.Errorf("%s: %v, want an error about %q", name, err, c.want)
		}
	}
}

// FuzzParseCard wants a refusal or the one text of a card. What is not whole is
// the CBOR within the text.
func FuzzParseCard(f *testing.F) {
	card := goodCard(f)
	raw, err := base45.Decode(nil, card.Text()[len(PrefixCard):])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(card.Text(), true)
	f.Add(card.Typed(), true)
	f.Add("UE1:", true)
	f.Add("https://example.org", true)
	f.Add(string(raw), false)
	f.Fuzz(func(t *testing.T, text string, whole bool) {
		if !whole {
			text = PrefixCard + base45.Encode([]byte(text))
		}
		p, err := ParseCard(text)
		if err != nil {
			return
		}
		if p.Typed {
			if again, err := ParseCard(strings.ToLower(text)); err != nil || again.Code != p.Code || again.PinsDigest != p.PinsDigest {
				t.Errorf("%q is another card in lower case: %v", text, err)
			}
			return
		}
		again := Card{
			Server: p.Server, Pins: p.Pins, Event: p.Event, Gate: p.Gate,
			Role: p.Role, Code: p.Code, Expires: p.Expires,
		}
		if again.Text() != strings.TrimSpace(text) {
			t.Errorf("%q is accepted beside %q", text, again.Text())
		}
	})
}
