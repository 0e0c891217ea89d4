package journals

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"usher/migrations/sqldb"
)

// reader is one subscriber.
type reader struct {
	event string
	woken chan struct{} // holds one notice: many commits are one
}

// Subscribe gives a channel that gets a notice after records were added to the
// event's journal, by this process or another; several additions may be one
// notice, and a notice may find nothing new. Read with Tail until it gives
// nothing, then wait. cancel ends the subscription; it has to be called, and
// returns when all that ran for it has ended.
func (j *Journals) Subscribe(event string) (notices <-chan struct{}, cancel func()) {
	r := &reader{event: event, woken: make(chan struct{}, 1)}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.readers[r] = struct{}{}
	if j.stop == nil {
		j.stop = j.startWatch()
	}
	return r.woken, sync.OnceFunc(func() { j.leave(r) })
}

func (j *Journals) leave(r *reader) {
	j.mu.Lock()
	delete(j.readers, r)
	var stop func()
	if len(j.readers) == 0 {
		stop, j.stop = j.stop, nil
	}
	j.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// wake gives the event's readers a notice.
func (j *Journals) wake(event string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for r := range j.readers {
		if r.event == event {
			select {
			case r.woken <- struct{}{}:
			default: // one is waiting already
			}
		}
	}
}

// startWatch starts the one goroutine of all readers; what it gives ends it and
// waits for that.
func (j *Journals) startWatch() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	commits := j.db.Watch(ctx, 0)
	running.Go(func() { j.watch(ctx, commits) })
	return func() {
		cancel()
		running.Wait()
	}
}

// watch wakes the readers of the journals that have moved, until ctx or the
// database ends. What can't be read now is read after the next commit, by this
// process or another.
func (j *Journals) watch(ctx context.Context, commits <-chan struct{}) {
	seen := map[string]int64{}
	for {
		if now, err := revisions(ctx, j.db.Read()); err == nil {
			for event, rev := range now {
				if seen[event] != rev {
					j.wake(event)
				}
			}
			seen = now
		}
		if _, open := <-commits; !open {
			return
		}
	}
}

// revisions reads each journal's count of additions.
func revisions(ctx context.Context, q sqldb.Queryer) (revs map[string]int64, err error) {
	rows, err := q.QueryContext(ctx, `select event, rev from journal`)
	if err != nil {
		return nil, fmt.Errorf("looking for new records: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	revs = make(map[string]int64)
	for rows.Next() {
		var event string
		var rev int64
		if err := rows.Scan(&event, &rev); err != nil {
			return nil, fmt.Errorf("looking for new records: %w", err)
		}
		revs[event] = rev
	}
	return revs, rows.Err()
}
