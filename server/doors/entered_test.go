package doors

import (
	"slices"
	"testing"

	"usher/crypto/grant"
	"usher/crypto/ticket"
	"usher/sync/fault"
)

// A ticket counts as entered once the gate has told so, and not before; one that
// nobody came in with never does.
func TestEntered(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		north := w.enrol("n", "north", grant.RoleScanner)
		north.sync()
		north.admit("1")
		ask := func() []ticket.ID {
			list, err := w.Entered(t.Context(), event, w.tickets["0"].ID, w.tickets["1"].ID)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		if list := ask(); len(list) != 0 {
			t.Errorf("before the gate has told: %v", list)
		}
		north.sync()
		w.board() // waits until the server has followed
		if list := ask(); !slices.Equal(list, []ticket.ID{w.tickets["1"].ID}) {
			t.Errorf("after that: %v", list)
		}
		if _, err := w.Entered(t.Context(), "NIGHT-9", w.tickets["1"].ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("of an event that is none: %v", err)
		}
	})
}
