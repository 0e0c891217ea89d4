package calloff

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode"

	"usher/migrations/sqldb"
	"usher/server/sales"
	"usher/sync/fault"
)

const selected = `id, event, number, fate, why, who, rev, phase, mark, total, orders, tickets, refunds, told, made_at, changed_at, done_at`

func scan(row func(...any) error) (j Job, err error) {
	var at string
	var made, changed, done int64
	err = row(&j.ID, &j.Event, &j.Number, &j.Fate, &j.Why, &j.Who, &j.rev, &j.Phase, &at, &j.Total, &j.Orders, &j.Tickets, &j.Refunds, &j.Told, &made, &changed, &done)
	if err != nil {
		return j, err
	}
	j.Made, j.Changed = time.UnixMilli(made).UTC(), time.UnixMilli(changed).UTC()
	if done != 0 {
		j.Finished = time.UnixMilli(done).UTC()
	}
	if err := json.Unmarshal([]byte(at), &j.mark); err != nil {
		return j, fault.Wrap(fault.Internal, err, "job %s in the database is damaged", j.ID)
	}
	return j, nil
}

// Job gives an event's newest job; fault.NotFound where it has none.
func (o *Office) Job(ctx context.Context, event string) (Job, error) {
	j, err := scan(o.DB.Read().QueryRowContext(ctx, `select `+selected+` from calloff where event = $1 order by number desc limit 1`, event).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return j, fault.New(fault.NotFound, "event %.40q was neither called off nor moved", event)
	}
	return j, stored(err, "reading the job of event %s", event)
}

// unfinished lists the jobs that are not done, the oldest first.
func (o *Office) unfinished(ctx context.Context) (list []Job, err error) {
	rows, err := o.DB.Read().QueryContext(ctx, `select `+selected+` from calloff where done_at = 0 order by made_at, id`)
	if err != nil {
		return nil, stored(err, "looking for jobs")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		j, err := scan(rows.Scan)
		if err != nil {
			return nil, stored(err, "looking for jobs")
		}
		list = append(list, j)
	}
	return list, stored(rows.Err(), "looking for jobs")
}

// Progress is a job with how far its money has come.
type Progress struct {
	Job
	Back []sales.StageSum `json:"back,omitempty"`
}

// Progress gives an event's newest job and how far its money has come.
func (o *Office) Progress(ctx context.Context, event string) (p Progress, err error) {
	if p.Job, err = o.Job(ctx, event); err != nil {
		return p, err
	}
	p.Back, err = o.Sales.BackOf(ctx, event)
	return p, err
}

// Settled says whether nothing is left to be done: the job is done, and no refund waits
// for its provider.
func (p *Progress) Settled() bool {
	for _, b := range p.Back {
		if b.Stage == sales.Asked || b.Stage == sales.Trying {
			return false
		}
	}
	return p.Phase == Done
}

// claim moves a job's rev, in a batch's transaction: one that somebody else has moved is
// errMoved.
func (j *Job) claim(ctx context.Context, tx *sqldb.Tx) error {
	done, err := tx.ExecContext(ctx, `update calloff set rev = rev + 1 where id = $1 and rev = $2 and done_at = 0`, j.ID, j.rev)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errMoved)
	}
	return nil
}

// errMoved ends a batch that somebody else does at this moment.
var errMoved = errors.New("somebody else works at this job")

// keep writes how far a job is.
func (j *Job) keep(ctx context.Context, tx *sqldb.Tx, now time.Time) error {
	at, err := json.Marshal(&j.mark)
	if err != nil {
		return fmt.Errorf("writing the mark of a job: %w", err)
	}
	var done int64
	if j.Phase == Done {
		done = now.UnixMilli()
	}
	_, err = tx.ExecContext(ctx, `update calloff set phase = $2, mark = $3, orders = $4, tickets = $5, refunds = $6, told = $7, changed_at = $8, done_at = $9 where id = $1`,
		j.ID, string(j.Phase), string(at), j.Orders, j.Tickets, j.Refunds, j.Told, now.UnixMilli(), done)
	return err
}

// stored gives a failed statement a kind; faults pass as they are.
func stored(err error, doing string, args ...any) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	doing = fmt.Sprintf(doing, args...)
	if sqldb.IsBusy(err) {
		return fault.Wrap(fault.Unavailable, err, "%s: the database is busy", doing)
	}
	return fault.Wrap(fault.Internal, err, "%s failed", doing)
}

func printable(text string) bool {
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
