//go:build !unix

package main

// onDrainSignals does nothing: there are no such signals here.
func onDrainSignals(begin, end func()) (stop func()) { return func() {} }
