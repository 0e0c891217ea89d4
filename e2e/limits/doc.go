// Package limits measures what the server does for many beside the raw limit of
// the same machine in the same run, and prints the ratio. It has benchmarks only;
// docs/performance.md has the figures.
package limits
