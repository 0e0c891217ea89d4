package ticketing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// ticketSelected are the columns that scanTicket reads, in its order.
var ticketSelected = strings.Join(ticketColumns, ", ")

func scanTicket(scan func(...any) error) (t Ticket, err error) {
	var id, state, kid string
	var changed int64
	err = scan(&t.Event, &id, &t.External, &t.Name, &t.Email, &t.Product, &t.Seat, &t.Zones, &t.NotBefore, &t.Expires, &t.Admissions,
		&t.Generation, &state, &t.Why, &changed, &kid, &t.Token,
		&t.Order, &t.Note, &t.Answers, &t.Unpaid, &t.Due, &t.Currency)
	if err != nil {
		return t, err
	}
	t.State, t.Changed = State(state), time.UnixMilli(changed).UTC()
	if t.ID, err = ticket.ParseID(id); err != nil {
		return t, fmt.Errorf("ticket %s of event %s: %w", id, t.Event, err)
	}
	if t.Key, err = keyring.ParseKeyID(kid); err != nil {
		return t, fmt.Errorf("ticket %s of event %s: %w", id, t.Event, err)
	}
	return t, nil
}

func each(ctx context.Context, q sqldb.Queryer, where string, args []any, do func(Ticket) error) error {
	rows, err := q.QueryContext(ctx, "select "+ticketSelected+" from ticket "+where, args...)
	if err != nil {
		return stored(err, "reading tickets")
	}
	defer rows.Close()
	for rows.Next() {
		t, err := scanTicket(rows.Scan)
		if err != nil {
			return stored(err, "reading tickets")
		}
		if err := do(t); err != nil {
			return err
		}
	}
	return stored(rows.Err(), "reading tickets")
}

// all reads tickets into a slice.
func all(ctx context.Context, q sqldb.Queryer, where string, args ...any) (list []Ticket, err error) {
	err = each(ctx, q, where, args, func(t Ticket) error {
		list = append(list, t)
		return nil
	})
	return list, err
}

func (t *Ticket) values() []any {
	return []any{
		t.Event, t.ID.String(), t.External, t.Name, t.Email, t.Product, t.Seat, t.Zones, t.NotBefore, t.Expires, t.Admissions,
		t.Generation, string(t.State), t.Why, t.Changed.UnixMilli(), t.Key.String(), t.Token,
		t.Order, t.Note, string(t.Answers), flag(t.Unpaid), t.Due, t.Currency,
	}
}

var ticketColumns = []string{
	"event", "id", "external_id", "name", "email", "product", "seat", "zones", "not_before", "expires", "admissions",
	"generation", "state", "why", "changed_at", "kid", "token",
	"order_code", "note", "answers", "unpaid", "due", "currency",
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

// stored gives a failed statement a kind; faults pass as they are.
func stored(err error, doing string, args ...any) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Wrap(fault.NotFound, err, "nothing found "+doing, args...)
	}
	return fault.Wrap(fault.Internal, err, "the database failed "+doing, args...)
}
