package rig

import (
	"context"
	"log/slog"
	"testing"

	"usher/cmd/usher/demo"
)

// Demo runs what usher demo runs, a server that sells and two doors, until the test ends.
func Demo(t *testing.T) demo.Place {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	places, ended := make(chan demo.Place, 1), make(chan error, 1)
	dir := t.TempDir()
	go func() {
		ended <- demo.Run(ctx, demo.Config{Data: dir, People: 20, Log: slog.New(slog.DiscardHandler), Step: func(string, int, int) {}},
			func(p demo.Place) { places <- p })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	select {
	case p := <-places:
		return p
	case err := <-ended:
		ended <- nil
		t.Fatalf("the demo ended before it was ready: %v", err)
		return demo.Place{}
	}
}
