package scan

import "math"

const (
	// window is how many modules' light reaches a module's measurement in a
	// blurred or shaken picture: itself and its eight neighbours.
	window = 9

	// unknowns are their weights and a constant.
	unknowns = window + 1
)

// blur is a code whose modules shine into each other. The decisions about its
// modules and the weights with which they shine are improved in turns.
type blur struct {
	side   int
	levels []float64 // as measured, in spreads around the mean
	dark   []bool    // as decided so far
	weight [unknowns]float64
	miss   []float64 // measured minus explained
}

// unblur decides again which modules are dark, with their neighbours in mind, in
// place. In a blurred picture a module measures as a weighted sum of its own and
// its neighbours' colours. The weights follow from the first decisions by least
// squares; then each module gets the colour with which the measurements around
// it are explained best; and again, until nothing changes.
func unblur(levels []float64, dark []bool, side int) {
	const rounds, sweeps = 4, 3
	b := blur{side: side, levels: levels, dark: dark, miss: make([]float64, len(levels))}
	for range rounds {
		if !b.estimate() {
			return
		}
		b.explain()
		changed := 0
		for range sweeps {
			n := b.sweep()
			changed += n
			if n == 0 {
				break
			}
		}
		if changed == 0 {
			return
		}
	}
}

// colours gives a module's neighbourhood, row by row, as +1 for light and -1 for
// dark, and 1 for the constant. Outside the code it is light.
func (b *blur) colours(row, col int) (x [unknowns]float64) {
	for k := range window {
		r, c := row+k/3-1, col+k%3-1
		x[k] = 1
		if r >= 0 && c >= 0 && r < b.side && c < b.side && b.dark[r*b.side+c] {
			x[k] = -1
		}
	}
	x[window] = 1
	return x
}

// estimate finds the weights by the normal equations of least squares.
func (b *blur) estimate() bool {
	var a [unknowns][unknowns + 1]float64
	for i, level := range b.levels {
		x := b.colours(i/b.side, i%b.side)
		for j := range unknowns {
			for k := j; k < unknowns; k++ {
				a[j][k] += x[j] * x[k]
			}
			a[j][unknowns] += x[j] * level
		}
	}
	for j := range unknowns {
		for k := range j {
			a[j][k] = a[k][j]
		}
	}
	var ok bool
	b.weight, ok = solve(a)
	return ok
}

// explain works out what the decisions leave unexplained.
func (b *blur) explain() {
	for i, level := range b.levels {
		x := b.colours(i/b.side, i%b.side)
		b.miss[i] = level
		for k, w := range b.weight {
			b.miss[i] -= w * x[k]
		}
	}
}

// sweep goes through the modules once and turns those whose other colour leaves
// less unexplained. It gives how many.
func (b *blur) sweep() (turned int) {
	for row := range b.side {
		for col := range b.side {
			step := 2.0 // a light module that turns dark takes light away
			if b.dark[row*b.side+col] {
				step = -2
			}
			if b.gain(row, col, step) <= 0 {
				continue
			}
			b.turn(row, col, step)
			turned++
		}
	}
	return turned
}

// gain is by how much turning a module lessens the squared misses.
func (b *blur) gain(row, col int, step float64) (gain float64) {
	for r := max(0, row-1); r <= min(b.side-1, row+1); r++ {
		for c := max(0, col-1); c <= min(b.side-1, col+1); c++ {
			was := b.miss[r*b.side+c]
			is := was + step*b.weight[(row-r+1)*3+(col-c+1)]
			gain += was*was - is*is
		}
	}
	return gain
}

// turn changes a module's colour and the misses around it.
func (b *blur) turn(row, col int, step float64) {
	for r := max(0, row-1); r <= min(b.side-1, row+1); r++ {
		for c := max(0, col-1); c <= min(b.side-1, col+1); c++ {
			b.miss[r*b.side+c] += step * b.weight[(row-r+1)*3+(col-c+1)]
		}
	}
	b.dark[row*b.side+col] = !b.dark[row*b.side+col]
}

// solve is Gaussian elimination with partial pivots.
func solve(a [unknowns][unknowns + 1]float64) (x [unknowns]float64, ok bool) {
	for i := range unknowns {
		pivot := i
		for r := i + 1; r < unknowns; r++ {
			if math.Abs(a[r][i]) > math.Abs(a[pivot][i]) {
				pivot = r
			}
		}
		if math.Abs(a[pivot][i]) < 1e-9 {
			return x, false
		}
		a[i], a[pivot] = a[pivot], a[i]
		for r := range unknowns {
			if r == i {
				continue
			}
			f := a[r][i] / a[i][i]
			for c := i; c <= unknowns; c++ {
				a[r][c] -= f * a[i][c]
			}
		}
	}
	for i := range unknowns {
		x[i] = a[i][unknowns] / a[i][i]
	}
	return x, true
}
