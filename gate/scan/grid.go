package scan

import (
	"github.com/makiuchi-d/gozxing/common"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// grid maps a code onto the picture: from modules, counted from the outer corner
// of the top left module, to pixels.
type grid struct {
	side    int   // modules an edge
	centres []int // columns, and rows, of the centres of alignment patterns
	project *common.PerspectiveTransform

	// bend is the displacement, in modules, at each crossing of centres, row by
	// row; nil on flat paper.
	bend []point
}

// newGrid is the flat grid of a code that takes four points of it, going round,
// to four points of the picture.
func newGrid(side int, modules, pixels [4]point) grid {
	g := grid{side: side, project: common.PerspectiveTransform_QuadrilateralToQuadrilateral(
		modules[0].x, modules[0].y, modules[1].x, modules[1].y, modules[2].x, modules[2].y, modules[3].x, modules[3].y,
		pixels[0].x, pixels[0].y, pixels[1].x, pixels[1].y, pixels[2].x, pixels[2].y, pixels[3].x, pixels[3].y)}
	// The table of ISO/IEC 18004:2015, annex E; it has every size we make.
	if version, err := decoder.Version_GetProvisionalVersionForDimension(side); err == nil {
		g.centres = version.GetAlignmentPatternCenters()
	}
	return g
}

// at is where a point of the code lies in the picture.
func (g grid) at(u, v float64) point {
	if g.bend != nil {
		d := g.shift(u, v)
		u, v = u+d.x, v+d.y
	}
	xy := [2]float64{u, v}
	g.project.TransformPoints(xy[:])
	return point{xy[0], xy[1]}
}

// stencil is how many crossings, in each direction, the displacement of a point
// is interpolated from: three make a parabola, which is what paper bent in one
// direction looks like.
const stencil = 3

// shift interpolates the displacement at a point.
func (g grid) shift(u, v float64) (d point) {
	col, across := g.weights(u)
	row, down := g.weights(v)
	for j, wv := range down {
		for i, wu := range across {
			d = d.plus(g.bend[(row+j)*len(g.centres)+col+i], wu*wv)
		}
	}
	return d
}

// weights gives the first of the crossings around u, and the weights of Lagrange's
// parabola through them at u.
func (g grid) weights(u float64) (first int, w [stencil]float64) {
	for first < len(g.centres)-stencil && u > float64(g.centres[first+1]+g.centres[first+2]+1)/2 {
		first++
	}
	for i := range w {
		w[i] = 1
		at := float64(g.centres[first+i])
		for j := range w {
			if other := float64(g.centres[first+j]); j != i {
				w[i] *= (u - 0.5 - other) / (at - other)
			}
		}
	}
	return first, w
}

// crossings lists the columns and rows of the alignment patterns' centres: all
// crossings but those where finders are.
func (g grid) crossings() [][2]int {
	var all [][2]int
	for _, row := range g.centres {
		for _, col := range g.centres {
			if !g.underFinder(col, row) {
				all = append(all, [2]int{col, row})
			}
		}
	}
	return all
}

// underFinder reports whether a crossing falls on a finder.
func (g grid) underFinder(col, row int) bool {
	near, far := 8, g.side-9
	return col <= near && row <= near || col >= far && row <= near || col <= near && row >= far
}
