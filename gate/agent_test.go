package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/gate/gatetest"
)

// A store that goes on failing is logged once, and again when it fails anew.
func TestFailingStoreIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	d := duty{log: slog.New(slog.NewTextHandler(&log, nil))}
	full := errors.New("the disk is full")
	for _, step := range []struct {
		err   error
		lines int
	}{{nil, 0}, {full, 1}, {full, 1}, {nil, 1}, {full, 2}, {fmt.Errorf("stopped: %w", context.Canceled), 2}, {full, 2}} {
		d.came(step.err)
		if got := strings.Count(log.String(), "\n"); got != step.lines {
			t.Errorf("after %v there are %d lines, want %d", step.err, got, step.lines)
		}
	}
}

// A journal file that a crash cut short, in or out, is not kept for ever, and no file of
// anybody else's is taken for one.
func TestSpoolBeginsEmpty(t *testing.T) {
	v := gatetest.New(t, time.Now(), nil)
	dir := v.Folder(t, v.Enrol(t, "handheld", gatetest.North))
	mine := filepath.Join(dir, "hand-over-north.journal")
	if err := os.WriteFile(mine, []byte("a person's"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // starts
		g, err := Open(t.Context(), Config{Data: dir})
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewAgent(g, listener); err != nil {
			t.Fatal(err)
		}
		if left, err := filepath.Glob(filepath.Join(dir, "*", "import-*")); err != nil || len(left) > 0 {
			t.Errorf("the agent keeps %v, %v", left, err)
		}
		if err := os.WriteFile(filepath.Join(g.spool(), "import-1.journal"), []byte("cut short"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(listener.Close(), g.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
}
