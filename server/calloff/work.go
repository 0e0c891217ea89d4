package calloff

import (
	"context"
	"errors"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/sales"
	"usher/server/ticketing"
)

// look is how often a server looks for jobs that nobody told it of.
const look = time.Second

// Wake has Run look for jobs at once.
func (o *Office) Wake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Run works off jobs until ctx ends.
func (o *Office) Run(ctx context.Context) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	failing := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-o.wake:
		}
		switch err := o.WorkOff(ctx); {
		case err == nil:
			failing = ""
		case ctx.Err() == nil && err.Error() != failing:
			failing = err.Error()
			o.Log.ErrorContext(ctx, "a job about an event can't be worked off", "error", err)
		}
	}
}

// WorkOff works at all jobs as far as that goes now.
func (o *Office) WorkOff(ctx context.Context) error {
	jobs, err := o.unfinished(ctx)
	if err != nil {
		return err
	}
	var all []error
	for _, j := range jobs {
		for more := true; more && err == nil; {
			if more, err = o.Step(ctx, j.Event); ctx.Err() != nil {
				return ctx.Err()
			}
		}
		all, err = append(all, err), nil
	}
	return errors.Join(all...)
}

// Step does one batch of an event's newest job, and says whether there is more to be
// done at once: there is not when it is done, has to wait a moment, or somebody else is
// at it.
func (o *Office) Step(ctx context.Context, event string) (more bool, err error) {
	j, err := o.Job(ctx, event)
	if err != nil || j.Phase == Done {
		return false, err
	}
	switch j.Phase {
	case Orders:
		more, err = o.orders(ctx, &j)
	case Tickets:
		more, err = o.tickets(ctx, &j)
	case Late:
		more, err = o.late(ctx, &j)
	}
	if errors.Is(err, errMoved) {
		return false, nil
	}
	return more, err
}

// batchOf is what a job's batches have in common.
func (o *Office) batchOf(j *Job) sales.Batch {
	// The first one waits as well, so that nobody is paid before all is closed.
	start, asked := j.Made.Add(lateAfter), j.Refunds
	return sales.Batch{
		Job: j.ID, Event: j.Event, Moved: j.Fate == catalog.Moved, Most: o.Batch, Why: j.Why, Who: j.Who,
		Due:   func(n int) time.Time { return start.Add(time.Duration(asked+n) * time.Second / sales.RefundPace) },
		First: j.claim,
	}
}

// orders goes through the next orders.
func (o *Office) orders(ctx context.Context, j *Job) (bool, error) {
	b := o.batchOf(j)
	b.After = j.mark.Mark
	b.Last = func(ctx context.Context, tx *sqldb.Tx, e sales.Ended) error {
		next := *j
		next.add(e)
		if e.Orders > 0 {
			next.mark.Mark = e.Next
		}
		if !e.More {
			next.Phase = Tickets
		}
		return next.keep(ctx, tx, o.Now())
	}
	_, err := o.Sales.EndBatch(ctx, b)
	return err == nil, err
}

// add counts what a batch came to.
func (j *Job) add(e sales.Ended) {
	j.Orders += e.Orders
	j.Tickets += e.Tickets
	j.Refunds += e.Refunds
}

// tickets goes through the next tickets that no order of ours is of.
func (o *Office) tickets(ctx context.Context, j *Job) (bool, error) {
	b := o.batchOf(j)
	err := o.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		if err := j.claim(ctx, tx); err != nil {
			return err
		}
		next := *j
		list, err := o.Tickets.AfterIn(ctx, tx, j.Event, j.mark.Ticket, o.Batch)
		if err != nil {
			return err
		}
		if len(list) < o.Batch {
			next.Phase = Done
			if !b.Moved {
				next.Phase, next.mark = Late, mark{}
			}
		} else {
			next.mark.Ticket = list[len(list)-1].ID.String()
		}
		if list, err = o.others(ctx, tx, list); err != nil {
			return err
		}
		told, err := o.Sales.TellHolders(ctx, tx, b, list)
		if err != nil {
			return err
		}
		next.Told += told
		if !b.Moved && len(list) > 0 {
			if err := o.Tickets.VoidIn(ctx, tx, j.Event, idsOf(list), ticketing.Cancelled, j.Why); err != nil {
				return err
			}
			next.Tickets += len(list)
		}
		return next.keep(ctx, tx, o.Now())
	})
	if err == nil {
		o.Sales.Post.Wake()
	}
	return err == nil, stored(err, "going through the tickets of event %s", j.Event)
}

// others leaves those tickets that no order of ours is of.
func (o *Office) others(ctx context.Context, tx *sqldb.Tx, list []ticketing.Ticket) (others []ticketing.Ticket, err error) {
	var codes []string
	for i := range list {
		if list[i].Order != "" {
			codes = append(codes, list[i].Order)
		}
	}
	sold, err := o.Sales.Sold(ctx, tx, codes)
	for i := range list {
		if !sold[list[i].Order] {
			others = append(others, list[i])
		}
	}
	return others, err
}

func idsOf(list []ticketing.Ticket) []ticket.ID {
	ids := make([]ticket.ID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids
}

// late ends orders that were begun or paid when the rest were gone through. It is the
// last word only once every server has heard that nothing is sold.
func (o *Office) late(ctx context.Context, j *Job) (bool, error) {
	if o.Now().Before(j.Made.Add(lateAfter)) {
		return false, nil
	}
	more := false
	b := o.batchOf(j)
	b.Left, b.After = true, j.mark.Mark
	b.Last = func(ctx context.Context, tx *sqldb.Tx, e sales.Ended) error {
		next := *j
		next.Tickets += e.Tickets
		next.Refunds += e.Refunds
		if e.Orders > 0 {
			next.mark.Mark = e.Next
		}
		if more = e.More; !more {
			next.Phase = Done
		}
		return next.keep(ctx, tx, o.Now())
	}
	_, err := o.Sales.EndBatch(ctx, b)
	return err == nil && more, err
}
