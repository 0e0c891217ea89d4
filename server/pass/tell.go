package pass

import (
	"context"
	"errors"
	"sync"
	"time"

	"usher/migrations/sqldb"
	"usher/server/pass/apple"
	"usher/sync/fault"
)

const (
	// tellAtOnce is how many changes one server tells at a time.
	tellAtOnce = 16
	// lease is how long a server has for those that it took.
	lease = 2 * time.Minute
	// firstPause is the wait after the first try; each is twice the one before.
	firstPause = 30 * time.Second
	maxPause   = time.Hour
	// maxTries is how often a change is told; a phone that asks is told anyway.
	maxTries = 30
)

// tellDue tells what is due, until nothing is.
func (p *Passes) tellDue(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := p.claim(ctx)
		if err != nil || len(due) == 0 {
			return err
		}
		p.tellClasses(ctx, due)
		var telling sync.WaitGroup
		failed := make([]error, len(due))
		for i, k := range due {
			telling.Go(func() { failed[i] = p.told(ctx, k, p.tell(ctx, &k)) })
		}
		telling.Wait()
		if err := errors.Join(failed...); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// claim takes the next changes to be told, for as long as the lease.
func (p *Passes) claim(ctx context.Context) (due []pass, err error) {
	now := p.Now()
	err = p.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		due, err = list(ctx, tx, `update pass set due_at = $2
			where due_at > 0 and due_at <= $1 and serial in (select serial from pass where due_at > 0 and due_at <= $1 order by due_at, serial limit $3)
			returning `+columns, now.UnixMilli(), now.Add(lease).UnixMilli(), tellAtOnce)
		return err
	})
	return due, stored(err, "looking which passes to tell of")
}

// told notes how it went. A change that came meanwhile stays due.
func (p *Passes) told(ctx context.Context, k pass, failed error) error {
	next := int64(0)
	if failed != nil && k.tries+1 < maxTries {
		pause := min(firstPause<<min(k.tries, 10), maxPause)
		next = p.Now().Add(pause).UnixMilli()
		p.Log.WarnContext(ctx, "a wallet could not be told that a pass changed", "app", string(k.app), "event", k.event, "tries", k.tries+1, "error", failed)
	}
	// What is known now is kept, whether the server is about to stop or not.
	ctx = context.WithoutCancel(ctx)
	return stored(p.DB.Exec(ctx, `update pass set due_at = $3, tries = tries + 1 where serial = $1 and rev = $2`, k.serial, k.rev, next), "noting that a pass was told of")
}

// tell tells one change.
func (p *Passes) tell(ctx context.Context, k *pass) error {
	if k.app == Google {
		return p.tellGoogle(ctx, k)
	}
	return p.tellApple(ctx, k)
}

func (p *Passes) tellApple(ctx context.Context, k *pass) error {
	if p.Push == nil {
		return nil // it was switched off meanwhile
	}
	tokens, err := texts(ctx, p.DB.Read(), `select push_token from pass_device where serial = $1 order by device`, k.serial)
	if err != nil {
		return stored(err, "reading whom to tell of a pass")
	}
	var failed []error
	for _, token := range tokens {
		err := p.Push.Tell(ctx, token)
		if errors.Is(err, apple.ErrGone) {
			err = stored(p.DB.Exec(ctx, `delete from pass_device where serial = $1 and push_token = $2`, k.serial, token), "forgetting a device of a pass")
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func (p *Passes) tellGoogle(ctx context.Context, k *pass) error {
	if p.Google == nil {
		return nil // it was switched off meanwhile
	}
	t, f, err := p.about(ctx, k)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil {
		err = p.tellClass(ctx, f)
	}
	if err != nil {
		return err
	}
	return p.Google.SetObject(ctx, p.googleObject(k.serial, &t, f, good(&t, k.generation, f.event)))
}

// tellClasses tells the classes of passes first, so that none of them tells its own. What
// fails here fails for each of them again.
func (p *Passes) tellClasses(ctx context.Context, due []pass) {
	done := map[string]bool{}
	for _, k := range due {
		if k.app != Google || p.Google == nil || done[k.event] {
			continue
		}
		done[k.event] = true
		if f, err := p.facts(ctx, k.event); err == nil {
			_ = p.tellClass(ctx, f)
		}
	}
}

// tellClass tells Google what all passes of an event say, unless it knows.
func (p *Passes) tellClass(ctx context.Context, f facts) error {
	sum, err := p.sum(f)
	if err != nil {
		return err
	}
	var known string
	if err := p.DB.Read().QueryRowContext(ctx, `select class from pass_event where event = $1`, f.event.Code).Scan(&known); err != nil {
		return stored(err, "reading what Google knows of an event")
	}
	if known == sum {
		return nil
	}
	if err := p.Google.SetClass(ctx, p.googleClass(f)); err != nil {
		return err
	}
	return stored(p.DB.Exec(ctx, `update pass_event set class = $2 where event = $1`, f.event.Code, sum), "noting what Google knows of an event")
}
