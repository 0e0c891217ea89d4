package scan

import "math"

// taps are where a module is measured, in each direction from its centre: over
// its middle half, so that noise and a grid slightly off cost little.
var taps = [...]float64{-0.25, 0, 0.25}

// sample measures how light each module is, row by row.
func sample(p plane, g grid) []float64 {
	values := make([]float64, g.side*g.side)
	for i := range values {
		u, v := float64(i%g.side)+0.5, float64(i/g.side)+0.5
		here := g.at(u, v)
		right, down := g.at(u+0.5, v).minus(here), g.at(u, v+0.5).minus(here)
		for _, y := range taps {
			for _, x := range taps {
				at := here.plus(right, 2*x).plus(down, 2*y)
				values[i] += p.at(at.x, at.y)
			}
		}
	}
	return values
}

// levelled takes uneven light out of the values: each is compared with the mean
// of the modules around it, of which in every code about half are dark
// (ISO/IEC 18004:2015, section 7.8), and measured in their spread. Under 0 is
// dark.
func levelled(values []float64, side int) []float64 {
	const reach = 4 // modules
	out := make([]float64, len(values))
	for row := range side {
		for col := range side {
			sum, square, n := 0.0, 0.0, 0.0
			for y := max(0, row-reach); y <= min(side-1, row+reach); y++ {
				for x := max(0, col-reach); x <= min(side-1, col+reach); x++ {
					v := values[y*side+x]
					sum, square, n = sum+v, square+v*v, n+1
				}
			}
			mean := sum / n
			spread := math.Sqrt(max(1, square/n-mean*mean))
			out[row*side+col] = (values[row*side+col] - mean) / spread
		}
	}
	return out
}

// decide calls each module dark or light by itself.
func decide(levels []float64) []bool {
	dark := make([]bool, len(levels))
	for i, v := range levels {
		dark[i] = v < 0
	}
	return dark
}
