package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"usher/sync/journal"
)

// What is read of a store at a time.
const (
	batchRecords = 1024
	batchBytes   = 4 << 20
)

// walker goes along one chain.
type walker struct {
	*auditor
	id     journal.Chain
	out    Chain
	pub    ed25519.PublicKey
	limit  *journal.Expel
	server bool
	head   journal.Head
	hashes map[uint64]journal.Hash // of the records that checkpoints speak of
}

func (w *walker) blame(seq uint64, format string, args ...any) {
	if w.out.Fault == nil {
		w.out.Fault = &Fault{Seq: seq, What: fmt.Sprintf(format, args...)}
	}
}

// walk checks the chain up to its first fault.
func (w *walker) walk(ctx context.Context) error {
	w.hashes = make(map[uint64]journal.Hash)
	for _, p := range w.Checkpoints {
		if p.Chain == w.id {
			w.hashes[p.Head.Seq] = journal.Hash{}
		}
	}
	for last := w.held[w.id].Seq; w.head.Seq < last && w.out.Fault == nil; {
		raw, err := w.Store.Read(ctx, w.id, w.head.Seq+1, batchRecords, batchBytes)
		if err != nil {
			return err
		}
		if len(raw) == 0 {
			w.blame(w.head.Seq+1, "records %d to %d are missing", w.head.Seq+1, last)
			break
		}
		if err := w.batch(ctx, raw); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		w.done += uint64(len(raw))
		w.progress(min(w.done, w.total), w.total)
	}
	if w.pub == nil {
		w.identify()
	}
	if head := w.held[w.id]; w.out.Fault == nil && head != w.head {
		w.blame(head.Seq, "the store counts on another record there: it has the hash %s noted, the record has %s", head.Hash, w.head.Hash)
	}
	w.name()
	w.compareCheckpoints()
	return nil
}

// batch checks records that follow each other: form and place of all, then the
// signatures on all cores. What holds of them before the first fault is taken in.
func (w *walker) batch(ctx context.Context, raw [][]byte) error {
	records := make([]*journal.Record, 0, len(raw))
	head := w.head
	var misfit *Fault
	for _, b := range raw {
		r, err := w.place(ctx, head, b)
		if err != nil {
			var f *Fault
			if !errors.As(err, &f) {
				return err
			}
			misfit = f
			break
		}
		records, head = append(records, r), r.Head()
	}
	if len(records) > 0 && w.pub == nil && !w.identify() {
		w.blame(records[0].Seq, "%s", w.stranger())
		return nil
	}
	sound := signed(records, w.pub)
	for _, r := range records[:sound] {
		w.take(r)
	}
	switch {
	case sound < len(records):
		w.blame(records[sound].Seq, "its author did not sign it")
	case misfit != nil:
		w.blame(misfit.Seq, "%s", misfit.What)
	}
	return nil
}

// Error makes a Fault travel as an error.
func (f *Fault) Error() string { return fmt.Sprintf("record %d: %s", f.Seq, f.What) }

// place reads the record that has to follow head. The error is a *Fault, or the
// store's.
func (w *walker) place(ctx context.Context, head journal.Head, b []byte) (*journal.Record, error) {
	next := head.Seq + 1
	r, err := journal.Parse(b)
	if err != nil {
		return nil, &Fault{next, err.Error()}
	}
	if r.Chain != w.id {
		return nil, &Fault{next, fmt.Sprintf("a record of chain %s lies in its place", r.Chain)}
	}
	if head.Seq == 0 && w.id.Epoch > 0 {
		if head, err = w.before(ctx, r); err != nil {
			return nil, err
		}
		next = r.Seq
	}
	switch {
	case r.Seq > next:
		return nil, &Fault{next, fmt.Sprintf("records %d to %d are missing", next, r.Seq-1)}
	case r.Seq < next:
		return nil, &Fault{next, fmt.Sprintf("record %d lies in its place", r.Seq)}
	}
	if err := r.Follows(head); err != nil {
		return nil, &Fault{r.Seq, err.Error()}
	}
	return r, nil
}

// before gives the head that the first record of a later epoch goes on from: that
// of the epoch before where it is held, else what the record says.
func (w *walker) before(ctx context.Context, r *journal.Record) (journal.Head, error) {
	said := journal.Head{Seq: r.Seq - 1, Hash: r.Prev}
	earlier := journal.Chain{Node: w.id.Node, Epoch: w.id.Epoch - 1}
	if said.Seq == 0 || w.held[earlier].Seq < said.Seq {
		return said, nil
	}
	raw, err := w.Store.Read(ctx, earlier, said.Seq, 1, 1)
	if err != nil || len(raw) == 0 {
		return said, err
	}
	at, err := journal.Parse(raw[0])
	if err != nil || at.Seq != said.Seq {
		return said, nil // the earlier chain is blamed for it
	}
	return at.Head(), nil
}

// identify finds out who writes the chain.
func (w *walker) identify() (known bool) {
	w.pub, w.limit, known = w.state.Author(w.id.Node)
	w.server = w.state.IsServer(w.id.Node)
	return known
}

func (w *walker) stranger() string {
	if w.state.IsServer(w.id.Node) {
		return "the server's key is in no key ring that the pinned roots signed"
	}
	for _, c := range w.report.Chains {
		if c.Fault != nil && w.state.IsServer(c.Node) {
			return "its author can't be known: the server's journal, which enrols authors, is broken"
		}
	}
	return "nobody enrolled its author: the server's journal has no record of it"
}

// take notes a record that holds.
func (w *walker) take(r *journal.Record) {
	if w.out.Fault != nil {
		return
	}
	if r.Kind.FromServer() != w.server {
		w.blame(r.Seq, "a %s may not write a %s record", w.writer(), r.Kind)
		return
	}
	if w.server {
		if _, err := w.state.Apply(r); err != nil {
			w.blame(r.Seq, "%v", err)
			return
		}
	}
	w.head = r.Head()
	w.out.Records++
	w.out.Head, w.out.Last = w.head.Hash, r.Stamp.Corrected()
	if w.limit != nil && (w.id.Epoch > w.limit.Epoch || w.id.Epoch == w.limit.Epoch && r.Seq > w.limit.Last) {
		w.out.Unbelieved++
	}
	if _, spokenOf := w.hashes[r.Seq]; spokenOf {
		w.hashes[r.Seq] = w.head.Hash
	}
}

func (w *walker) writer() string {
	if w.server {
		return "server"
	}
	return "gate"
}

// name says who the author is, as far as anybody knows.
func (w *walker) name() {
	if w.server {
		w.out.Author, w.out.Role = "server", "server"
		return
	}
	for _, m := range w.state.Gates() {
		if m.Node == w.id.Node {
			w.out.Author, w.out.Role = m.Gate, m.Role
			if m.Name != "" && m.Name != m.Gate {
				w.out.Author += " " + m.Name
			}
		}
	}
}

// compareCheckpoints holds the chain against what its author signed of its
// length.
func (w *walker) compareCheckpoints() {
	if w.pub == nil || w.out.Fault != nil {
		return
	}
	for _, p := range w.Checkpoints {
		if p.Chain != w.id || p.Verify(w.pub) != nil {
			continue
		}
		at := time.UnixMilli(p.Time).UTC().Format(time.RFC3339)
		switch {
		case p.Head.Seq <= w.head.Seq && p.Head.Seq > 0 && w.hashes[p.Head.Seq] != p.Head.Hash && w.hashes[p.Head.Seq] != (journal.Hash{}):
			w.blame(p.Head.Seq, "its author signed at %s that another record has this number", at)
		case p.Head.Seq > w.head.Seq && w.id.Node == w.Self:
			w.blame(w.head.Seq+1, "the end is cut off: at %s this node signed that it had %d records", at, p.Head.Seq)
		case p.Head.Seq > w.head.Seq:
			w.out.Absent = max(w.out.Absent, p.Head.Seq-w.head.Seq)
		}
	}
}

// signed gives how many of the records, from the first on, the key signed.
func signed(records []*journal.Record, pub ed25519.PublicKey) int {
	var next, bad atomic.Int64
	bad.Store(int64(len(records)))
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(records)) {
		workers.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= bad.Load() {
					return
				}
				if records[i].Verify(pub) == nil {
					continue
				}
				for least := bad.Load(); i < least && !bad.CompareAndSwap(least, i); least = bad.Load() {
				}
			}
		})
	}
	workers.Wait()
	return int(bad.Load())
}
