package grant

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFingerprintAsPhonesWriteIt(t *testing.T) {
	f := Fingerprint{0x0a, 0xff}
	if got, want := f.String(), "0A FF"+strings.Repeat(" 00", 30); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (Fingerprint{}).String(); got != "" {
		t.Errorf("no fingerprint is written %q", got)
	}
}

func TestFingerprintsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f, back Fingerprint
		copy(f[:], rapid.SliceOfN(rapid.Byte(), len(f), len(f)).Draw(t, "bytes"))
		text, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &back); err != nil || back != f {
			t.Errorf("%s comes back as %s, %v", f, back, err)
		}
	})
	for _, bad := range []string{"0A", "XX" + strings.Repeat(" 00", 31), strings.Repeat("00 ", 33)} {
		if err := new(Fingerprint).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is a fingerprint", bad)
		}
	}
}
