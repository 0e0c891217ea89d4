//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// onDrainSignals calls begin at SIGUSR1 and end at SIGUSR2, until what it gives is
// called.
func onDrainSignals(begin, end func()) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range signals {
			if s == syscall.SIGUSR1 {
				begin()
			} else {
				end()
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-done
	}
}
