package document

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ellipsis ends a text that was cut.
const ellipsis = "…"

const (
	// MaxField is the longest single field that is drawn, in characters. Longer
	// ones are cut with an ellipsis: nobody's name may stop an export.
	MaxField = 300

	// MaxTerms is the same limit for the terms.
	MaxTerms = 4000
)

// Clean makes a text from outside fit to be shown on one line, in any output:
// valid UTF-8 in composed form (NFC), each run of white space one space, no
// control characters, and none of the characters that reorder or hide the text
// around them (Unicode bidirectional controls, zero-width space, byte order
// mark). Joiners stay: Persian and Indic names are spelt with them.
func Clean(s string) string { return clip(scrub(s, 4*MaxField), MaxField) }

// cleanTerms is Clean with the longer limit of the terms.
func cleanTerms(s string) string { return clip(scrub(s, 4*MaxTerms), MaxTerms) }

// scrub does the work of Clean. Bytes beyond max are not even looked at, so that
// a megabyte in a name column costs nothing.
func scrub(s string, max int) string {
	if len(s) > max {
		for max > 0 && !utf8.RuneStart(s[max]) {
			max--
		}
		s = s[:max]
	}
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	for _, r := range norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD")) {
		switch {
		case unicode.IsSpace(r):
			gap = true
		case hidden(r):
		default:
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hidden reports whether r has no shape of its own and can deceive: controls,
// bidirectional formatting (UAX #9 section 2), invisible and private characters.
func hidden(r rune) bool {
	const zwnj, zwj = '\u200C', '\u200D'
	if r == zwnj || r == zwj {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)
}

// clip cuts s to at most n characters, ending in an ellipsis when it does.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimRight(string([]rune(s)[:n-1]), " ") + ellipsis
}
