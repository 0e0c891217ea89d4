// Package migrations holds the tables of usher's databases and brings a database
// up to date with the binary that opens it.
package migrations
