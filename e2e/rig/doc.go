// Package rig is what tests of whole clusters stand on: a PostgreSQL and a Redis of a
// test's own, servers that run as processes, a clock that goes faster for all of them,
// and a balancer before them. Each can be killed, cut off or stopped, and comes back.
//
// PostgreSQL and Redis are found under deploy/dev/services.sh. A package that runs
// servers hands its tests to [usher/e2e/venue.Main], with the tag quickclock for the
// clock. [Demo] is what usher demo runs, for tests of what a newcomer sees.
package rig
