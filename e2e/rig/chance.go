package rig

import "math/rand/v2"

// Chance is true so many times out of a hundred.
func Chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

// Draw gives one of a list, each as often as it weighs.
func Draw[T any](r *rand.Rand, list []T, weight func(T) int) T {
	sum := 0
	for _, one := range list {
		sum += weight(one)
	}
	n := r.IntN(sum)
	for _, one := range list {
		if n -= weight(one); n < 0 {
			return one
		}
	}
	return list[0]
}
