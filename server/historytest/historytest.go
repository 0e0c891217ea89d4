// Package historytest notes what several people do at once and what each is answered, and
// tells whether they could have been answered so had they come one after the other.
package historytest

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// History is of acts and their answers. It is safe for use by several goroutines.
type History[Act any, Answer comparable] struct {
	unknown []Answer
	began   time.Time

	mu  sync.Mutex
	ops []porcupine.Operation
}

// Begin begins a history. What is answered with unknown may have happened, and may not, at
// any time after it was asked.
func Begin[Act any, Answer comparable](unknown ...Answer) *History[Act, Answer] {
	return &History[Act, Answer]{unknown: unknown, began: time.Now()}
}

// Do notes acts that happen between a call and its answer, which is that of all of them.
func (h *History[Act, Answer]) Do(client int, do func() Answer, acts ...Act) Answer {
	call := time.Since(h.began).Nanoseconds()
	answer := do()
	back := time.Since(h.began).Nanoseconds()
	if slices.Contains(h.unknown, answer) {
		back = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range acts {
		h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: a, Call: call, Output: answer, Return: back})
	}
	return answer
}

// Check fails the test unless the history could have happened one act after the other. It
// keeps a picture of one that couldn't.
func (h *History[Act, Answer]) Check(t *testing.T, model porcupine.Model) {
	t.Helper()
	result, info := porcupine.CheckOperationsVerbose(model, h.ops, time.Minute)
	if result == porcupine.Ok {
		return
	}
	for _, op := range h.ops {
		t.Logf("%d: %12d to %19d: %+v → %+v", op.ClientId, op.Call, op.Return, op.Input, op.Output)
	}
	picture, err := os.Create(filepath.Join(t.ArtifactDir(), "history.html"))
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	if err := porcupine.Visualize(model, info, picture); err != nil {
		t.Fatal(err)
	}
	t.Fatalf("%d acts: %s; see %s", len(h.ops), result, picture.Name())
}
