// Package drain measures how long a gate's queue takes to reach the server, beside
// what no server can do without: checking the records' signatures and writing the
// rows. It has a benchmark only.
package drain
