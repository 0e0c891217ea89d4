package scan

import (
	"cmp"
	"slices"

	"github.com/makiuchi-d/gozxing"
)

// view is a picture prepared by a look, with its ink told from its paper.
type view struct {
	plane
	scale float64 // its pixels a pixel of the search's base
	inks  []*gozxing.BitMatrix
}

// code is a text that was read and where it lies in the base.
type code struct {
	text   string
	centre point
	size   float64 // pixels from finder to finder
}

// covers reports whether a finder lies within the code, whether it is one of its
// own or a chance pattern among its data.
func (c code) covers(f finder) bool {
	const reach = 0.78 // from the centre to a finder is 0.71 sizes
	return f.minus(c.centre).length() < reach*c.size
}

// search is the reading of one picture in one polarity.
type search struct {
	levels []plane  // the base and its halvings
	known  []finder // the finders seen so far that belong to no code yet, in pixels of the base
	codes  []code   // what was read so far
	most   int      // combinations of finders to try in one look
}

// halvings is how many smaller copies of a picture a search looks at.
const halvings = 2

// smallest is the shortest edge, in pixels, of a picture that is looked at: the
// smallest code with its quiet zone at one pixel a module.
const smallest = minSide + 8

// newSearch starts with the base; most bounds the combinations tried in one look.
func newSearch(base plane, most int) *search {
	s := &search{levels: []plane{base}, most: most}
	for range halvings {
		last := s.levels[len(s.levels)-1]
		if min(last.width, last.height) < 2*smallest {
			break
		}
		s.levels = append(s.levels, last.halved())
	}
	return s
}

// try takes one look and reports whether it read anything. It goes on to the next
// way of telling ink only if that may read more.
func (s *search) try(l look) (any bool) {
	if l.level >= len(s.levels) {
		return false
	}
	v := view{plane: l.prepare(s.levels[l.level])}
	v.scale = float64(v.width) / float64(s.levels[0].width)
	for _, ink := range l.inks {
		bits := ink(v.plane)
		if bits == nil {
			continue
		}
		v.inks = append(v.inks, bits)
		seen := finders(bits)
		for i, f := range seen {
			seen[i].point, seen[i].module = f.times(1/v.scale), f.module/v.scale
		}
		s.known = merge(s.known, seen)
		s.forget()
		any = s.combine(v) || any
		if any && !s.more() {
			break
		}
	}
	return any
}

// combine reads the codes that the known finders make up in a view.
func (s *search) combine(v view) (any bool) {
	for _, t := range triples(s.known, s.most) {
		if !s.free(t) {
			continue
		}
		text, centre, ok := read(v, t.scaled(v.scale))
		if !ok {
			continue
		}
		any = true
		size := t.topLeft.minus(t.topRight.point).length()
		s.codes = append(s.codes, code{text, centre.times(1 / v.scale), size})
	}
	s.forget()
	return any
}

// free reports whether no finder of the triple belongs to a code already.
func (s *search) free(t triple) bool {
	return !slices.ContainsFunc(s.codes, func(c code) bool {
		return c.covers(t.topLeft) || c.covers(t.topRight) || c.covers(t.bottomLeft)
	})
}

// forget drops the finders that belong to a code.
func (s *search) forget() {
	s.known = slices.DeleteFunc(s.known, func(f finder) bool {
		return slices.ContainsFunc(s.codes, func(c code) bool { return c.covers(f) })
	})
}

// more reports whether what was seen beside the codes may be another one.
func (s *search) more() bool {
	const sure = 3 // rows
	n := 0
	for _, f := range s.known {
		if f.seen >= sure {
			n++
		}
	}
	return n >= 3
}

// texts gives the texts of codes as one reads a page, by rows and from left to
// right, each once.
func texts(codes []code) []string {
	if len(codes) == 0 {
		return nil
	}
	row := max(1, codes[0].size/2)
	slices.SortStableFunc(codes, func(a, b code) int {
		return cmp.Or(cmp.Compare(int(a.centre.y/row), int(b.centre.y/row)), cmp.Compare(a.centre.x, b.centre.x))
	})
	var all []string
	for _, c := range codes {
		if !slices.Contains(all, c.text) {
			all = append(all, c.text)
		}
	}
	return all
}
