// Package newcomer does what somebody does who has typed make run and follows the steps
// that it prints: with a real browser, on the demo as it is, from the shop to the door.
// It has tests only.
package newcomer
