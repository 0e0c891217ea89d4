package document

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFit(t *testing.T) {
	st := style{faces().bold, 20, 8, 2, black}
	for _, tc := range []struct {
		text  string
		lines []string
		size  float64 // 0: any
	}{
		{"", nil, 20},
		{"Short", []string{"Short"}, 20},
		{"Two words that wrap at the largest", []string{"Two words that", "wrap at the largest"}, 0},
		{"Donaudampfschifffahrtsgesellschaft", []string{"Donaudampfschifffahrtsgesellschaft"}, 0},
	} {
		lines, size := fit(tc.text, 180, st)
		if strings.Join(lines, "|") != strings.Join(tc.lines, "|") || tc.size != 0 && size != tc.size {
			t.Errorf("%q: %q at %v points", tc.text, lines, size)
		}
	}
	lines, size := fit(strings.Repeat("endless ", 40), 180, st)
	if size != st.min || len(lines) != 2 || !strings.HasSuffix(lines[1], ellipsis) {
		t.Errorf("endless: %q at %v points", lines, size)
	}
}

// However the text, nothing is set wider than its column or on more lines than
// there is room for, and nothing is lost without an ellipsis.
func TestFitStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := faces().regular
		text := f.drawable(Clean(rapid.String().Draw(t, "text")))
		width := rapid.Float64Range(20, 300).Draw(t, "width")
		st := style{f, 14, 7, rapid.IntRange(1, 4).Draw(t, "lines"), black}
		lines, size := fit(text, width, st)
		if len(lines) > st.lines || size > st.max || size < st.min {
			t.Fatalf("%d lines at %v points", len(lines), size)
		}
		for _, line := range lines {
			if f.width(line, size) > width+1e-9 {
				t.Fatalf("%q is %v points wide, the column %v", line, f.width(line, size), width)
			}
		}
		joined := strings.ReplaceAll(strings.Join(lines, ""), " ", "")
		if joined != strings.ReplaceAll(text, " ", "") && !strings.HasSuffix(joined, ellipsis) {
			t.Fatalf("%q lost something of %q", lines, text)
		}
	})
}
