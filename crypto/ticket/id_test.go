package ticket

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func idGen() *rapid.Generator[ID] {
	return rapid.Custom(func(t *rapid.T) ID {
		return ID(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "id"))
	})
}

func TestShortRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := idGen().Draw(t, "id")
		short := id.Short()
		if len(short) != 17 || short[4] != '-' || short[9] != '-' || short[15] != '-' {
			t.Fatalf("%s is not 4-4-5 and a check symbol", short)
		}
		sloppy := strings.NewReplacer("-", " ", "0", "o", "1", "l").Replace(strings.ToLower(short))
		for _, typed := range []string{short, sloppy, strings.ReplaceAll(short, "-", ""), " " + short + "\r\n", strings.ReplaceAll(short, "1", "I")} {
			if got, err := ParseShort(typed); err != nil || got != id {
				t.Fatalf("ParseShort(%q) = %s, %v, want %s", typed, got, err, id)
			}
		}
	})
}

func TestShortKnown(t *testing.T) {
	for hex, want := range map[string]string{
		"0000000000000000": "0000-0000-00000-0",
		"d14e90226b73f508": "D2KM-G49N-Q7X88-7",
		"ffffffffffffffff": "FZZZ-ZZZZ-ZZZZZ-X",
	} {
		id, err := ParseID(hex)
		if err != nil {
			t.Fatal(err)
		}
		if got := id.Short(); got != want {
			t.Errorf("%s: %s, want %s", hex, got, want)
		}
	}
}

func TestParseShortNoticesMistakes(t *testing.T) {
	id, err := ParseID("d14e90226b73f508")
	if err != nil {
		t.Fatal(err)
	}
	good := strings.ReplaceAll(id.Short(), "-", "")
	for at := range len(good) {
		for _, c := range "0123456789ABCDEFGHJKMNPQRSTVWXYZ" {
			typed := good[:at] + string(c) + good[at+1:]
			if _, err := ParseShort(typed); (err == nil) != (typed == good) {
				t.Errorf("%s for %s: %v", typed, good, err)
			}
		}
		for other := at + 1; other < len(good); other++ {
			swapped := []byte(good)
			swapped[at], swapped[other] = swapped[other], swapped[at]
			if _, err := ParseShort(string(swapped)); (err == nil) != (string(swapped) == good) {
				t.Errorf("%s for %s: %v", swapped, good, err)
			}
		}
	}
}

func TestParseShortRefuses(t *testing.T) {
	for name, typed := range map[string]string{
		"nothing":       "",
		"hyphens":       "----",
		"too short":     "D2KM-G49N-Q7X88",
		"too long":      "D2KM-G49N-Q7X88-77",
		"a U":           "U2KM-G49N-Q7X88-7",
		"an accent":     "É2KM-G49N-Q7X88-7",
		"past 64 bits":  "G000-0000-00000-0",
		"a whole token": "UT1:" + strings.Repeat("A", 200),
		"a megabyte":    strings.Repeat("-", 1<<20),
	} {
		if id, err := ParseShort(typed); err == nil {
			t.Errorf("%s: %s", name, id)
		} else if len(err.Error()) > 120 {
			t.Errorf("%s: error of %d bytes", name, len(err.Error()))
		}
	}
}

func TestIDText(t *testing.T) {
	id := fullClaims().ID
	back, err := ParseID(id.String())
	if err != nil || back != id {
		t.Errorf("ParseID(%s) = %s, %v", id, back, err)
	}
	for _, bad := range []string{"", "d14e90226b73f50", "D14E90226B73F508", "d14e90226b73f50g", "d14e90226b73f5080", strings.Repeat("0", 1<<20)} {
		if _, err := ParseID(bad); err == nil || len(err.Error()) > 120 {
			t.Errorf("ParseID(%.20q): %v", bad, err)
		}
	}
	b, err := json.Marshal(map[ID]ID{id: id})
	if err != nil || string(b) != `{"d14e90226b73f508":"d14e90226b73f508"}` {
		t.Errorf("as JSON: %s, %v", b, err)
	}
}
