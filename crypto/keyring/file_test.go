package keyring

import (
	"bytes"
	"strings"
	"testing"
)

func ringFile(t testing.TB, n int) string {
	t.Helper()
	b, err := FormatFile(chainOf(t, n)...)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFileRoundTrip(t *testing.T) {
	for _, n := range []int{1, 3} {
		text := ringFile(t, n)
		for name, sent := range map[string]string{
			"as written": text,
			"by mail":    "\r\n " + strings.ReplaceAll(text, "\n", "\r\n") + "\r\n",
			"unended":    strings.TrimSpace(text),
		} {
			chain, err := ParseFile([]byte(sent))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got, err := FormatFile(chain...); err != nil || string(got) != text {
				t.Errorf("%s: written again it differs, %v", name, err)
			}
			if _, err := Walk(chain[0], chain...); err != nil || len(chain) != n {
				t.Errorf("%s: %d rings, %v", name, len(chain), err)
			}
		}
	}
}

func TestParseFileRefuses(t *testing.T) {
	text := ringFile(t, 2)
	lines := strings.SplitAfter(text, "\n")
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {"", "first line"},
		"something else":      {"hello", "first line"},
		"only marks":          {fileBegin + fileEnd, ""},
		"cut short":           {strings.Join(lines[:5], ""), "last line"},
		"a line missing":      {strings.Join(append(lines[:3:3], lines[4:]...), ""), ""},
		"a line twice":        {strings.Join(append(lines[:3:3], lines[2:]...), ""), ""},
		"a longer line":       {strings.Replace(text, lines[1]+lines[2], strings.TrimSuffix(lines[1], "\n")+lines[2], 1), "lines"},
		"a space in a line":   {strings.Replace(text, lines[2], " "+lines[2], 1), ""},
		"an empty line":       {strings.Replace(text, lines[2], "\n"+lines[2], 1), "lines"},
		"a header line":       {strings.Replace(text, lines[1], "Comment: x\n"+lines[1], 1), "base64"},
		"url base64":          {strings.ReplaceAll(text, "/", "_"), "base64"},
		"twice":               {text + text, ""},
		"text after the end":  {text + "x", "last line"},
		"another kind":        {strings.ReplaceAll(text, "KEY RING", "PRIVATE KEY"), "first line"},
		"too long":            {strings.Repeat("A", MaxFile+1), "bytes"},
		"not CBOR":            {string(armour([]byte("x"))), "CBOR"},
		"no rings":            {string(armour([]byte{0x80})), "0 rings"},
		"a ring that is none": {string(armour([]byte{0x81, 0x41, 0x00})), "ring 1"},
		"one bare ring":       {string(armour(chainOf(t, 1)[0].Bytes())), ""},
		"trailing":            {string(armour([]byte{0x80, 0x00})), "CBOR"},
	} {
		if chain, err := ParseFile([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d rings, %v, want an error about %q", name, len(chain), err, c.want)
		}
	}
}

func TestFilesOfBrokenChains(t *testing.T) {
	chain := chainOf(t, 3)
	for name, rings := range map[string][]*SignedRing{
		"none":         nil,
		"a gap":        {chain[0], chain[2]},
		"backwards":    {chain[1], chain[0]},
		"one twice":    {chain[0], chain[0]},
		"far too many": make([]*SignedRing, MaxChain+1),
	} {
		if b, err := FormatFile(rings...); err == nil {
			t.Errorf("%s: %d bytes", name, len(b))
		}
	}
	big := firstRing(t)
	big.Keys = manyKeys(t, MaxKeys)
	one := mustSign(t, big, signer(t, 1))
	huge := make([]*SignedRing, 200)
	for i := range huge {
		ring := *one
		ring.Ring.Seq += uint64(i)
		huge[i] = &ring
	}
	if _, err := FormatFile(huge...); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("more than a file may have: %v", err)
	}
	if _, err := FormatFile(chain[1:]...); err != nil {
		t.Errorf("a chain that starts later: %v", err)
	}
}

func TestFileIsPlainText(t *testing.T) {
	text := ringFile(t, 2)
	for line := range strings.Lines(text) {
		if len(line) > fileWidth+1 {
			t.Errorf("line of %d characters", len(line))
		}
	}
	if i := bytes.IndexFunc([]byte(text), func(c rune) bool { return c > '~' || c < ' ' && c != '\n' }); i >= 0 {
		t.Errorf("character %d is not plain", i)
	}
}
