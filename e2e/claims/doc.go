// Package claims tests that a ticket held before two doors in the same instant lets one
// person in while both are linked to the server, and that asking the server keeps nobody
// out, whatever becomes of it: real gates, a real server, and connections that fail.
package claims
