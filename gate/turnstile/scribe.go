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
	done    chan result // buffered, so that who commits never waits for who asked
}

type result struct {
	record *journal.Record
	err    error
}

// scribe writes the gate's own journal, one commit at a time. Whoever finds the
// turn free commits all that waits, for other lanes too; the queue that forms
// while one commit runs is the next. So lanes share commits without any timer,
// and a lane that is alone is served by its own goroutine.
type scribe struct {
	store  *store.Store
	author *journal.Author
	state  *state.State
	jobs   chan job
	turn   chan struct{} // holds one token: whoever has it commits

	mu     sync.RWMutex // held for reading while writing
	closed bool
}

func newScribe(s *store.Store, author *journal.Author, st *state.State) *scribe {
	w := &scribe{store: s, author: author, state: st, jobs: make(chan job, maxWaiting), turn: make(chan struct{}, 1)}
	w.turn <- struct{}{}
	return w
}

// write returns when the records are durable and applied to the state, and gives
// the last of them. They are in one commit: all or none.
//
// The commit is not given up when ctx ends while it runs: the record may be on
// the disk already, and a verdict that says otherwise would be a lie.
func (w *scribe) write(ctx context.Context, entries ...entry) (*journal.Record, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return nil, fault.New(fault.Unavailable, "the gate is closing")
	}
	j := job{entries: entries, done: make(chan result, 1)}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		select {
		case r := <-j.done:
			return r.record, r.err
		case <-w.turn:
			w.commit(w.waiting())
			w.turn <- struct{}{}
		}
	}
}

// close waits for the commits under way.
func (w *scribe) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// waiting takes the jobs that wait, up to what shares one commit. There may be
// none: whoever had the turn before has done them.
func (w *scribe) waiting() []job {
	var batch []job
	for len(batch) < maxShared {
		select {
		case j := <-w.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

func (w *scribe) commit(batch []job) {
	if len(batch) == 0 {
		return
	}
	var signed []job
	records, err := w.store.AppendOwn(context.Background(), w.author.Chain(), func(head journal.Head) (records []*journal.Record, err error) {
		records, signed = w.sign(head, batch)
		step("signed")
		return records, nil
	})
	step("committed")
	if signed == nil && err != nil {
		signed = batch // it never came to that
	}
	for _, j := range signed {
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

// sign writes the batch as the records after head, and gives the jobs that they are
// of. One that can't be written is told so, and holds up no other.
func (w *scribe) sign(head journal.Head, batch []job) (records []*journal.Record, signed []job) {
	signed = make([]job, 0, len(batch))
	for _, j := range batch {
		own, err := w.signJob(head, j)
		if err != nil {
			j.done <- result{err: err}
			continue
		}
		signed = append(signed, j)
		if len(own) > 0 {
			records, head = append(records, own...), own[len(own)-1].Head()
		}
	}
	return records, signed
}

func (w *scribe) signJob(head journal.Head, j job) ([]*journal.Record, error) {
	records := make([]*journal.Record, 0, len(j.entries))
	for _, e := range j.entries {
		r, err := w.author.Write(head, e.stamp, e.kind, e.content)
		if err != nil {
			return nil, err
		}
		records, head = append(records, r), r.Head()
	}
	return records, nil
}
