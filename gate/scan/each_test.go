//go:build !race

package scan

// each is how many hard pictures of a family are read.
const each = 20
