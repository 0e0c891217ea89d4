package scan

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"usher/crypto/ticket"
	"usher/sync/fault"
)

// tokenText has the shape of a ticket; whether one is genuine is not asked here.
const tokenText = "UT1:6BFOXN*TS0BI$ZD.P9UOL97O4-2HH77HRM3DSPTV W"

func TestClassify(t *testing.T) {
	id := ticket.ID{1, 2, 3, 4, 5, 6, 7, 8}
	short := id.Short()
	wrong := "X" + short[1:]
	for in, want := range map[string]Input{
		tokenText:                          {Kind: Token, Text: tokenText},
		"\ufeff \t" + tokenText + " \r\n":  {Kind: Token, Text: tokenText},
		"]Q1" + tokenText:                  {Kind: Token, Text: tokenText},
		`\000026` + tokenText:              {Kind: Token, Text: tokenText},
		"UP1:ABC":                          {Kind: Token, Text: "UP1:ABC"},
		short:                              {Kind: ShortCode, Text: short, ID: id},
		strings.ToLower(short) + "\n":      {Kind: ShortCode, Text: strings.ToLower(short), ID: id},
		strings.ReplaceAll(short, "-", ""): {Kind: ShortCode, Text: strings.ReplaceAll(short, "-", ""), ID: id},
		wrong:                              {Kind: Other, Text: wrong, Looks: ticket.LooksOther, Mistyped: true},
		short[:len(short)-1]:               {Kind: Other, Text: short[:len(short)-1], Looks: ticket.LooksOther, Mistyped: true},
		"":                                 {Kind: Other, Looks: ticket.LooksEmpty},
		" \r\n":                            {Kind: Other, Looks: ticket.LooksEmpty},
		"https://example.test/t/1":         {Kind: Other, Text: "https://example.test/t/1", Looks: ticket.LooksURL},
		strings.ToLower(tokenText):         {Kind: Other, Text: strings.ToLower(tokenText), Looks: ticket.LooksLowerCase},
		"UT2:ABC":                          {Kind: Other, Text: "UT2:ABC", Looks: ticket.LooksNewer},
		"UE1:ABC":                          {Kind: Other, Text: "UE1:ABC", Looks: ticket.LooksCard},
		"hello world":                      {Kind: Other, Text: "hello world", Looks: ticket.LooksOther},
		"4006381333931":                    {Kind: Other, Text: "4006381333931", Looks: ticket.LooksOther, Mistyped: true},
		"\xff\xfe\x00":                     {Kind: Other, Text: "\xff\xfe\x00", Looks: ticket.LooksOther},
	} {
		if got := Classify(in); got != want {
			t.Errorf("Classify(%q) = %+v, want %+v", in, got, want)
		}
	}
}

func TestClassifyShortCodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := ticket.ID(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "id"))
		if got := Classify(" " + id.Short() + "\r"); got.Kind != ShortCode || got.ID != id {
			t.Fatalf("%s became %+v", id.Short(), got)
		}
	})
}

func FuzzClassify(f *testing.F) {
	f.Add(tokenText)
	f.Add("  ]Q3\\000026UT1:")
	f.Add(ticket.ID{}.Short())
	f.Fuzz(func(t *testing.T, text string) {
		got := Classify(text)
		if again := Classify(got.Text); got.Kind == Token && again != got {
			t.Fatalf("%q is %+v, cleaned it is %+v", text, got, again)
		}
		if got.Kind != ShortCode && got.ID != (ticket.ID{}) || got.Kind == Other && got.Looks == "" {
			t.Fatalf("%q is %+v", text, got)
		}
	})
}

func TestWedge(t *testing.T) {
	long := strings.Repeat("A", MaxText)
	for name, tc := range map[string]struct {
		keys string
		want []string
		errs int
	}{
		"enter":            {tokenText + "\r", []string{tokenText}, 0},
		"tab":              {tokenText + "\t", []string{tokenText}, 0},
		"CRLF":             {"A\r\nB\r\n", []string{"A", "B"}, 0},
		"not ended":        {tokenText, nil, 0},
		"only ends":        {"\r\n\t\r\n", nil, 0},
		"noise":            {" \x02]Q1" + tokenText + " \x03\r", []string{tokenText}, 0},
		"symbology":        {"]Q1" + tokenText + "\r", []string{tokenText}, 0},
		"spaces inside":    {"UT1:A B  C0\r", []string{"UT1:A B  C0"}, 0},
		"longest":          {long + "\r", []string{long}, 0},
		"too long":         {"A\r" + long + "A\rB\r", []string{"A", "B"}, 1},
		"two too long":     {long + "AA\r" + long + "A\r", nil, 2},
		"too long, no end": {long + long, nil, 0},
	} {
		var whole Wedge
		got, err := whole.Feed([]byte(tc.keys))
		checkKeys(t, name, got, err, tc.want, tc.errs)

		// The same, key by key.
		var single Wedge
		var codes []string
		var errs []error
		for i := range len(tc.keys) {
			more, err := single.Feed([]byte{tc.keys[i]})
			codes = append(codes, more...)
			if err != nil {
				errs = append(errs, err)
			}
		}
		checkKeys(t, name+", key by key", codes, errors.Join(errs...), tc.want, tc.errs)
	}
}

func checkKeys(t *testing.T, name string, got []string, err error, want []string, errs int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %.60q, want %.60q", name, got, want)
	}
	if n := strings.Count(fmt.Sprint(err), "dropped"); n != errs || errs > 0 && !errors.Is(err, fault.TooLarge) {
		t.Errorf("%s: got error %v, want %d", name, err, errs)
	}
}

func TestWedgeReset(t *testing.T) {
	var w Wedge
	if _, err := w.Feed([]byte("half a co")); err != nil || w.Pending() != 9 {
		t.Fatalf("%d keys pending, %v", w.Pending(), err)
	}
	w.Reset()
	if got, err := w.Feed([]byte("whole\r")); err != nil || !slices.Equal(got, []string{"whole"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

// collect takes all lines and errors of a stream.
func collect(lines iter.Seq2[Line, error]) (got []Line, errs []error) {
	for line, err := range lines {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		got = append(got, line)
	}
	return got, errs
}

func TestLines(t *testing.T) {
	long := strings.Repeat("A", MaxText)
	for name, tc := range map[string]struct {
		in   string
		want []Line
		says []string // of each error
	}{
		"empty":       {"", nil, nil},
		"one":         {"A", []Line{{1, "A"}}, nil},
		"LF":          {"A\nB\n", []Line{{1, "A"}, {2, "B"}}, nil},
		"CRLF":        {"A\r\nB\r\n\r\nC", []Line{{1, "A"}, {2, "B"}, {4, "C"}}, nil},
		"CR":          {"A\rB\r", []Line{{1, "A"}, {2, "B"}}, nil},
		"mixed":       {"A\r\n\nB\n\rC", []Line{{1, "A"}, {3, "B"}, {5, "C"}}, nil},
		"empty lines": {"\n \n\t\nA\n", []Line{{4, "A"}}, nil},
		"noise":       {"\ufeff]Q1" + tokenText + " \n", []Line{{1, tokenText}}, nil},
		"NUL":         {"A\nB\x00B\nC\n", []Line{{1, "A"}, {3, "C"}}, []string{"line 2: a NUL"}},
		"longest":     {long + "\nB", []Line{{1, long}, {2, "B"}}, nil},
		"too long":    {"A\n" + long + "A\nC", []Line{{1, "A"}, {3, "C"}}, []string{"line 2: more than 8192"}},
		"endless":     {long + long + long, nil, []string{"line 1: more than"}},
		"two wrongs":  {"\x00\n" + long + "A\nC", []Line{{3, "C"}}, []string{"line 1: a NUL", "line 2: more"}},
	} {
		for how, r := range map[string]io.Reader{
			"whole":        strings.NewReader(tc.in),
			"byte by byte": iotest.OneByteReader(strings.NewReader(tc.in)),
		} {
			got, errs := collect(Lines(r))
			if !slices.Equal(got, tc.want) {
				t.Errorf("%s, %s: got %.80v, want %.80v", name, how, got, tc.want)
			}
			if len(errs) != len(tc.says) {
				t.Fatalf("%s, %s: errors %v, want %q", name, how, errs, tc.says)
			}
			for i, err := range errs {
				if !strings.HasPrefix(fault.Message(err), tc.says[i]) {
					t.Errorf("%s, %s: error %q, want %q", name, how, fault.Message(err), tc.says[i])
				}
			}
		}
	}
}

func TestLinesEndsWithItsReader(t *testing.T) {
	errCut := errors.New("cable out")
	got, errs := collect(Lines(io.MultiReader(strings.NewReader("A\nB"), iotest.ErrReader(errCut))))
	if !slices.Equal(got, []Line{{1, "A"}}) || len(errs) != 1 || !errors.Is(errs[0], errCut) {
		t.Errorf("got %v, %v", got, errs)
	}
	if !strings.Contains(errs[0].Error(), "line 2") {
		t.Errorf("%v doesn't say where", errs[0])
	}
}

// A line is given before the next byte comes, also after a lone CR.
func TestLinesDoesNotWait(t *testing.T) {
	for _, end := range []string{"\n", "\r"} {
		r, w := io.Pipe()
		next, stop := iter.Pull2(Lines(r))
		go w.Write([]byte("A" + end))
		if line, err, ok := next(); !ok || err != nil || line.Text != "A" {
			t.Errorf("got %v, %v, %v", line, err, ok)
		}
		w.Close()
		if _, _, ok := next(); ok {
			t.Error("a line after the end")
		}
		stop()
	}
}

func TestLinesStopsWhenAsked(t *testing.T) {
	for range Lines(strings.NewReader("A\nB\n")) {
		break
	}
	for range Lines(strings.NewReader("\x00\nB\n")) {
		break
	}
}

func FuzzLines(f *testing.F) {
	f.Add("A\r\nB\n\x00\rC")
	f.Fuzz(func(t *testing.T, in string) {
		got, errs := collect(Lines(strings.NewReader(in)))
		if len(got)+len(errs) > len(in)+1 {
			t.Fatalf("%d lines of %d bytes", len(got)+len(errs), len(in))
		}
		if len(errs) > 0 || strings.Contains(in, "\t") {
			return // a keyboard has no NUL, and its TAB ends a code
		}
		var wedge Wedge
		codes, _ := wedge.Feed([]byte(in + "\r"))
		for i, line := range got {
			if i >= len(codes) || codes[i] != line.Text {
				t.Fatalf("line %d is %q, by keyboard %q", line.Number, line.Text, codes)
			}
		}
	})
}
