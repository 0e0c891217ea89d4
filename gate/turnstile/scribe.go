package turnstile

import (
	"context"
	"fmt"
	"sync"

	"usher/gate/store"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/state"
)

const (
	// maxShared bounds the records that share one commit.
	maxShared = 256
	// maxWaiting bounds the records that wait for the next commit; a scan beyond
	// it waits for a place.
	maxWaiting = 1024
)

// entry is a record to be: the scribe numbers and signs it when its commit
// comes.
type entry struct {
	kind    journal.Kind
	stamp   journal.Stamp
	content any
}

// job is what one caller wants written, in one commit.
type job struct {
	entries []entry
	done    chan result // buffered, so that the scribe never waits for a scan that gave up
}

type result struct {
	record *journal.Record
	err    error
}

// scribe is the one writer of the gate's own journal. It takes whatever waits
// and commits it at once, so lanes share commits without any timer.
type scribe struct {
	store  *store.Store
	author *journal.Author
	state  *state.State
	jobs   chan job
	ended  sync.WaitGroup

	mu     sync.RWMutex // held for reading while sending on jobs
	closed bool
}

func startScribe(s *store.Store, author *journal.Author, st *state.State) *scribe {
	w := &scribe{store: s, author: author, state: st, jobs: make(chan job, maxWaiting)}
	w.ended.Go(w.run)
	return w
}

// write returns when the records are durable and applied to the state, and gives
// the last of them. They are in one commit: all or none.
//
// The commit is not given up when ctx ends while it runs: the record may be on
// the disk already, and a verdict that says otherwise would be a lie.
func (w *scribe) write(ctx context.Context, entries ...entry) (*journal.Record, error) {
	j := job{entries: entries, done: make(chan result, 1)}
	if err := w.enqueue(ctx, j); err != nil {
		return nil, err
	}
	r := <-j.done
	return r.record, r.err
}

func (w *scribe) enqueue(ctx context.Context, j job) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return fault.New(fault.Unavailable, "the gate is closing")
	}
	select {
	case w.jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *scribe) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.jobs)
	}
	w.mu.Unlock()
	w.ended.Wait()
}

func (w *scribe) run() {
	for first := range w.jobs {
		batch := []job{first}
	more:
		for len(batch) < maxShared {
			select {
			case next, open := <-w.jobs:
				if !open {
					break more
				}
				batch = append(batch, next)
			default:
				break more
			}
		}
		w.commit(batch)
	}
}

func (w *scribe) commit(batch []job) {
	records, err := w.store.AppendOwn(context.Background(), w.author.Chain(), func(head journal.Head) ([]*journal.Record, error) {
		return w.sign(head, batch)
	})
	for _, j := range batch {
		if err != nil {
			j.done <- result{err: err}
			continue
		}
		j.done <- w.apply(records[:len(j.entries)])
		records = records[len(j.entries):]
	}
}

// apply makes a job's records, which are durable, count here.
func (w *scribe) apply(records []*journal.Record) (r result) {
	for _, r.record = range records {
		if _, err := w.state.Apply(r.record); err != nil {
			return result{err: fmt.Errorf("applying the gate's own record %d: %w", r.record.Seq, err)}
		}
	}
	return r
}

// sign writes the batch as the records after head. It runs again from scratch
// when the transaction is retried.
func (w *scribe) sign(head journal.Head, batch []job) ([]*journal.Record, error) {
	records := make([]*journal.Record, 0, len(batch))
	for _, j := range batch {
		for _, e := range j.entries {
			r, err := w.author.Write(head, e.stamp, e.kind, e.content)
			if err != nil {
				return nil, err
			}
			records, head = append(records, r), r.Head()
		}
	}
	return records, nil
}
