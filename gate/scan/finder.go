package scan

import (
	"math"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/detector"
)

// point is a place in a picture, in pixels from its top left corner, or a step.
type point struct{ x, y float64 }

func (p point) minus(q point) point           { return point{p.x - q.x, p.y - q.y} }
func (p point) plus(q point, k float64) point { return point{p.x + k*q.x, p.y + k*q.y} }
func (p point) times(k float64) point         { return point{k * p.x, k * p.y} }
func (p point) length() float64               { return math.Hypot(p.x, p.y) }

// finder is a candidate for one of the three big squares of a code.
type finder struct {
	point
	module float64 // pixels a module, along the row it was seen in
	seen   int     // how many rows agree
}

// finders looks for the 1:1:3:1:1 pattern (ISO/IEC 18004:2015, section 6.3.3) row
// by row and has the library check each hit down, across and diagonally. The
// library's own search stops when it has three, which on a printed page are often
// the wrong ones.
func finders(bits *gozxing.BitMatrix) []finder {
	search := detector.NewFinderPatternFinder(bits, nil)
	width, height := bits.GetWidth(), bits.GetHeight()
	step := max(1, min(3, height/200))
	counts := make([]int, 5)
	for y := step / 2; y < height; y += step {
		scanRow(search, bits, y, width, counts)
	}
	var found []finder
	for _, c := range search.GetPossibleCenters() {
		found = append(found, finder{point{c.GetX(), c.GetY()}, c.GetEstimatedModuleSize(), c.GetCount()})
	}
	return found
}

// scanRow feeds the runs of one row to the search; counts is its scratch space.
func scanRow(search *detector.FinderPatternFinder, bits *gozxing.BitMatrix, y, width int, counts []int) {
	clear(counts)
	run := 0 // the run being counted; even ones are dark
	for x := range width {
		dark := bits.Get(x, y)
		switch {
		case dark == (run%2 == 0):
			counts[run]++
		case run == 0 && counts[0] == 0: // still before the first dark pixel
		case run < 4:
			run++
			counts[run]++
		case detector.FinderPatternFinder_foundPatternCross(counts) && search.HandlePossibleCenter(counts, y, x):
			clear(counts)
			run = 0
		default: // the last three runs may be the first of the next pattern
			copy(counts, counts[2:])
			counts[3], counts[4] = 1, 0
			run = 3
		}
	}
	if run == 4 && detector.FinderPatternFinder_foundPatternCross(counts) {
		search.HandlePossibleCenter(counts, y, width)
	}
}

// merge adds newly found finders to those that other looks at the same picture
// found, joining those that are the same.
func merge(known, found []finder) []finder {
	for _, f := range found {
		if i := sameFinder(known, f); i >= 0 {
			k := &known[i]
			share := float64(f.seen) / float64(f.seen+k.seen)
			k.point = k.plus(f.minus(k.point), share)
			k.module += share * (f.module - k.module)
			k.seen += f.seen
		} else {
			known = append(known, f)
		}
	}
	return known
}

// sameFinder gives the index of the finder that f is another sight of, or -1.
func sameFinder(known []finder, f finder) int {
	for i, k := range known {
		if k.minus(f.point).length() < 1.5*min(k.module, f.module) && max(k.module, f.module) < 1.5*min(k.module, f.module) {
			return i
		}
	}
	return -1
}
