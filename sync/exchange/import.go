package exchange

import (
	"context"
	"iter"
	"slices"

	"usher/sync/fault"
	"usher/sync/journal"
)

// Batch is records of one chain that follow each other, on their way by another
// carrier than a session.
type Batch struct {
	Chain   journal.Chain
	First   uint64   // number of the first record
	Records [][]byte // at most MaxBatchRecords
}

// Report says what became of records that were imported.
type Report struct {
	Taken   uint64                  // records that were new
	Known   uint64                  // records that this node held already
	Refused map[journal.Chain]error // chains of which not all was taken in, and why
	Forked  []journal.Chain         // chains of which this node holds another branch; proof is kept
}

// Import takes in records that came in a file, as strictly as from a peer. The
// server's chains should come first: they enrol the authors of the others. A
// chain that is refused stops at that record while the others go on. The error
// is that of the batches or of ctx; what was taken in before it stays.
func Import(ctx context.Context, local Local, batches iter.Seq2[Batch, error]) (Report, error) {
	report := Report{Refused: map[journal.Chain]error{}}
	if err := local.check(); err != nil {
		return report, err
	}
	var group []*batch
	for b, err := range batches {
		if err != nil {
			return report, err
		}
		w := &batch{Node: b.Chain.Node, Epoch: b.Chain.Epoch, First: b.First, Records: b.Records}
		if err := w.check(); err != nil {
			return report, fault.Wrap(fault.BadInput, err, "importing records of %s", b.Chain)
		}
		if group = append(group, w); len(group) < Window {
			continue
		}
		if err := report.take(ctx, &local, group); err != nil {
			return report, err
		}
		group = group[:0]
	}
	return report, report.take(ctx, &local, group)
}

// take takes a group of batches in, each author's after what may enrol it.
func (r *Report) take(ctx context.Context, local *Local, group []*batch) error {
	for len(group) > 0 {
		var parcels []*parcel
		for len(group) > 0 {
			p := &parcel{batch: group[0]}
			if p.author, p.err = local.author(p.chain()); p.err != nil && len(parcels) > 0 {
				break
			}
			group = group[1:]
			if p.err != nil {
				r.refuse(p.chain(), p.err)
			} else if r.Refused[p.chain()] == nil {
				parcels = append(parcels, p)
			}
		}
		if err := r.store(ctx, local, parcels); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (r *Report) store(ctx context.Context, local *Local, parcels []*parcel) error {
	held, err := local.Store.Vector(ctx)
	if err != nil {
		return err
	}
	unpack(ctx, parcels, held)
	local.store(ctx, parcels)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, p := range parcels {
		r.count(p)
		if p.err != nil {
			r.refuse(p.chain(), p.err)
		}
		if p.rival == nil {
			continue
		}
		if err := r.keep(ctx, local, p.rival); err != nil {
			return err
		}
	}
	return nil
}

func (r *Report) count(p *parcel) {
	if p.rival == nil {
		r.Known += uint64(p.skipped)
	}
	if n := len(p.records); n > 0 && p.head.Seq >= p.records[n-1].Seq {
		r.Taken += uint64(n)
	}
}

func (r *Report) refuse(chain journal.Chain, why error) {
	if r.Refused[chain] == nil {
		r.Refused[chain] = why
	}
}

// keep stores proof that the author of rival wrote another record with its
// number.
func (r *Report) keep(ctx context.Context, local *Local, rival *journal.Record) error {
	list, err := local.Store.Read(ctx, rival.Chain, rival.Seq, 1, 1)
	if err != nil || len(list) == 0 {
		return err
	}
	own, err := journal.Parse(list[0])
	if err != nil {
		return err
	}
	if !slices.Contains(r.Forked, rival.Chain) {
		r.Forked = append(r.Forked, rival.Chain)
	}
	return local.Store.KeepFork(ctx, journal.Fork{Held: own, Seen: rival})
}
