// Package doorpage tests the door page in a real browser against a real gate. It
// has tests only.
//
// # How to write a test
//
// open gives a door: a gate of the test's own, run by a real agent in this process
// with nobody else in reach, and a tab of its own at the gate's page. Both are
// cheap (all tests share one browser, and the gate needs no server), so no test
// need know of another: they run in any order and at once.
//
//	func TestSecondEntry(t *testing.T) {
//		t.Parallel()
//		d := open(t, setup{})
//		d.scan(d.code(1)) // as a keyboard-wedge scanner does
//		d.shows("green", "tick", "ADMIT")
//		d.later(4 * time.Second) // by the gate's clock: else it is the same sighting
//		d.scan(d.code(1))
//		d.shows("red", "cross", "ALREADY IN")
//	}
//
// Tickets 1 to 40 are good, of the product Day, and on the gate's list. void has
// the server void one while the gate runs; setup.event changes the event, and
// setup.say has the server write more before the gate opens. What the page has to
// wait for is waited for with until, never slept for: the gate's clock is moved by
// later, and with setup.timers the page's timers stand still until pass moves them
// (a green goes after a second; a key is a shortcut after a quarter: see press).
// setup.before runs JavaScript before the page's own, to record what the page calls.
// setup.strip has the test, not the gate, say what the status strip is told. stop
// ends the agent as a crash would for the page, and start starts it again at the
// same address.
//
// A test that needs a server and two gates uses demonstrate instead. It takes
// seconds: prefer open.
package doorpage
