package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"usher/sync/fault"
)

// ErrGone says that a hold is over and its places were given back. It is of
// fault.Expired.
var ErrGone = fault.New(fault.Expired, "the places were held until their time was over and have been given back")

// Short says that there are not enough places for a request. It is of
// fault.Refused.
type Short struct {
	// Left is how many places each of the request's pools had left.
	Left map[string]int64
	// Taken are the seats, by pool, that were asked for and are somebody else's.
	Taken map[string][]string
}

// Error says what is left.
func (s *Short) Error() string { return s.fault().Error() }

// Unwrap gives the error as usher's vocabulary has it.
func (s *Short) Unwrap() error { return s.fault() }

func (s *Short) fault() *fault.Error {
	var parts []string
	for _, pool := range slices.Sorted(maps.Keys(s.Taken)) {
		parts = append(parts, fmt.Sprintf("seat %s of %s is taken", strings.Join(s.Taken[pool], ", "), pool))
	}
	if len(parts) == 0 {
		for _, pool := range slices.Sorted(maps.Keys(s.Left)) {
			parts = append(parts, fmt.Sprintf("%s has %d left", pool, s.Left[pool]))
		}
	}
	return fault.New(fault.Refused, "there are not enough places: %s", strings.Join(parts, ", "))
}
