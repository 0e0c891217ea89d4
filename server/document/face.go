package document

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// tofu stands for a character no embedded font can draw: an empty box, which
// everybody reads as "there is something here".
const tofu = '□'

// em is the number of units an advance is measured in.
const em = 1000

// face is an embedded font: the Go fonts, which cover Latin, Greek and Cyrillic
// and whose licence allows embedding.
type face struct {
	family  string
	ttf     []byte
	advance map[rune]int // in 1/em of the type size; a rune not in it has no glyph
}

// faces are read once: every document measures text with them.
var faces = sync.OnceValue(func() (f struct{ regular, bold, mono *face }) {
	f.regular = newFace("regular", goregular.TTF)
	f.bold = newFace("bold", gobold.TTF)
	f.mono = newFace("mono", gomono.TTF)
	return f
})

// newFace reads the advances of a font's glyphs in the Basic Multilingual Plane,
// which is as far as the PDF library's fonts go. The fonts are compiled in, so
// one that doesn't parse gives a face that covers nothing rather than an error.
func newFace(family string, ttf []byte) *face {
	f := &face{family: family, ttf: ttf, advance: make(map[rune]int)}
	parsed, err := sfnt.Parse(ttf)
	if err != nil {
		return f
	}
	var buf sfnt.Buffer
	for r := ' '; r <= 0xFFFF; r++ {
		glyph, err := parsed.GlyphIndex(&buf, r)
		if err != nil || glyph == 0 || hidden(r) {
			continue
		}
		if width, err := parsed.GlyphAdvance(&buf, glyph, fixed.I(em), font.HintingNone); err == nil {
			f.advance[r] = width.Round()
		}
	}
	return f
}

// width is the length of s set at size, in the unit of size. s is drawable.
func (f *face) width(s string, size float64) float64 {
	units := 0
	for _, r := range s {
		units += f.advance[r]
	}
	return float64(units) * size / em
}

// drawable turns clean text into text the face has every glyph for: marks and
// joiners it lacks are left out, a letter it lacks becomes the closest composed
// form it has (ễ is drawn ê), and what remains becomes tofu. It never gives less
// than something visible for something visible.
func (f *face) drawable(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case f.covers(r):
			b.WriteRune(r)
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		default:
			b.WriteString(f.closest(r))
		}
	}
	return b.String()
}

func (f *face) covers(r rune) bool { _, ok := f.advance[r]; return ok }

// closest decomposes r and puts together again what the face covers.
func (f *face) closest(r rune) string {
	var got []rune
	for _, part := range norm.NFKD.String(string(r)) {
		if n := len(got); n > 0 && unicode.Is(unicode.Mn, part) {
			composed := []rune(norm.NFC.String(string(got[n-1]) + string(part)))
			if len(composed) == 1 && f.covers(composed[0]) {
				got[n-1] = composed[0]
			}
			continue
		}
		if f.covers(part) {
			got = append(got, part)
		}
	}
	if len(got) == 0 {
		return string(tofu)
	}
	return string(got)
}
