//go:build unix

package main

import (
	"syscall"
	"testing"
)

// Who runs a server may take it out and put it back without stopping it.
func TestDrainSignals(t *testing.T) {
	heard := make(chan string)
	stop := onDrainSignals(func() { heard <- "out" }, func() { heard <- "back" })
	defer stop()
	for _, c := range []struct {
		signal syscall.Signal
		want   string
	}{{syscall.SIGUSR1, "out"}, {syscall.SIGUSR2, "back"}, {syscall.SIGUSR1, "out"}} {
		if err := syscall.Kill(syscall.Getpid(), c.signal); err != nil {
			t.Fatal(err)
		}
		if got := <-heard; got != c.want {
			t.Errorf("%v has it %q, want %q", c.signal, got, c.want)
		}
	}
}
