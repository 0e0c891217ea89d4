package doors

import (
	"strings"
	"testing"

	"usher/crypto/grant"
	"usher/sync/fault"
)

// A person names a device by its name or by the beginning of its id.
func TestDevice(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		north := w.enrol("handheld", "north", grant.RoleScanner)
		twin, other := w.enrolAs("t1", "twin", "north", grant.RoleScanner), w.enrolAs("t2", "twin", "south", grant.RoleScanner)
		for _, text := range []string{"handheld", north.Node.String(), north.Node.String()[:8], strings.ToUpper(north.Node.String())} {
			if line, err := w.Device(t.Context(), event, text); err != nil || line.Node != north.Node || line.Gate != "north" {
				t.Errorf("%q is %+v, %v", text, line, err)
			}
		}
		for _, text := range []string{"", "n", "nobody", north.Node.String()[:3], north.Server.String()} {
			if line, err := w.Device(t.Context(), event, text); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%q is %+v, %v", text, line, err)
			}
		}
		if _, err := w.Device(t.Context(), event, "twin"); fault.KindOf(err) != fault.BadInput || !strings.Contains(err.Error(), other.Node.String()) {
			t.Errorf("one of two: %v", err)
		}
		if err := w.Retire(t.Context(), event, twin.Node, "shift over"); err != nil {
			t.Fatal(err)
		}
		w.settle()
		if line, err := w.Device(t.Context(), event, "twin"); err != nil || line.Node != other.Node {
			t.Errorf("of two, the one that goes on: %+v, %v", line, err)
		}
		line, err := w.Device(t.Context(), event, twin.Node.String())
		if err != nil || !line.Retiring || !line.Expelled || line.Why != "shift over" {
			t.Errorf("the one that was ended: %+v, %v", line, err)
		}
		if _, err := w.Device(t.Context(), "NOWHERE", "twin"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("of no event: %v", err)
		}
	})
}
