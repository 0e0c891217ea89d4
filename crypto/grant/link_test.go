package grant

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

var (
	linkTestKey = LinkKey(bytes.Repeat([]byte{7}, LinkKeySize))
	goodLink    = Link{Kind: LinkOrder, Subject: "0123456789abcdef0123456789abcdef", Expires: 2_000_000_000}
)

func signed(t testing.TB, l Link) string {
	t.Helper()
	text, err := linkTestKey.Sign(l)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestLinkIsOpened(t *testing.T) {
	text := signed(t, goodLink)
	if len(text) > 100 || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("%q is no short step of a path", text)
	}
	if got, err := linkTestKey.Open(text, LinkOrder, goodLink.Expires-1); err != nil || got != goodLink {
		t.Errorf("it opens %+v, %v", got, err)
	}
	if got, err := linkTestKey.Open(text, LinkOrder, goodLink.Expires); !errors.Is(err, ErrLinkExpired) || got != goodLink {
		t.Errorf("at its expiry it opens %+v, %v", got, err)
	}
}

// No change of a link's text, kind or key opens anything.
func TestLinkIsRefused(t *testing.T) {
	text := signed(t, goodLink)
	refused := func(what string, k LinkKey, text, kind string) {
		t.Helper()
		if got, err := k.Open(text, kind, 0); !errors.Is(err, ErrLink) || got != (Link{}) {
			t.Errorf("%s opens %+v, %v", what, got, err)
		}
	}
	for i := range text {
		for _, c := range "Aa0-_ \n=" {
			if other := text[:i] + string(c) + text[i+1:]; other != text {
				refused(fmt.Sprintf("%q at %d", c, i), linkTestKey, other, LinkOrder)
			}
			refused(fmt.Sprintf("%q put in at %d", c, i), linkTestKey, text[:i]+string(c)+text[i:], LinkOrder)
		}
		refused(fmt.Sprintf("cut at %d", i), linkTestKey, text[:i], LinkOrder)
	}
	refused("a line break at its end", linkTestKey, text+"\n", LinkOrder)
	refused("padding", linkTestKey, text+"=", LinkOrder)
	refused("another kind", linkTestKey, text, "transfer")
	refused("another key", LinkKey{}, text, LinkOrder)
	refused("much", linkTestKey, strings.Repeat("A", 1<<20), LinkOrder)
}

// What is signed and yet no link of ours is refused: it would have a second text.
func TestLinkSignedOtherwise(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":           "",
		"an integer":        "\x01",
		"a long length":     "\x83\x65order\x78\x01a\x01",
		"four members":      "\x84\x65order\x61a\x01\x01",
		"no time":           "\x83\x65order\x61a\x00",
		"a time before all": "\x83\x65order\x61a\x20",
		"an empty subject":  "\x83\x65order\x60\x01",
		"a slash":           "\x83\x65order\x61/\x01",
	} {
		text := base64.RawURLEncoding.EncodeToString(append([]byte(body), linkTestKey.mac([]byte(body))...))
		if got, err := linkTestKey.Open(text, LinkOrder, 0); !errors.Is(err, ErrLink) {
			t.Errorf("%s opens %+v, %v", name, got, err)
		}
	}
}

func TestLinkThatCantBe(t *testing.T) {
	for name, l := range map[string]Link{
		"no kind":          {Subject: "a", Expires: 1},
		"a shouted kind":   {Kind: "Order", Subject: "a", Expires: 1},
		"no subject":       {Kind: "order", Expires: 1},
		"a long subject":   {Kind: "order", Subject: strings.Repeat("a", maxSubject+1), Expires: 1},
		"a step upwards":   {Kind: "order", Subject: "a/../b", Expires: 1},
		"no expiry":        {Kind: "order", Subject: "a"},
		"a past too far":   {Kind: "order", Subject: "a", Expires: -1},
		"a line of ours":   {Kind: "order", Subject: "a\n", Expires: 1},
		"a future too far": {Kind: "order", Subject: "a", Expires: 1 << 62},
	} {
		if text, err := linkTestKey.Sign(l); err == nil {
			t.Errorf("%s: %q is signed", name, text)
		}
	}
}

func TestLinkKeyIsNotShown(t *testing.T) {
	marshalled, err := json.Marshal(linkTestKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(linkTestKey), fmt.Sprintf("%#v %x %d", linkTestKey, linkTestKey, linkTestKey), string(marshalled), linkTestKey.LogValue().String()} {
		if strings.Contains(shown, "7") {
			t.Errorf("it is shown: %s", shown)
		}
	}
}

func FuzzLink(f *testing.F) {
	text := signed(f, goodLink)
	f.Add(text, true)
	f.Add(text+"\n", true)
	f.Add("\x83\x65order\x61a\x01", false)
	f.Add("\x83\x65order\x61a\x1b\x00\x00\x00\x00\x00\x00\x00\x01", false)
	f.Fuzz(func(t *testing.T, text string, whole bool) {
		if !whole { // what would be in it if somebody had the key
			text = base64.RawURLEncoding.EncodeToString(append([]byte(text), linkTestKey.mac([]byte(text))...))
		}
		l, err := linkTestKey.Open(text, LinkOrder, 0)
		if err != nil {
			if !errors.Is(err, ErrLink) || l != (Link{}) {
				t.Errorf("%q opens %+v, %v", text, l, err)
			}
			return
		}
		if again := signed(t, l); again != text {
			t.Errorf("%q is accepted beside %q", text, again)
		}
	})
}
