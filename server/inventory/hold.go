package inventory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Look gives a hold, in whatever state it is; fault.NotFound when there is none.
func (s *Stock) Look(ctx context.Context, id string) (Hold, error) {
	if err := checkID(id); err != nil {
		return Hold{}, err
	}
	return look(ctx, s.db.Read(), id)
}

func look(ctx context.Context, q sqldb.Queryer, id string) (Hold, error) {
	h, err := scanHold(q.QueryRowContext(ctx, `select `+holdColumns+` from hold where id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Hold{}, fault.New(fault.NotFound, "there is no hold %q", id)
	}
	return h, stored(err, "reading hold %s", id)
}

// Release gives the places of a hold back at once. One that was given back already
// stays so; one that was sold is fault.Refused, as its places come back by ReturnIn.
func (s *Stock) Release(ctx context.Context, id string) error {
	h, err := s.Look(ctx, id)
	if err != nil || h.State == Released || h.State == Expired {
		return err
	}
	a := &ask{end: []string{id}, as: Released, done: make(chan struct{})}
	if h.State == Held {
		if err := s.ask(ctx, h.Event, a); err != nil {
			return err
		}
	}
	if a.back == 0 { // somebody else ended it first
		if h, err = s.Look(ctx, id); err != nil {
			return err
		}
		if h.State == Sold {
			return fault.New(fault.Refused, "the places of hold %s are sold", id)
		}
	}
	return nil
}

// Extend moves the end of a hold once. Asked again for the same time it gives the
// hold as it is; a second extension is fault.Refused, a hold that is over ErrGone
// or, when it was released or sold, fault.Refused.
func (s *Stock) Extend(ctx context.Context, id string, until time.Time) (Hold, error) {
	if err := errors.Join(checkID(id), checkUntil(s.now(), until, MaxHold)); err != nil {
		return Hold{}, err
	}
	var h Hold
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		h, err = change(ctx, tx, s.now(), id, `until = $3, extended = extended + 1`, `extended = 0 and until < $3`, until.UnixMilli())
		if err == nil && h.Until.UnixMilli() != until.UnixMilli() {
			err = fault.New(fault.Refused, "the time of hold %s was extended before, or is longer already", id)
		}
		return err
	})
	return h, stored(err, "extending hold %s", id)
}

// KeepIn moves the end of a hold in the caller's transaction, for an order that is
// paid later: to its due date. It may be moved again.
func (s *Stock) KeepIn(ctx context.Context, tx *sqldb.Tx, id string, until time.Time) (Hold, error) {
	if err := errors.Join(checkID(id), checkUntil(s.now(), until, MaxKeep)); err != nil {
		return Hold{}, err
	}
	h, err := change(ctx, tx, s.now(), id, `until = $3`, ``, until.UnixMilli())
	return h, stored(err, "keeping hold %s", id)
}

// LetGoIn has the time of a hold be over from now on, in the caller's transaction: its
// places go back by themselves, whoever dies before they are released. One that is over,
// or sold, stays as it is.
func (s *Stock) LetGoIn(ctx context.Context, tx *sqldb.Tx, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	return tx.Later(ctx, sqldb.Call{
		Query: `update hold set until = $2, changed_at = $2 where id = $1 and state = 'held' and until > $2`, Args: []any{id, s.now().UnixMilli()},
		Wrap: func(err error) error { return stored(err, "letting go of hold %s", id) },
	})
}

// SellIn turns a hold into a sale in the caller's transaction. A hold whose time is
// over and whose places were not given back yet is sold too. ErrGone when they
// were; a hold that is sold already stays so, and is no error.
func (s *Stock) SellIn(ctx context.Context, tx *sqldb.Tx, id string) (Hold, error) {
	sale, err := s.SellLater(ctx, tx, id)
	if err != nil {
		return Hold{}, err
	}
	return sale.Done(ctx)
}

// Sale is a hold that is being sold.
type Sale struct {
	tx    *sqldb.Tx
	id    string
	hold  Hold
	found bool
}

// SellLater is SellIn by Tx.Later: the sale says after the flush how it went.
func (s *Stock) SellLater(ctx context.Context, tx *sqldb.Tx, id string) (*Sale, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	sale := &Sale{tx: tx, id: id}
	return sale, tx.Later(ctx, sqldb.Call{
		Query: changed(`state = 'sold'`, ``), Args: []any{id, s.now().UnixMilli()},
		Each: func(rows *sql.Rows) (err error) {
			sale.found = true
			sale.hold, err = scanHold(rows.Scan)
			return err
		},
		Wrap: func(err error) error { return stored(err, "selling hold %s", id) },
	})
}

// Done gives the hold, and the errors of SellIn.
func (s *Sale) Done(ctx context.Context) (Hold, error) {
	if s.found {
		return s.hold, nil
	}
	if err := s.tx.Flush(ctx); err != nil || s.found {
		return s.hold, err
	}
	h, err := unchanged(ctx, s.tx, s.id)
	if errors.Is(err, errSold) {
		return h, nil
	}
	return h, stored(err, "selling hold %s", s.id)
}

// errSold says that a hold is sold, where that is in the way.
var errSold = fault.New(fault.Refused, "these places are sold already")

// change sets columns of a hold that is held, if the condition holds too, and gives
// the hold as it then is. A hold that is not held any more gives an error.
func change(ctx context.Context, tx *sqldb.Tx, now time.Time, id, set, condition string, args ...any) (Hold, error) {
	row := tx.QueryRowContext(ctx, changed(set, condition), append([]any{id, now.UnixMilli()}, args...)...)
	h, err := scanHold(row.Scan)
	if !errors.Is(err, sql.ErrNoRows) {
		return h, err
	}
	return unchanged(ctx, tx, id)
}

// changed is the statement of change.
func changed(set, condition string) string {
	query := `update hold set changed_at = $2, ` + set + ` where id = $1 and state = 'held'`
	if condition != "" {
		query += ` and ` + condition
	}
	return query + ` returning ` + holdColumns
}

// unchanged gives a hold that could not be changed, and says why.
func unchanged(ctx context.Context, tx *sqldb.Tx, id string) (Hold, error) {
	h, err := look(ctx, tx, id)
	if err != nil {
		return Hold{}, err
	}
	switch h.State {
	case Sold:
		return h, errSold
	case Expired:
		return h, ErrGone
	case Released:
		return h, fault.New(fault.Refused, "the places were given back")
	}
	return h, nil
}

// Expire gives back the places of holds whose time is over, and says how many holds
// it ended and when the next one here has to be: the zero time when there is none.
// Servers may do so side by side; each hold is ended by one of them.
func (s *Stock) Expire(ctx context.Context) (n int, next time.Time, err error) {
	byEvent, full, err := s.over(ctx)
	if err != nil {
		return 0, time.Time{}, err
	}
	asks := make([]*ask, 0, len(byEvent))
	for event, ids := range byEvent {
		a := &ask{end: ids, as: Expired, done: make(chan struct{})}
		if err := s.begin(event, a); err != nil {
			return 0, time.Time{}, err
		}
		asks = append(asks, a)
	}
	var errs []error
	for _, a := range asks {
		<-a.done // work answers within Config.Within
		n, errs = n+a.back, append(errs, a.err)
	}
	if err := errors.Join(errs...); err != nil {
		return n, time.Time{}, err
	}
	if full {
		return n, s.now(), nil
	}
	next, err = s.firstEnd(ctx)
	return n, next, err
}

// expireAtOnce is how many holds one Expire ends.
const expireAtOnce = 2000

const (
	expired  = `select id, event from hold where state = 'held' and until <= $1 order by until limit $2`
	firstEnd = `select min(until) from hold where state = 'held'`
)

// over lists holds whose time is over by their event.
func (s *Stock) over(ctx context.Context) (byEvent map[string][]string, full bool, err error) {
	byEvent = make(map[string][]string)
	n := 0
	err = each(ctx, s.db.Read(), func(scan func(...any) error) error {
		var id, event string
		err := scan(&id, &event)
		byEvent[event] = append(byEvent[event], id)
		n++
		return err
	}, expired, s.now().UnixMilli(), expireAtOnce)
	return byEvent, n == expireAtOnce, stored(err, "looking for holds whose time is over")
}

func (s *Stock) firstEnd(ctx context.Context) (time.Time, error) {
	var first sql.NullInt64
	err := s.db.Read().QueryRowContext(ctx, firstEnd).Scan(&first)
	if err != nil || !first.Valid {
		return time.Time{}, stored(err, "looking for the next hold that ends")
	}
	return time.UnixMilli(first.Int64), nil
}

// expireEvery is how often Keep looks for holds whose time is over: a place is back
// within a second of its hold's time.
const expireEvery = 250 * time.Millisecond

// Keep gives places back when their holds' time is over, and has old holds go, until
// ctx ends.
func (s *Stock) Keep(ctx context.Context) {
	tick, prune := time.NewTicker(expireEvery), time.NewTimer(pruneRest)
	defer tick.Stop()
	defer prune.Stop()
	failing := false
	for {
		_, _, err := s.Expire(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			s.cfg.Log.Error("giving places of expired holds back", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-prune.C:
			prune.Reset(s.pruneSome(ctx))
		}
	}
}

// places describes lines for errors.
func places(lines []Line) string {
	var n int64
	for i := range lines {
		n += lines[i].places()
	}
	return fmt.Sprintf("%d places", n)
}
