package scan

// plane is a grey picture: 0 is black, 255 white, rows without padding.
type plane struct {
	pix           []byte
	width, height int
}

// newPlane is a black picture.
func newPlane(width, height int) plane {
	return plane{pix: make([]byte, width*height), width: width, height: height}
}

// longest is the longer edge, in pixels.
func (p plane) longest() int { return max(p.width, p.height) }

// at is the brightness at a point, interpolated between pixel centres; the first
// pixel's centre is (0.5, 0.5). Outside, the nearest edge goes on.
func (p plane) at(x, y float64) float64 {
	x = min(float64(p.width-1), max(0, x-0.5))
	y = min(float64(p.height-1), max(0, y-0.5))
	x0, y0 := int(x), int(y)
	i := y0*p.width + x0
	right, down := 0, 0
	if x0+1 < p.width {
		right = 1
	}
	if y0+1 < p.height {
		down = p.width
	}
	fx, fy := x-float64(x0), y-float64(y0)
	top := float64(p.pix[i])*(1-fx) + float64(p.pix[i+right])*fx
	low := float64(p.pix[i+down])*(1-fx) + float64(p.pix[i+down+right])*fx
	return top*(1-fy) + low*fy
}

// inverted is the picture with light and dark swapped.
func (p plane) inverted() plane {
	out := newPlane(p.width, p.height)
	for i, v := range p.pix {
		out.pix[i] = ^v
	}
	return out
}

// halved is the picture at half its size; each pixel is the mean of four. An odd
// last row or column is dropped.
func (p plane) halved() plane {
	out := newPlane(p.width/2, p.height/2)
	for y := range out.height {
		upper := p.pix[2*y*p.width:]
		lower := p.pix[(2*y+1)*p.width:]
		row := out.pix[y*out.width : (y+1)*out.width]
		for x := range row {
			row[x] = byte((int(upper[2*x]) + int(upper[2*x+1]) + int(lower[2*x]) + int(lower[2*x+1]) + 2) / 4)
		}
	}
	return out
}

// doubled is the picture at twice its size, linearly interpolated.
func (p plane) doubled() plane {
	out := newPlane(2*p.width, 2*p.height)
	for y := range out.height {
		row := out.pix[y*out.width : (y+1)*out.width]
		for x := range row {
			row[x] = byte(p.at((float64(x)+0.5)/2, (float64(y)+0.5)/2) + 0.5)
		}
	}
	return out
}

// smoothed is the picture with each pixel the mean of a square around it.
func (p plane) smoothed(radius int) plane {
	out := newPlane(p.width, p.height)
	newSums(p).each(radius, func(x, y, sum, n int) { out.pix[y*p.width+x] = byte(sum / n) })
	return out
}

// sharpened is the picture with each pixel's difference to the mean of a square
// around it added gain times.
func (p plane) sharpened(radius, gain int) plane {
	out := newPlane(p.width, p.height)
	newSums(p).each(radius, func(x, y, sum, n int) {
		v := int(p.pix[y*p.width+x])
		out.pix[y*p.width+x] = byte(min(255, max(0, v+gain*(v-sum/n))))
	})
	return out
}

// despeckled is the picture with each pixel the median of the nine around it; the
// border stays as it is.
func (p plane) despeckled() plane {
	out := newPlane(p.width, p.height)
	copy(out.pix, p.pix)
	for y := 1; y < p.height-1; y++ {
		above, row, below := p.pix[(y-1)*p.width:], p.pix[y*p.width:], p.pix[(y+1)*p.width:]
		for x := 1; x < p.width-1; x++ {
			out.pix[y*p.width+x] = median9(
				above[x-1], above[x], above[x+1],
				row[x-1], row[x], row[x+1],
				below[x-1], below[x], below[x+1])
		}
	}
	return out
}

// median9 is the middle one of nine values: the median of the largest of the row
// minima, the median of the row medians and the smallest of the row maxima.
func median9(a, b, c, d, e, f, g, h, i byte) byte {
	a, b, c = sort3(a, b, c)
	d, e, f = sort3(d, e, f)
	g, h, i = sort3(g, h, i)
	_, middle, _ := sort3(b, e, h)
	_, middle, _ = sort3(max(a, d, g), middle, min(c, f, i))
	return middle
}

func sort3(a, b, c byte) (low, middle, high byte) {
	a, b = min(a, b), max(a, b)
	b, c = min(b, c), max(b, c)
	return min(a, b), max(a, b), c
}

// sums holds, for each pixel, the sum of all above and left of it, so that the
// sum of any rectangle costs four look-ups.
type sums struct {
	table         []uint32 // wraps around, which differences don't mind
	width, height int
}

func newSums(p plane) sums {
	s := sums{table: make([]uint32, (p.width+1)*(p.height+1)), width: p.width, height: p.height}
	stride := p.width + 1
	for y := range p.height {
		above, here := s.table[y*stride:(y+1)*stride], s.table[(y+1)*stride:(y+2)*stride]
		row := uint32(0)
		for x, v := range p.pix[y*p.width : (y+1)*p.width] {
			row += uint32(v)
			here[x+1] = above[x+1] + row
		}
	}
	return s
}

// each gives, for each pixel, the sum of the square of the given radius around it,
// as far as it lies inside the picture, and how many pixels that is.
func (s sums) each(radius int, f func(x, y, sum, n int)) {
	stride := s.width + 1
	for y := range s.height {
		y0, y1 := max(0, y-radius), min(s.height, y+radius+1)
		above, below := s.table[y0*stride:(y0+1)*stride], s.table[y1*stride:(y1+1)*stride]
		for x := range s.width {
			x0, x1 := max(0, x-radius), min(s.width, x+radius+1)
			f(x, y, int(below[x1]-below[x0]-above[x1]+above[x0]), (x1-x0)*(y1-y0))
		}
	}
}
