// Package aftersale has people do with their tickets all that they may, in any order
// and all at once, while servers are killed and gates are cut off, and holds what comes
// of it to what always has to be so.
//
// Real servers stand behind a load balancer: on SQLite one, on PostgreSQL and Redis two.
// People have browsers, phones with keys of their own, and a mailbox that real SMTP
// fills. They buy, pay late, dispute what they paid, look at their wallets, have a phone
// show a ticket, take it over with another one, have a new code made, offer tickets and
// accept what others offer, sell tickets on and buy such tickets, and come to one of three
// real gates with the code that they have, or with one that they had. An organiser gives
// money back, cancels orders, reissues codes and writes tickets over to somebody else.
// What they do follows from a seed; what chance has left out of all that by the end is done
// then, so that no run goes without any of it.
//
// Of each ticket all codes are kept that anybody ever saw, and when the server
// acknowledged what made them void. From that follows what has to be so at any moment:
// a generation has one code; no gate calls one green that was void when it last heard
// from a server; the holder's newest is green unless somebody came in with the ticket.
// When all has settled, every gate's word on every code has to be what the record says,
// each ticket has to let in its holder and nobody else, conflicts are those of double
// entries exactly, a listing that was sold has gone from its seller to its buyer, and the
// money of the shop's ledger is what the provider's own books and the sellers' listings
// come to.
//
//	go test ./e2e/aftersale -for 5m -seed 42 -v
//
// It has tests only, which run under deploy/dev/services.sh for the programs of
// PostgreSQL, and a build of usher with the tag quickclock, whose clock goes faster.
package aftersale
