// Package calloff calls events off and moves them: what is sold is closed at once, and
// then everybody is told, money is sent back and tickets become void, batch by batch.
//
// # A job
//
// [Office.CallOff] and [Office.Move] change how the event stands and make a job of the
// rest, in one transaction. A job goes through the event's orders, then through tickets
// that no order of ours is of (imported ones, the box office's), and when it is called
// off once more through orders that were begun at the very last moment on a server that
// did not know yet. Each batch is one transaction that moves the job's mark, so a job
// that is cut short at any point goes on where it was, on any server or at the command
// line, and nothing is done twice or left out.
//
// # Money
//
// A batch asks for refunds and makes none: they are asked for at the provider by and by,
// [sales.RefundPace] a second, by whatever server runs. How far that is, [Progress] says.
package calloff

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/sync/fault"
)

const (
	// DefaultBatch is how many orders or tickets are worked off by one transaction.
	DefaultBatch = 200
	// lateAfter is how long after an event was closed orders may still be begun on
	// servers that have not heard of it.
	lateAfter = 3 * time.Second
	// maxWhy bounds a reason, in bytes.
	maxWhy = 100
)

// Phase is what a job is at.
type Phase string

// The phases, in their order.
const (
	Orders  Phase = "orders"
	Tickets Phase = "tickets" // that no order of ours is of
	Late    Phase = "late"    // orders that were begun at the last moment
	Done    Phase = "done"
)

// Job is an event that was called off or moved, and how far that is.
type Job struct {
	ID       string       `json:"id"`
	Event    string       `json:"event"`
	Number   int          `json:"number"` // of the event's jobs
	Fate     catalog.Fate `json:"fate"`
	Why      string       `json:"why"`
	Who      string       `json:"who"`
	Phase    Phase        `json:"phase"`
	Total    int          `json:"total"`   // orders there were
	Orders   int          `json:"orders"`  // gone through
	Tickets  int          `json:"tickets"` // voided
	Refunds  int          `json:"refunds"` // asked for
	Told     int          `json:"told"`    // mails to people who have a ticket and no order of ours
	Made     time.Time    `json:"made"`
	Changed  time.Time    `json:"changed"`
	Finished time.Time    `json:"finished,omitzero"`

	rev  int64
	mark mark
}

// mark is behind which order or ticket a job goes on.
type mark struct {
	sales.Mark
	Ticket string `json:"ticket,omitempty"`
}

// Config is what an Office stands on.
type Config struct {
	DB      *sqldb.DB
	Catalog *catalog.Catalog
	Sales   *sales.Sales
	Tickets *ticketing.Office
	Batch   int // DefaultBatch when 0
	Now     func() time.Time
	Log     *slog.Logger
}

// Office calls events off and moves them. It may be used by several goroutines, and by
// several servers over one database.
type Office struct {
	Config
	wake chan struct{} // holds one notice
}

// New makes an Office over a migrated database.
func New(cfg Config) *Office {
	cfg.Batch = cmp.Or(cfg.Batch, DefaultBatch)
	return &Office{Config: cfg, wake: make(chan struct{}, 1)}
}

// CallOff has an event not take place: it is closed at once, and the job of the rest is
// given. An event that is called off already gives the job that it has.
func (o *Office) CallOff(ctx context.Context, event, why, who string) (Job, error) {
	if err := checkWhy(why); err != nil {
		return Job{}, err
	}
	j := Job{Event: event, Fate: catalog.CalledOff, Why: why, Who: who}
	return o.begin(ctx, j, func(_ context.Context, _ *sqldb.Tx, e *catalog.Event, s *catalog.Standing) error {
		if e.CalledOff() {
			return errThere
		}
		return nil
	})
}

// Moving is when an event takes place instead.
type Moving struct {
	Starts, Ends int64 // Unix s
	Choose       int64 // until when buyers may give their tickets back for all of their price, Unix s; 0: they may not
	Why, Who     string
}

// Move has an event take place at another time: its sale is closed at once, its gates
// are told, and the job of telling everybody is given.
func (o *Office) Move(ctx context.Context, event string, m Moving) (Job, error) {
	now := o.Now()
	switch err := checkWhy(m.Why); {
	case err != nil:
		return Job{}, err
	case m.Starts <= now.Unix():
		return Job{}, fault.At(fault.BadInput, "starts", "an event is moved to a time to come")
	case m.Ends <= m.Starts:
		return Job{}, fault.At(fault.BadInput, "ends", "the event would end before it starts")
	case m.Choose != 0 && (m.Choose <= now.Unix() || m.Choose > m.Starts):
		return Job{}, fault.At(fault.BadInput, "choose", "buyers choose until a time between now and the new start")
	}
	j := Job{Event: event, Fate: catalog.Moved, Why: m.Why, Who: m.Who}
	return o.begin(ctx, j, func(ctx context.Context, tx *sqldb.Tx, e *catalog.Event, s *catalog.Standing) error {
		if e.CalledOff() {
			return fault.New(fault.Refused, "event %s was called off: it can't be moved any more", event)
		}
		if e.Starts == m.Starts && e.Ends == m.Ends {
			if e.Standing != nil && e.Standing.Fate == catalog.Moved {
				return errThere
			}
			return fault.At(fault.BadInput, "starts", "event %s starts and ends at these times already", event)
		}
		s.From, s.Choose = e.Starts, m.Choose
		return o.Catalog.MoveIn(ctx, tx, event, m.Starts, m.Ends)
	})
}

// Reopen has an event that was moved be sold again.
func (o *Office) Reopen(ctx context.Context, event string) error {
	err := o.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		e, err := o.Catalog.EventIn(ctx, tx, event)
		switch {
		case err != nil:
			return err
		case e.CalledOff():
			return fault.New(fault.Refused, "event %s was called off: nothing of it is sold any more", event)
		case !e.Closed():
			return nil
		}
		s := *e.Standing
		s.Closed = false
		return o.Catalog.StandIn(ctx, tx, event, &s)
	})
	o.Catalog.Forget(event)
	return stored(err, "opening the sale of event %s", event)
}

// errThere ends a transaction because there is such a job already.
var errThere = errors.New("there is such a job")

// begin closes an event and makes the job of the rest. prepare completes how it stands.
func (o *Office) begin(ctx context.Context, j Job, prepare func(context.Context, *sqldb.Tx, *catalog.Event, *catalog.Standing) error) (Job, error) {
	err := o.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		// Whoever does the same at this moment waits here.
		if _, err := tx.ExecContext(ctx, `update event set rev = rev where code = $1`, j.Event); err != nil {
			return err
		}
		e, err := o.Catalog.EventIn(ctx, tx, j.Event)
		if err != nil {
			return err
		}
		now := o.Now()
		s := &catalog.Standing{Fate: j.Fate, Why: j.Why, Since: now.Unix(), Closed: true}
		if err := prepare(ctx, tx, e, s); err != nil {
			return err
		}
		if err := o.Catalog.StandIn(ctx, tx, j.Event, s); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `select coalesce(max(number), 0) + 1 from calloff where event = $1`, j.Event).Scan(&j.Number); err != nil {
			return err
		}
		if j.Total, err = o.Sales.Count(ctx, tx, j.Event); err != nil {
			return err
		}
		j.ID = fmt.Sprintf("%s/%d", j.Event, j.Number)
		// What is unfinished of an earlier job is done by this one.
		if _, err := tx.ExecContext(ctx, `update calloff set phase = 'done', done_at = $2, changed_at = $2, rev = rev + 1 where event = $1 and done_at = 0`, j.Event, now.UnixMilli()); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `insert into calloff (id, event, number, fate, why, who, rev, phase, mark, total, orders, tickets, refunds, told, made_at, changed_at, done_at)
			values ($1, $2, $3, $4, $5, $6, 1, 'orders', '{}', $7, 0, 0, 0, 0, $8, $8, 0)`,
			j.ID, j.Event, j.Number, string(j.Fate), j.Why, j.Who, j.Total, now.UnixMilli())
		return err
	})
	o.Catalog.Forget(j.Event)
	if err != nil && !errors.Is(err, errThere) {
		return Job{}, stored(err, "closing event %s", j.Event)
	}
	o.Wake()
	return o.Job(ctx, j.Event)
}

func checkWhy(why string) error {
	if why == "" || len(why) > maxWhy || !printable(why) {
		return fault.At(fault.BadInput, "why", "please give a reason in one line of up to %d bytes: everybody reads it", maxWhy)
	}
	return nil
}
