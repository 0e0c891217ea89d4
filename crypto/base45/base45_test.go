package base45

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The examples of RFC 9285 §4.3 and §4.4.
var known = []struct{ bytes, text string }{
	{"", ""},
	{"AB", "BB8"},
	{"Hello!!", "%69 VD92EX0"},
	{"base-45", "UJCLQE7W581"},
	{"ietf!", "QED8WEX0"},
	{"\x00", "00"},
	{"\xff", "U5"},
	{"\x00\x00", "000"},
	{"\xff\xff", "FGW"},
}

func TestKnown(t *testing.T) {
	for _, c := range known {
		if got := Encode([]byte(c.bytes)); got != c.text {
			t.Errorf("Encode(%q) = %q, want %q", c.bytes, got, c.text)
		}
		if got, err := Decode(nil, c.text); err != nil || string(got) != c.bytes {
			t.Errorf("Decode(%q) = %q, %v, want %q", c.text, got, err, c.bytes)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		text string
		want Error
	}{
		{"0", Error{Length, 0}},
		{"0000", Error{Length, 3}},
		{"GGW", Error{Overflow, 0}}, // 65536
		{":::", Error{Overflow, 0}},
		{"000GGW", Error{Overflow, 3}},
		{"V5", Error{Overflow, 0}}, // 256
		{"::", Error{Overflow, 0}},
		{"000V5", Error{Overflow, 3}},
		{"00a", Error{Charset, 2}},
		{"a00", Error{Charset, 0}},
		{"0000a", Error{Charset, 4}},
		{"000a", Error{Charset, 3}},
		{"00\n", Error{Charset, 2}},
		{"00\x00", Error{Charset, 2}},
		{"0É", Error{Charset, 1}},
		{"_", Error{Charset, 0}},
	} {
		_, err := Decode(nil, c.text)
		var got *Error
		if !errors.As(err, &got) || *got != c.want {
			t.Errorf("Decode(%q): %v, want %v", c.text, err, &c.want)
		}
	}
}

func TestAlphabet(t *testing.T) {
	for c := range 256 {
		_, err := Decode(nil, "00"+string([]byte{byte(c)}))
		outside := strings.IndexByte(Alphabet, byte(c)) < 0
		var got *Error
		if charset := errors.As(err, &got) && got.Fault == Charset; charset != outside {
			t.Errorf("%q: %v", byte(c), err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		text := Encode(b)
		if len(text) != EncodedLen(len(b)) || DecodedLen(len(text)) != len(b) {
			t.Fatalf("%d bytes became %d characters, told %d and %d",
				len(b), len(text), EncodedLen(len(b)), DecodedLen(len(text)))
		}
		if got, err := Decode(nil, text); err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%x became %x, %v", b, got, err)
		}
	})
}

// TestAppendsToWhatIsThere keeps what dst holds.
func TestAppendsToWhatIsThere(t *testing.T) {
	if got := Append([]byte("UT1:"), []byte("AB")); string(got) != "UT1:BB8" {
		t.Errorf("Append: %q", got)
	}
	if got, err := Decode([]byte("x"), "BB8"); err != nil || string(got) != "xAB" {
		t.Errorf("Decode: %q, %v", got, err)
	}
}

// FuzzDecode wants a refusal or the one text of the bytes.
func FuzzDecode(f *testing.F) {
	for _, c := range known {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, err := Decode(nil, text)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a word")
			}
			return
		}
		if again := Encode(b); again != text {
			t.Errorf("%q is accepted beside %q", text, again)
		}
	})
}
