package inventory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// decide answers every ask of a batch by one act on the database.
func (s *Stock) decide(ctx context.Context, q *queue, asks []*ask) {
	b := &batch{event: q.event, asks: asks, now: s.now(), maxOpen: s.cfg.MaxOpen}
	if err := s.act(ctx, q, b); err != nil {
		q.plans = nil // they may say what was not committed
		for _, a := range asks {
			a.hold, a.back, a.err = Hold{}, 0, stored(err, "deciding about places of event %s", q.event)
		}
		return
	}
	for pool, left := range b.left {
		// Of one that stands aside every server knows at once that it is free again: it is
		// a single ticket, and nobody queues for it in thousands.
		if !isAside(pool) {
			s.memory.found(q.event, pool, left, b.now)
		}
	}
	if b.back {
		s.memory.forget(q.event)
	}
}

// batch is what is decided together, and what came of it.
type batch struct {
	event   string
	asks    []*ask
	now     time.Time
	maxOpen int

	left map[string]int64 // of the pools that were looked at
	back bool             // places came back
}

// errNothing ends a transaction that has nothing to keep: everybody was refused.
var errNothing = errors.New("nothing was taken or given back")

// settle decides a batch and makes it durable, as one transaction.
func (s *Stock) settle(ctx context.Context, q *queue, b *batch) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		known := q.plans
		q.plans = nil // whatever ends this early leaves none that could be wrong
		t, err := b.run(ctx, tx, known)
		if err != nil {
			return err
		}
		q.plans = t.keep(known)
		if !t.changed {
			return errNothing
		}
		return b.keepWith(ctx, tx)
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	return err
}

// run decides a batch in a transaction that works with pools' rows one after the
// other: holds that end first, then pools, then seats, so that no two servers wait
// for each other.
func (b *batch) run(ctx context.Context, tx conn, known plans) (*tally, error) {
	b.left, b.back = make(map[string]int64, 1), false
	ended, err := b.endHolds(ctx, tx)
	if err != nil {
		return nil, err
	}
	t, err := openTally(ctx, tx, b.event, b.pools(ended), known)
	if err != nil {
		return nil, err
	}
	for i := range ended {
		if err := t.give(ended[i].ID, ended[i].Lines); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the places of event %s are in disorder", b.event)
		}
		b.back = true
	}
	made, err := b.takeAll(ctx, tx, t)
	if err != nil {
		return nil, err
	}
	if err := t.write(ctx, tx); err != nil {
		return nil, err
	}
	if err := insertHolds(ctx, tx, made, b.now); err != nil {
		return nil, err
	}
	t.changed = len(made) > 0 || len(ended) > 0
	for pool, shelf := range t.shelves {
		b.left[pool] = shelf.left()
	}
	return t, nil
}

// endHolds ends the holds that are to be ended, and gives those that it did.
func (b *batch) endHolds(ctx context.Context, tx conn) ([]Hold, error) {
	var all []Hold
	for _, a := range b.asks {
		a.back = 0
		for ids := range slices.Chunk(a.end, chunk) {
			ended, err := endHolds(ctx, tx, ids, a.as, b.now)
			if err != nil {
				return nil, err
			}
			a.back += len(ended)
			all = append(all, ended...)
		}
	}
	return all, nil
}

// endHolds changes the state of holds that are still held; when they expire, of
// those whose time is over. The change is what decides who gives the places back.
func endHolds(ctx context.Context, tx conn, ids []string, as State, now time.Time) (ended []Hold, err error) {
	ids = slices.Sorted(slices.Values(ids))
	if err := lockHolds(ctx, tx, ids); err != nil {
		return nil, fmt.Errorf("ending holds: %w", err)
	}
	p := params{string(as), now.UnixMilli()}
	query := `update hold set state = $1, changed_at = $2 where state = 'held' and id in (` + p.list(ids) + `)`
	if as == Expired {
		query += ` and until <= $2`
	}
	err = each(ctx, tx, func(scan func(...any) error) error {
		h, err := scanHold(scan)
		ended = append(ended, h)
		return err
	}, query+` returning `+holdColumns, p...)
	if err != nil {
		return nil, fmt.Errorf("ending holds: %w", err)
	}
	return ended, nil
}

// pools are the codes of the pools that the batch and the holds it ended are about,
// in their order.
func (b *batch) pools(ended []Hold) []string {
	pools := make(map[string]bool, 1)
	for _, a := range b.asks {
		if a.take != nil {
			for i := range a.take.Lines {
				pools[a.take.Lines[i].Pool] = true
			}
		}
	}
	for i := range ended {
		for _, l := range ended[i].Lines {
			pools[l.Pool] = true
		}
	}
	return slices.Sorted(maps.Keys(pools))
}

// takeAll decides the requests in the order in which they came.
func (b *batch) takeAll(ctx context.Context, tx conn, t *tally) ([]Hold, error) {
	var ids, owners []string
	for _, a := range b.asks {
		if a.take != nil {
			ids = append(ids, a.take.ID)
			if a.take.Owner != "" {
				owners = append(owners, a.take.Owner)
			}
		}
	}
	made, err := knownHolds(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	open, err := openHolds(ctx, tx, b.event, owners, b.maxOpen)
	if err != nil {
		return nil, err
	}
	var list []Hold
	for _, a := range b.asks {
		if a.take == nil {
			continue
		}
		a.hold, a.err = b.takeOne(t, a.take, made, open)
		if a.made = a.err == nil && made[a.take.ID] == nil; a.made {
			made[a.take.ID] = &a.hold
			list = append(list, a.hold)
		}
	}
	return list, nil
}

func (b *batch) takeOne(t *tally, r *Request, made map[string]*Hold, open map[string]int) (Hold, error) {
	if there := made[r.ID]; there != nil {
		if !r.same(there) {
			return Hold{}, fault.New(fault.Exists, "hold %s is there already, of other places", r.ID)
		}
		return *there, nil
	}
	if r.Owner != "" && open[r.Owner] >= b.maxOpen {
		return Hold{}, tooManyOpen(b.maxOpen)
	}
	lines, err := t.take(r.ID, r.Lines)
	if err != nil {
		return Hold{}, err
	}
	open[r.Owner]++
	return newHold(r, lines), nil
}

// lockHolds takes holds in the order of their ids, so that no two servers that end
// the same ones wait for each other. SQLite's transaction has everything.
func lockHolds(ctx context.Context, tx conn, ids []string) error {
	if tx.Engine() == sqldb.SQLite {
		return nil
	}
	_, err := tx.ExecContext(ctx, `select id from hold where id = any($1::text[]) and state || '' = 'held' order by id for update`, ids)
	return err
}

func newHold(r *Request, lines []Line) Hold {
	return Hold{ID: r.ID, Event: r.Event, Owner: r.Owner, Lines: lines, Until: time.UnixMilli(r.Until.UnixMilli()), State: Held}
}

func tooManyOpen(limit int) error {
	return fault.New(fault.TooMany, "%d orders from the same address or account are open at this moment, which is the limit: finish or leave one of them, or wait until their time is over", limit)
}
