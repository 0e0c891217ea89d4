package scan

import "math"

// agreement measures how well brightnesses follow an expected pattern of dark
// and light, whatever the light and contrast: their correlation, 1 perfect, 0
// chance, -1 the negative.
type agreement struct{ n, light, sum, square, cross float64 }

// see adds one brightness where dark or light was expected.
func (a *agreement) see(value float64, dark bool) {
	a.n++
	a.sum += value
	a.square += value * value
	if !dark {
		a.light++
		a.cross += value
	}
}

// score is the correlation of all that was seen; 0 for nothing or one colour.
func (a *agreement) score() float64 {
	if a.light == 0 || a.light == a.n {
		return 0
	}
	covariance := a.cross/a.n - a.sum/a.n*a.light/a.n
	values := a.square/a.n - (a.sum/a.n)*(a.sum/a.n)
	pattern := a.light / a.n * (1 - a.light/a.n)
	return covariance / math.Sqrt(max(values, 1e-6)*pattern)
}

// fitness tells how well a grid explains what is the same in every code of its
// size: finders with their separators, timing and alignment patterns.
func fitness(p plane, g grid) float64 {
	var a agreement
	see := func(col, row int, dark bool) {
		at := g.at(float64(col)+0.5, float64(row)+0.5)
		a.see(p.at(at.x, at.y), dark)
	}
	for _, corner := range [3][2]int{{0, 0}, {g.side - 7, 0}, {0, g.side - 7}} {
		for dy := -1; dy <= 7; dy++ {
			for dx := -1; dx <= 7; dx++ {
				ring := max(dx, 6-dx, dy, 6-dy) // 3 in the middle, 7 around the finder
				see(corner[0]+dx, corner[1]+dy, ring != 5 && ring != 7)
			}
		}
	}
	for i := 8; i < g.side-8; i++ {
		see(i, 6, i%2 == 0)
		see(6, i, i%2 == 0)
	}
	for _, c := range g.crossings() {
		for dy := -2; dy <= 2; dy++ {
			for dx := -2; dx <= 2; dx++ {
				see(c[0]+dx, c[1]+dy, max(dx, -dx, dy, -dy) != 1)
			}
		}
	}
	return a.score()
}

// ringed reports whether the four modules around a point are lighter than it, as
// around the centre of an alignment pattern: a quick look before bullseye.
func ringed(p plane, at, u, v point) bool {
	around := p.at(at.x+u.x, at.y+u.y) + p.at(at.x-u.x, at.y-u.y) + p.at(at.x+v.x, at.y+v.y) + p.at(at.x-v.x, at.y-v.y)
	return around/4 > p.at(at.x, at.y)
}

// bullseye tells how much the surroundings of a point look like an alignment
// pattern whose modules are spanned by u and v.
func bullseye(p plane, at, u, v point) float64 {
	var a agreement
	for dy := -2; dy <= 2; dy++ {
		for dx := -2; dx <= 2; dx++ {
			a.see(p.at(at.x+float64(dx)*u.x+float64(dy)*v.x, at.y+float64(dx)*u.y+float64(dy)*v.y),
				max(dx, -dx, dy, -dy) != 1)
		}
	}
	return a.score()
}
