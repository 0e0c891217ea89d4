// Package crash kills real processes of usher with SIGKILL, at random and at every
// point of the scan path, and looks at what their disks hold afterwards: no green
// without its record, no record lost, every chain whole. It has tests only.
package crash
