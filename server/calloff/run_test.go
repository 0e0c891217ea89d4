package calloff_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/server/calloff"
)

// said is a log that is read while it is written.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.text.String(), what)
}

// What goes on failing is logged once, and again when it fails after it went well.
func TestFailuresAreLogged(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		log := new(said)
		w.Office.Log = slog.New(slog.NewTextHandler(log, nil))
		until := func(what string, so func() bool) {
			t.Helper()
			for end := time.Now().Add(time.Minute); !so(); time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("waited for %s in vain; logged is %s", what, &log.text)
				}
			}
		}
		if _, err := w.Move(t.Context(), event, calloff.Moving{Starts: w.Time.Now().Add(60 * 24 * time.Hour).Unix(), Ends: w.Time.Now().Add(61 * 24 * time.Hour).Unix(), Why: "storm", Who: "organiser"}); err != nil {
			t.Fatal(err)
		}
		stands := func(mark string) {
			t.Helper()
			if err := w.DB.Exec(t.Context(), `update calloff set mark = $1, phase = 'orders', done_at = 0`, mark); err != nil {
				t.Fatal(err)
			}
			w.Wake()
		}
		stands("{")
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { w.Office.Run(ctx) })
		defer running.Wait()
		defer stop()
		for n := range 3 {
			until("the damage to be logged", func() bool { return log.count("is damaged") == n+1 })
			stands("{}")
			until("the job to be done", func() bool { j, err := w.Job(t.Context(), event); return err == nil && j.Phase == calloff.Done })
			w.Wake()
			until("that to have gone well", w.Heard)
			stands("{")
		}
	})
}
