//go:build !quickclock

package main

import "time"

// serverClock is what a server tells the time by; nil for the machine's own. A build for
// the tests of whole clusters has one that can be made to go faster.
func serverClock() (func() time.Time, error) { return nil, nil }
