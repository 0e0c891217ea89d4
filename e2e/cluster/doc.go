// Package cluster sells out events on a whole cluster while parts of it are killed.
//
// Three real servers stand behind a load balancer, with one PostgreSQL and one Redis
// of the test's own. Hundreds of buyers use the public pages as a browser without
// JavaScript does: they hold places, fill in forms, pay at the sandbox with all its
// cards, leave, vanish, press twice, and try again with the same key when something
// fails. Meanwhile servers and Redis get SIGKILL, PostgreSQL is stopped at once, and
// servers stand still, by a plan that follows from a seed.
//
// While that goes on, every answer that a buyer gets has to be a whole page that is
// no lie, and at every moment each pool's places are those that somebody holds or
// has bought. When the faults are over and all has settled, the oracle reads the
// database and the sandbox's own books: sold is capacity exactly, each seat is sold
// once, every payment has its paid order or went back, paid orders have tickets that
// verify and one mail, no hold is left, and the ledger agrees with the provider to
// the minor unit.
//
//	go test ./e2e/cluster -for 5m -seed 42 -v
//
// It has tests only, which run under deploy/dev/services.sh for the programs of
// PostgreSQL, and a build of usher with the tag quickclock, whose clock goes faster.
package cluster
