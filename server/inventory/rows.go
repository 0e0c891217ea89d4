package inventory

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

const holdColumns = `id, event, owner, lines, until, extended, state`

// scanHold reads a row of holdColumns.
func scanHold(scan func(...any) error) (Hold, error) {
	var h Hold
	var lines string
	var until int64
	if err := scan(&h.ID, &h.Event, &h.Owner, &lines, &until, &h.Extended, &h.State); err != nil {
		return Hold{}, err
	}
	h.Until = time.UnixMilli(until)
	if err := json.Unmarshal([]byte(lines), &h.Lines); err != nil {
		return Hold{}, fmt.Errorf("the lines of hold %s are damaged: %w", h.ID, err)
	}
	return h, nil
}

// linesText writes lines as they are kept.
func linesText(lines []Line) string {
	b, err := json.Marshal(lines)
	if err != nil {
		panic(err) // texts and numbers can always be written
	}
	return string(b)
}

// each runs a query and calls do for every row.
func each(ctx context.Context, q sqldb.Queryer, do func(scan func(...any) error) error, query string, args ...any) (err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := do(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// params collects the values of a statement's placeholders.
type params []any

// one adds a value and gives its placeholder.
func (p *params) one(value any) string {
	*p = append(*p, value)
	return fmt.Sprintf("$%d", len(*p))
}

// list adds values and gives their placeholders for an in (...). The last stands
// there several times, up to a power of two, so that there are few different texts.
func (p *params) list(values []string) string {
	var b strings.Builder
	for i := range 1 << bits.Len(uint(len(values)-1)) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.one(values[min(i, len(values)-1)]))
	}
	return b.String()
}

// chunk is how many values go into one statement.
const chunk = 128

// stored gives an error of the database the kind that its receiver can act on.
func stored(err error, doing string, args ...any) error {
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return fault.Wrap(fault.NotFound, err, "nothing found "+doing, args...)
	case sqldb.IsBusy(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fault.Wrap(fault.Unavailable, err, "the database is too busy "+doing+"; try again in a moment", args...)
	}
	return fault.Wrap(fault.Internal, err, "the database failed "+doing, args...)
}
