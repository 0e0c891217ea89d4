package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
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
