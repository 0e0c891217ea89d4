package post

import (
	"context"
	"errors"
	"fmt"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

const selected = `id, kind, about, detail, address, state, tries, queued_at, due_at, done_at, problem`

func scan(row func(...any) error) (q Queued, err error) {
	var state string
	var queued, due, done int64
	err = row(&q.ID, &q.Kind, &q.About, &q.Detail, &q.To, &state, &q.Tries, &queued, &due, &done, &q.Problem)
	q.State, q.Queued, q.Due = State(state), time.UnixMilli(queued).UTC(), time.UnixMilli(due).UTC()
	if done != 0 {
		q.Done = time.UnixMilli(done).UTC()
	}
	return q, err
}

func list(ctx context.Context, q sqldb.Queryer, query string, args ...any) (found []Queued, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, stored(err, "reading the outbox")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		m, err := scan(rows.Scan)
		if err != nil {
			return nil, stored(err, "reading the outbox")
		}
		found = append(found, m)
	}
	return found, stored(rows.Err(), "reading the outbox")
}

// take takes mails that are due, up to so many, until the end of the lease. The
// condition stands twice, for the rival that waited on the first one's rows: it
// looks at them again when it may, and finds them taken.
func (p *Post) take(ctx context.Context, atMost int) (taken []Queued, err error) {
	now := p.Now()
	err = p.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		taken, err = list(ctx, tx, `update mail set due_at = $2, tries = tries + 1
			where state = 'waiting' and due_at <= $1
			and id in (select id from mail where state = 'waiting' and due_at <= $1 order by due_at, id limit $3)
			returning `+selected, now.UnixMilli(), now.Add(lease).UnixMilli(), atMost)
		return err
	})
	return taken, err
}

// due says whether there is anything to take.
func (p *Post) due(ctx context.Context) (bool, error) {
	var n int
	err := p.DB.Read().QueryRowContext(ctx, `select count(*) from (select id from mail where state = 'waiting' and due_at <= $1 limit 1) as due`,
		p.Now().UnixMilli()).Scan(&n)
	return n > 0, stored(err, "looking into the outbox")
}

// done notes that a mail was taken by the mail server, whoever has it now.
func (p *Post) done(ctx context.Context, m Queued, state State, problem string) error {
	err := p.DB.Exec(ctx, `update mail set state = $2, done_at = $3, problem = $4 where id = $1 and state = 'waiting'`,
		m.ID, string(state), p.Now().UnixMilli(), cut(problem))
	return stored(err, "noting what became of a mail")
}

// later puts a mail back, unless its lease ran out and somebody else has it.
func (p *Post) later(ctx context.Context, m Queued, at time.Time, problem string) error {
	err := p.DB.Exec(ctx, `update mail set due_at = $3, problem = $4 where id = $1 and tries = $2 and state = 'waiting'`,
		m.ID, m.Tries, at.UnixMilli(), cut(problem))
	return stored(err, "putting a mail back")
}

// About lists the mails about an order, oldest first.
func (p *Post) About(ctx context.Context, about string) ([]Queued, error) {
	return list(ctx, p.DB.Read(), `select `+selected+` from mail where about = $1 order by queued_at, id`, about)
}

// Status says how the outbox stands.
type Status struct {
	Waiting int       // not sent yet
	Failed  int       // given up
	Oldest  time.Time // when the oldest that waits was queued; zero when none does
}

// Status counts.
func (p *Post) Status(ctx context.Context) (s Status, err error) {
	var oldest int64
	err = p.DB.Read().QueryRowContext(ctx, `select count(*), coalesce(min(queued_at), 0) from mail where state = 'waiting'`).Scan(&s.Waiting, &oldest)
	if err == nil {
		err = p.DB.Read().QueryRowContext(ctx, `select count(*) from mail where state = 'failed'`).Scan(&s.Failed)
	}
	if oldest != 0 {
		s.Oldest = time.UnixMilli(oldest).UTC()
	}
	return s, stored(err, "counting the outbox")
}

// cut keeps what a mail server said within bounds, and makes a text of it: servers say
// things in any encoding, and PostgreSQL keeps no bytes that are none.
func cut(text string) string { return cutTo(clean(text), maxText) }

// stored gives a failed statement a kind.
func stored(err error, doing string) error {
	if err == nil {
		return nil
	}
	if sqldb.IsBusy(err) {
		return fault.Wrap(fault.Unavailable, err, "%s: the database is busy", doing)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
