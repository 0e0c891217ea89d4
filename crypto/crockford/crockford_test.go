package crockford

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKnown(t *testing.T) {
	for _, c := range []struct {
		b    []byte
		want string
	}{
		{nil, ""},
		{[]byte{0}, "00"},
		{[]byte{0xff}, "7Z"},
		{[]byte{1}, "01"},
		{[]byte{1, 0}, "0080"},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0xff}, "ZZZZZZZZ"},
		{bytes.Repeat([]byte{0xff}, 8), "FZZZZZZZZZZZZ"},
	} {
		if got := Encode(c.b); got != c.want || len(got) != EncodedLen(len(c.b)) {
			t.Errorf("Encode(%x) = %s, want %s", c.b, got, c.want)
		}
		if got, err := Decode(c.want, len(c.b)); err != nil || !bytes.Equal(got, c.b) {
			t.Errorf("Decode(%s) = %x, %v", c.want, got, err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")
		symbols := Encode(b)
		got, err := Decode(symbols, len(b))
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%x became %s became %x, %v", b, symbols, got, err)
		}
		sloppy := strings.NewReplacer("0", "o", "1", "i").Replace(strings.ToLower(Group(symbols, 4, 4)))
		if clean, err := Clean(" "+sloppy+"\r\n", len(symbols)+2); err != nil || clean != symbols {
			t.Fatalf("Clean(%q) = %q, %v, want %q", sloppy, clean, err, symbols)
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		symbols string
		size    int
	}{
		"too few":         {"0", 1},
		"too many":        {"000", 1},
		"past the top":    {"80", 1},
		"past 64 bits":    {"G000000000000", 8},
		"lower-case U":    {"0u", 1},
		"not cleaned":     {"0-", 1},
		"half a rune":     {"0\xff", 1},
		"symbols of none": {"0", 0},
	} {
		if b, err := Decode(c.symbols, c.size); err == nil {
			t.Errorf("%s: %x", name, b)
		}
	}
}

func TestCleanNamesThePlace(t *testing.T) {
	_, err := Clean("AB-U", 8)
	if err == nil || !strings.Contains(err.Error(), "character 4") {
		t.Errorf("%v", err)
	}
	if _, err := Clean(strings.Repeat("0", 100), 8); err == nil {
		t.Error("100 symbols for 8 are accepted")
	}
}

func TestGroup(t *testing.T) {
	for _, c := range []struct {
		symbols string
		sizes   []int
		want    string
	}{
		{"ABCDEFG", []int{2, 3}, "AB-CDE-FG"},
		{"ABCDE", []int{2, 3}, "AB-CDE"},
		{"A", []int{2, 3}, "A"},
		{"", []int{2}, ""},
		{"ABC", nil, "ABC"},
	} {
		if got := Group(c.symbols, c.sizes...); got != c.want {
			t.Errorf("Group(%s, %v) = %s, want %s", c.symbols, c.sizes, got, c.want)
		}
	}
}

// TestCheckNoticesMistakes tries every single mistake in texts of up to 30
// symbols, the length up to which all swaps are noticed.
func TestCheckNoticesMistakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		symbols := rapid.StringMatching("["+Alphabet+"]{1,30}").Draw(t, "symbols")
		good := symbols + string(Check(symbols))
		if !Checked(good) {
			t.Fatalf("%s is not accepted", good)
		}
		at := rapid.IntRange(0, len(good)-1).Draw(t, "at")
		for i := range len(Alphabet) {
			if c := Alphabet[i]; c != good[at] && Checked(good[:at]+string(c)+good[at+1:]) {
				t.Fatalf("%s with %c at %d is accepted", good, c, at)
			}
		}
		for other := range good {
			swapped := []byte(good)
			swapped[at], swapped[other] = swapped[other], swapped[at]
			if string(swapped) != good && Checked(string(swapped)) {
				t.Fatalf("%s for %s is accepted", swapped, good)
			}
		}
	})
}

// FuzzClean wants a refusal or canonical symbols that are read as themselves.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "D2KM-G49N-Q7X88-7", "oil", "u", "\xff", " - "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		symbols, err := Clean(typed, 64)
		if err != nil {
			return
		}
		if strings.Trim(symbols, Alphabet) != "" {
			t.Fatalf("%q became %q", typed, symbols)
		}
		if again, err := Clean(symbols, 64); err != nil || again != symbols {
			t.Errorf("%q became %q, %v", symbols, again, err)
		}
		size := len(symbols) * symbolBits / 8
		b, err := Decode(symbols, size)
		if err == nil && Encode(b) != symbols {
			t.Errorf("%s and %s are both %x", symbols, Encode(b), b)
		}
	})
}
