package journals

import (
	"context"
	"errors"
	"fmt"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Arrived is a record with its number of arrival.
type Arrived struct {
	ID       int64 // higher for what came later; over all events
	Received time.Time
	*journal.Record
}

// Tail gives the event's records that arrived after the number, in order of
// arrival: at most limit. Start with 0.
func (j *Journals) Tail(ctx context.Context, event string, after int64, limit int) ([]Arrived, error) {
	return j.TailIn(ctx, j.db.Read(), event, after, limit)
}

// TailIn is Tail as q sees it.
func (j *Journals) TailIn(ctx context.Context, q sqldb.Queryer, event string, after int64, limit int) (list []Arrived, err error) {
	rows, err := q.QueryContext(ctx,
		`select id, received_at, bytes from record where event = $1 and id > $2 order by id limit $3`, event, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the journal of event %s after %d: %w", event, after, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var a Arrived
		var at int64
		var b []byte
		if err := rows.Scan(&a.ID, &at, &b); err != nil {
			return nil, fmt.Errorf("reading the journal of event %s after %d: %w", event, after, err)
		}
		if a.Record, err = journal.Parse(b); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "record %d in the journal of event %s is damaged", a.ID, event)
		}
		a.Received = time.UnixMilli(at).UTC()
		list = append(list, a)
	}
	return list, rows.Err()
}

// Admitted says whether a gate has let somebody in to the event, as q sees it. It
// looks at scans until it finds an admission.
func (j *Journals) Admitted(ctx context.Context, q sqldb.Queryer, event string) (found bool, err error) {
	rows, err := q.QueryContext(ctx, `select bytes from record where event = $1 and kind = $2 order by id`, event, int64(journal.KindScan))
	if err != nil {
		return false, fmt.Errorf("looking for admissions to event %s: %w", event, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return false, fmt.Errorf("looking for admissions to event %s: %w", event, err)
		}
		r, err := journal.Parse(b)
		if err != nil {
			return false, fault.Wrap(fault.Internal, err, "a scan in the journal of event %s is damaged", event)
		}
		if scan, err := journal.Read[journal.Scan](r); err == nil && scan.Result == "accept" && scan.Direction == "in" {
			return true, nil
		}
	}
	return false, rows.Err()
}

// EachOf calls do with every record of two kinds that only a server writes, in
// order of arrival, and stops at its first error. Whose they are is for the caller
// to ask.
func (j *Journals) EachOf(ctx context.Context, event string, one, other journal.Kind, do func(*journal.Record) error) (err error) {
	rows, err := j.db.Read().QueryContext(ctx,
		`select id, bytes from record where event = $1 and kind >= 16 and kind in ($2, $3) order by id`, event, int64(one), int64(other))
	if err != nil {
		return fmt.Errorf("reading the journal of event %s: %w", event, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id int64
		var b []byte
		if err := rows.Scan(&id, &b); err != nil {
			return fmt.Errorf("reading the journal of event %s: %w", event, err)
		}
		r, err := journal.Parse(b)
		if err != nil {
			return fault.Wrap(fault.Internal, err, "record %d in the journal of event %s is damaged", id, event)
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return rows.Err()
}
