package doors

import (
	"context"
	"strings"

	"usher/sync/fault"
)

// minNodePrefix is how much of a device's id names it, in hexadecimal digits.
const minNodePrefix = 4

// Device gives the one device of an event that a person means by text: its name or
// the beginning of its id. A name or beginning of several is refused; among devices
// of one name, the one whose enrolment goes on is meant.
func (d *Doors) Device(ctx context.Context, event, text string) (DeviceLine, error) {
	b, err := d.Board(ctx, event)
	if err != nil {
		return DeviceLine{}, err
	}
	var found, active []DeviceLine
	for _, line := range b.Devices {
		if line.Name != text && (len(text) < minNodePrefix || !strings.HasPrefix(line.Node.String(), strings.ToLower(text))) {
			continue
		}
		if found = append(found, line); !line.Expelled {
			active = append(active, line)
		}
	}
	if len(active) > 0 {
		found = active
	}
	switch len(found) {
	case 0:
		return DeviceLine{}, fault.New(fault.NotFound, "event %s has no device %.40q", event, text)
	case 1:
		return found[0], nil
	}
	return DeviceLine{}, fault.New(fault.BadInput, "%.40q is device %s at gate %s and device %s at gate %s: say which by its id",
		text, found[0].Node, found[0].Gate, found[1].Node, found[1].Gate)
}
