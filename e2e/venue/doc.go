// Package venue sets up a venue for tests of the whole: an event with tickets, a
// server, gates that are enrolled with it, agents in this process ([Venue.Start]) or
// each in one of its own that can be killed ([Venue.Agent]), and somebody who scans at
// their doors ([Door]). It is for tests only.
//
// A package that uses it hands its tests to [Main], which builds usher once.
package venue
