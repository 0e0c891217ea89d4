package ticketing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"usher/sync/fault"
)

// Attendee reads one person as a row of a list says it: what stands in its
// columns, by their names. The error names the first column that is wrong.
func (o *Office) Attendee(ctx context.Context, event string, row map[string]string) (Attendee, error) {
	for name := range row {
		if c := column(name); !slices.Contains(needed, c) && !slices.Contains(optional, c) {
			return Attendee{}, fault.At(fault.BadInput, name, "a list has no such column")
		}
	}
	e, err := o.catalog.Event(ctx, event)
	if err != nil {
		return Attendee{}, err
	}
	rd, err := newReader(&e.Event)
	if err != nil {
		return Attendee{}, err
	}
	var wrong *fault.Error
	blame := func(c column, format string, args ...any) {
		wrong = cmp.Or(wrong, fault.At(fault.BadInput, string(c), format, args...))
	}
	a := rd.attendee(func(c column) string { return row[string(c)] }, blame)
	if wrong != nil {
		return Attendee{}, wrong
	}
	return a, nil
}

// Bound says which end of a ticket's window a time is.
type Bound string

// The bounds, called after the columns of a list.
const (
	From  = Bound(colFrom)
	Until = Bound(colUntil)
)

// Instant reads a time as it stands in a list, Unix s; "" gives 0. A time without
// an offset is local to the zone. A day alone is all of it: From gives its
// beginning, Until its end. The error names the bound.
func Instant(text string, b Bound, zone *time.Location) (at int64, err error) {
	rd := reader{location: zone}
	at = rd.instant(column(b), text, func(c column, format string, args ...any) {
		err = fault.At(fault.BadInput, string(c), "%s", fmt.Sprintf(format, args...))
	})
	return at, err
}
