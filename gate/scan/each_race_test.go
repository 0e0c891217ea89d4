//go:build race

package scan

// each is how many hard pictures of a family are read. The race detector makes
// arithmetic on pixels ten times slower, and there is nothing to race in it.
const each = 4
