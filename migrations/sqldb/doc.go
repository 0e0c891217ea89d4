// Package sqldb opens usher's databases: a SQLite file with one writer and a pool of
// readers, or a PostgreSQL database with a pool of each. Both give the same [DB]:
// transactions that are tried again when another was in the way, and errors that
// say what kind of trouble it was. Nothing else imports a driver.
//
// # One text, two engines
//
// SQL that runs unchanged on both is plain, in lower case, with $1 placeholders:
// upserts with excluded, on conflict do nothing, returning. It does without like,
// casts, now(), booleans and for update, and orders explicitly. What only one can
// do well (an array as an argument, many rows in one round trip) asks
// [DB.Engine], and both ways stand side by side behind one function.
//
// # What differs
//
// SQLite runs one transaction at a time. On PostgreSQL several run side by side at
// READ COMMITTED: whoever reads, decides and writes first updates the row that
// stands for the whole, and rivals wait there. A transaction's rows have to be
// closed before its next statement, as PostgreSQL has one connection for both.
//
// What costs on PostgreSQL is each round trip, during which a transaction's rows are
// kept from others. A transaction begins with its first statement, and what it only
// writes goes along with the next thing that it asks, or with the commit: see
// [Tx.Later].
//
// A server can be lost, a file can't: see [IsUnreachable]. All that then fails says
// fault.Unavailable.
package sqldb
