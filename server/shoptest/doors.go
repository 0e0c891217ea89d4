package shoptest

import (
	"context"
	"slices"
	"sync"

	"usher/crypto/ticket"
)

// Doors are what the gates have told of: who came in.
type Doors struct {
	mu   sync.Mutex
	came []ticket.ID
}

// Admit lets somebody in with a ticket.
func (d *Doors) Admit(id ticket.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.came = append(d.came, id)
}

// Entered gives those of some tickets that somebody came in with.
func (d *Doors) Entered(_ context.Context, _ string, ids ...ticket.ID) ([]ticket.ID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(ids), func(id ticket.ID) bool { return !slices.Contains(d.came, id) }), nil
}
