package ticketing

import (
	"cmp"
	"context"
	"slices"

	"usher/sync/fault"
)

// amendable are the columns that Amend takes.
var amendable = []column{colProduct, colSeat, colZone, colFrom, colUntil, colAdmissions}

// Amend changes what the ticket's code says, in one step and with one new code.
// row says it in the words of a list, by the names of its columns: product, seat,
// zone, valid_from, valid_until, admissions. A column that is not there stays as it
// is; an empty one means what it means in a list, and a product always has to be
// named. The error names the first column that is wrong. A row that changes nothing
// makes no new code.
func (o *Office) Amend(ctx context.Context, t Ticket, row map[string]string, why string) (Ticket, error) {
	for name := range row {
		if !slices.Contains(amendable, column(name)) {
			return t, fault.At(fault.BadInput, name, "is nothing that a ticket's code says")
		}
	}
	e, err := o.catalog.Event(ctx, t.Event)
	if err != nil {
		return t, err
	}
	rd, err := newReader(&e.Event)
	if err != nil {
		return t, err
	}
	probe := t
	if err := amend(&probe, rd, row); err != nil {
		return t, err
	}
	if sameClaims(probe, t) {
		return t, nil
	}
	return o.rewrite(ctx, t, why, func(t *Ticket) error { return amend(t, rd, row) })
}

// amend writes what row says into the ticket.
func amend(t *Ticket, rd *reader, row map[string]string) error {
	var wrong *fault.Error
	blame := func(c column, format string, args ...any) {
		wrong = cmp.Or(wrong, fault.At(fault.BadInput, string(c), format, args...))
	}
	for _, c := range amendable { // in their order, so that the first error is the same each time
		text, there := row[string(c)]
		if !there {
			continue
		}
		switch c {
		case colProduct:
			t.Product = rd.product(text, blame)
		case colSeat:
			checkSeat(text, blame)
			t.Seat = text
		case colZone:
			t.Zones = rd.zoneMask(text, blame)
		case colFrom:
			t.NotBefore = rd.instant(c, text, blame)
		case colUntil:
			t.Expires = rd.instant(c, text, blame)
		case colAdmissions:
			t.Admissions = admissions(text, blame)
		}
	}
	if wrong == nil && t.Expires != 0 && t.NotBefore >= t.Expires {
		blame(colUntil, "is not after valid_from")
	}
	if wrong != nil {
		return wrong
	}
	return nil
}

// sameClaims reports whether two states of a ticket say the same in its code.
func sameClaims(a, b Ticket) bool {
	return a.Product == b.Product && a.Seat == b.Seat && a.Zones == b.Zones &&
		a.NotBefore == b.NotBefore && a.Expires == b.Expires && a.Admissions == b.Admissions
}
