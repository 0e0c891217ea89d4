package uplink

import (
	"context"
	"errors"
	"fmt"

	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
)

// maxRounds bounds how often Sync goes round: what one remote brings, those
// before it lack.
const maxRounds = 3

// Outcome is what a Sync with one remote came to.
type Outcome struct {
	URL      string
	Server   bool
	Received uint64 // records that were new to this gate
	Err      error  // why the two are not level; nil: they are
}

// Sync connects to each remote once, the server first, and ends when every side
// is level. It works beside a Run, of this process or another. The error joins
// those of the remotes; a gate that has none is refused with fault.BadInput.
func (u *Uplink) Sync(ctx context.Context) ([]Outcome, error) {
	remotes := u.all()
	if len(remotes) == 0 {
		return nil, fault.New(fault.BadInput, "this gate knows no server and no peer to exchange with")
	}
	end := u.keepTime(ctx)
	defer end()
	outcomes := make([]Outcome, len(remotes))
	for i, r := range remotes {
		outcomes[i] = Outcome{URL: r.base, Server: r.server}
	}
	for round := range maxRounds {
		var more uint64
		for i, r := range remotes {
			if round > 0 && outcomes[i].Err != nil {
				continue
			}
			n, err := u.level(ctx, r)
			outcomes[i].Received += n
			outcomes[i].Err = err
			if i > 0 || round > 0 {
				more += n
			}
		}
		if more == 0 || ctx.Err() != nil {
			break
		}
	}
	var errs []error
	for _, o := range outcomes {
		errs = append(errs, o.Err)
	}
	return outcomes, errors.Join(errs...)
}

// level brings the gate and one remote level, and counts what came.
func (u *Uplink) level(ctx context.Context, r *remote) (uint64, error) {
	before, err := u.local.Store.Vector(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading how far the gate got: %w", err)
	}
	var failed error
	for range 1 + len(r.others) {
		failed = u.session(ctx, r, exchange.Level)
		r.failed(failed, u.local.Rand, u.local.Now())
		if fault.KindOf(failed) != fault.Unavailable {
			break
		}
	}
	after, err := u.local.Store.Vector(ctx)
	if err != nil {
		return 0, errors.Join(failed, fmt.Errorf("reading how far the gate got: %w", err))
	}
	delete(after, u.own())
	return received(before, after), failed
}

// received counts the records that after has and before has not. A later epoch
// begins beyond 1, so its first look counts too many; it is for people.
func received(before, after journal.Vector) uint64 { return before.Missing(after) }

// keepTime keeps what Sync measures, unless a Run does.
func (u *Uplink) keepTime(ctx context.Context) (end func()) {
	u.mu.Lock()
	running := u.running != nil
	u.mu.Unlock()
	if u.times == nil || running {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		u.times.run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}
