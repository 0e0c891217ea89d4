package journal_test

import (
	"bytes"
	"testing"

	"usher/sync/journal"
)

// Each lowest rung has one encoding; what was written before there were others than
// live codes and everything is still that.
func TestRungsHaveOneEncoding(t *testing.T) {
	const head, without = "a5 01 190e10 02 6361736b 03 00 04 00 05 00", ""
	content := func(member string) []byte {
		b := unhex(head + member)
		if member != without {
			b[0]++
		}
		return b
	}
	for _, c := range []struct {
		about, member string
		rung          journal.Rung
		refused       bool
	}{
		{about: "nothing, as ever", member: without, rung: journal.RungName},
		{about: "live codes alone, as ever", member: "06 f5", rung: journal.RungLive},
		{about: "codes", member: "06 64 636f6465", rung: journal.RungCode},
		{about: "typed codes", member: "06 65 7479706564", rung: journal.RungTyped},
		{about: "one that nobody knows yet", member: "06 64 63686970", rung: "chip"},
		{about: "live codes in letters", member: "06 64 6c697665", refused: true},
		{about: "false", member: "06 f4", refused: true},
		{about: "no letters", member: "06 60", refused: true},
		{about: "null", member: "06 f6", refused: true},
		{about: "undefined", member: "06 f7", refused: true},
		{about: "a number", member: "06 01", refused: true},
		{about: "bytes", member: "06 44 636f6465", refused: true},
		{about: "a list", member: "06 81 64 636f6465", refused: true},
		{about: "a longer head", member: "06 78 04 636f6465", refused: true},
		{about: "no text", member: "06 61 ff", refused: true},
	} {
		b := content(c.member)
		var p journal.Policy
		err := journal.Decode(b, &p)
		if (err != nil) != c.refused || err == nil && p.DownTo != c.rung {
			t.Errorf("%s: %q and %v", c.about, p.DownTo, err)
			continue
		}
		if c.refused {
			continue
		}
		if again, err := journal.Encode(p); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s is written as %x, %v", c.about, again, err)
		}
	}
}
