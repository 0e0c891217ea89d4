// Package migrations holds the tables of usher's databases and brings a database
// up to date with the binary that opens it.
//
// # What is where
//
// There are two sets of tables: a gate's ([Gate]), always in SQLite, and the
// server's ([Server]), written once for each [Engine] with equal file names.
//
//	gate/0001_store.sql
//	server/sqlite/0001_keys.sql
//	server/postgres/0001_keys.sql
//
// The two texts of a file make the same tables, columns and indexes, which a test
// compares: bigint for integer, bytea for blob, and for text the collation "C",
// which orders by bytes as SQLite does, whatever the database's own is.
//
// The files are part of the binary. A file that was released is never changed
// again and never removed, and there is no way back: a mistake is mended by the
// next file. A database that a newer binary wrote is refused with an error of
// fault.Newer and left as it is. So is one that holds the other set.
//
// # Adding one
//
// Take the next free number of the set, four digits, an underscore and a word or
// two on what it is about. Begin with a line that says
//
//	-- +goose Up
//
// and write plain lower-case SQL after it. A comment above each table says what a
// row is; one beside a column says what its name and type don't (the unit, what 0
// or an empty text mean). Then:
//
//   - Tables of SQLite are strict. There is no boolean: 0 and 1 are numbers.
//   - Instants are Unix milliseconds, money is minor units, ids are text made in
//     Go. STYLE of the whole: nothing that only one engine has.
//   - What must hold is a constraint, not a hope: not null, check, unique.
//   - Whatever a file does is one transaction: no file turns that off.
//   - Statements that hold semicolons (triggers) stand between lines that say
//     -- +goose StatementBegin and -- +goose StatementEnd.
//   - Numbers must be applied in order: one that is lower than what a database
//     has already is refused.
//
// The tests of this package check what can be checked of that.
//
// # Two processes at once
//
// goose reads what is missing and then applies it, and has no lock on SQLite: of
// two processes that start at the same moment, both would apply the same file
// (github.com/pressly/goose, issue 1022). Here the number of a file is a primary
// key that is written in the transaction that applies it. Of two, one fails as a
// whole, sees that somebody else got further, and goes on from there. On
// PostgreSQL, where whole statements that make tables trip over one another, the
// second waits for the first.
package migrations
