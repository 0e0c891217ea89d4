package sqldb

import (
	"context"
	"fmt"
	"time"
)

// DefaultInterval is how often Watch looks when it is told nothing.
const DefaultInterval = 250 * time.Millisecond

// DataVersion gives a number that is another one after any commit to the
// database file, by this process or by another. It means nothing beyond this DB,
// and PostgreSQL has no such thing.
// Source: https://www.sqlite.org/pragma.html#pragma_data_version.
func (db *DB) DataVersion(ctx context.Context) (int64, error) {
	if db.engine != SQLite {
		return 0, fmt.Errorf("look for commits to %s: PostgreSQL counts none, use Watch", db.path)
	}
	if err := ctx.Err(); err != nil {
		return 0, context.Cause(ctx)
	}
	var version int64
	// Not to be interrupted: the pool would replace the connection, and numbers of
	// two connections can't be compared.
	err := db.file.teller.QueryRowContext(context.WithoutCancel(ctx), `pragma data_version`).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("look for commits to %s: %w", db.path, err)
	}
	return version, nil
}

// Watch gives a channel that gets a notice after commits since the call: at once
// after those by InTx, and within the interval (DefaultInterval when 0) after
// those of other processes. Several commits may be one notice, and a notice may
// find nothing new. The channel is closed when ctx or the DB is at its end.
//
// On PostgreSQL other processes say when they have committed, and the interval
// (there DefaultFallback when 0) is only how long what they said may be lost: a
// notice comes every so often in any case.
func (db *DB) Watch(ctx context.Context, interval time.Duration) <-chan struct{} {
	out := make(chan struct{}, 1)
	own := db.notices.add()
	work := func() { db.hear(ctx, interval, own, out) }
	if db.engine == SQLite {
		seen, _ := db.DataVersion(ctx) // 0, which none is, when it can't be read: one notice too many
		work = func() { db.watch(ctx, interval, seen, own, out) }
	}
	started := db.start(func() {
		defer close(out)
		defer db.notices.remove(own)
		work()
	})
	if !started {
		db.notices.remove(own)
		close(out)
	}
	return out
}

// watch sends to out until an end comes. A version that can't be read is no news:
// whoever waits for news reads the database next, and has somebody to tell.
func (db *DB) watch(ctx context.Context, interval time.Duration, seen int64, own <-chan struct{}, out chan<- struct{}) {
	if interval <= 0 {
		interval = DefaultInterval
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		mine := false
		select {
		case <-ctx.Done():
			return
		case <-db.life.Done():
			return
		case <-own:
			mine = true
		case <-tick.C:
		}
		now, err := db.DataVersion(ctx)
		if err == nil && now != seen || mine {
			notify(out)
		}
		if err == nil {
			seen = now
		}
	}
}
