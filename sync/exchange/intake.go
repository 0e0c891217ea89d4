package exchange

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"usher/sync/fault"
	"usher/sync/journal"
)

// chunk is how many records one core checks before it looks for more.
const chunk = 8

// parcel is a batch on its way into the store.
type parcel struct {
	*batch
	author  ed25519.PublicKey
	skipped int               // records at the front that this node holds already
	records []*journal.Record // the rest, checked, up to the first bad one
	err     error             // why not all of it is taken in
	head    journal.Head      // how far the chain is held afterwards, as far as this batch says
	rival   *journal.Record   // verified, of the number of the held head, and another

	answered chan struct{} // closed once it is, in a session
}

// author looks up who writes a chain. The error says what the chain lacks.
func (l *Local) author(chain journal.Chain) (ed25519.PublicKey, error) {
	if chain.Epoch > 0 && !l.IsServer(chain.Node) {
		return nil, fault.New(fault.BadInput, "chain %s: only a server's journal has epochs", chain)
	}
	pub, _, ok := l.Directory.Author(chain.Node)
	if !ok {
		return nil, fault.New(fault.NotReady, "the author of chain %s is not known here yet", chain)
	}
	return pub, nil
}

// unpack checks every record of the parcels that this node does not hold
// already, on all cores: that it is a record, that the chain's author signed it,
// and that it is the one that the batch says it is, in this order. The checks of
// a parcel end at its first bad record.
func unpack(ctx context.Context, parcels []*parcel, held journal.Vector) {
	var jobs []job
	for _, p := range parcels {
		p.skip(held[p.chain()])
		p.records = make([]*journal.Record, len(p.Records)-p.skipped)
		for from := 0; from < len(p.records); from += chunk {
			jobs = append(jobs, job{p, from, min(from+chunk, len(p.records))})
		}
	}
	work(ctx, jobs)
	for _, p := range parcels {
		p.trim(ctx)
	}
}

// skip passes over what is held. Where the batch has another record with the
// head's number, that one is left to be proof of a fork.
func (p *parcel) skip(head journal.Head) {
	if head.Seq < p.First {
		return
	}
	p.skipped = int(min(head.Seq-p.First+1, uint64(len(p.Records))))
	p.head = head
	if head.Seq > p.last() {
		return
	}
	other := p.Records[head.Seq-p.First]
	if sha256.Sum256(other) == head.Hash {
		return
	}
	p.skipped = len(p.Records)
	p.err = broken(p.chain(), head.Seq)
	if r, err := p.check(other, head.Seq); err == nil {
		p.rival = r
	}
}

func broken(chain journal.Chain, seq uint64) error {
	return fault.Wrap(fault.Exists, journal.ErrBroken, "another record %d of %s is held here", seq, chain)
}

type job struct {
	parcel   *parcel
	from, to int
}

// work runs the jobs on the available cores.
func work(ctx context.Context, jobs []job) {
	var next atomic.Int64
	run := func() {
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= len(jobs) {
				return
			}
			jobs[i].run()
		}
	}
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(jobs)) - 1 {
		group.Go(run)
	}
	run()
	group.Wait()
}

// run leaves nil where a record is bad.
func (j job) run() {
	p := j.parcel
	for i := j.from; i < j.to; i++ {
		r, err := p.check(p.Records[p.skipped+i], p.First+uint64(p.skipped+i))
		if err != nil {
			return
		}
		p.records[i] = r
	}
}

// check makes a record of bytes. Nothing that the bytes say is used before the
// signature of the chain's author holds.
func (p *parcel) check(raw []byte, seq uint64) (*journal.Record, error) {
	r, err := journal.Parse(raw)
	if err == nil {
		err = r.Verify(p.author)
	}
	if err == nil && (r.Chain != p.chain() || r.Seq != seq) {
		err = errors.New("it is another record than the message says")
	}
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "record %d of %s is refused", seq, p.chain())
	}
	return r, nil
}

// trim cuts the records before the first bad one and finds out what is wrong
// with it.
func (p *parcel) trim(ctx context.Context) {
	for i, r := range p.records {
		if r != nil {
			continue
		}
		p.records = p.records[:i]
		if p.err = ctx.Err(); p.err == nil {
			at := p.skipped + i
			_, p.err = p.check(p.Records[at], p.First+uint64(at))
		}
		return
	}
}

// store hands all checked records to Accept in one call. Where that fails each
// parcel goes alone, so that one chain that does not fit holds up no other.
func (l *Local) store(ctx context.Context, parcels []*parcel) {
	var all []*journal.Record
	var filled []*parcel
	for _, p := range parcels {
		if len(p.records) > 0 {
			filled = append(filled, p)
			all = append(all, p.records...)
		}
	}
	if len(filled) == 0 {
		return
	}
	err := l.Accept(ctx, all)
	if err != nil && len(filled) > 1 {
		for _, p := range filled {
			p.stored(l.Accept(ctx, p.records))
		}
		return
	}
	for _, p := range filled {
		p.stored(err)
	}
}

func (p *parcel) stored(err error) {
	if err == nil {
		p.head = p.records[len(p.records)-1].Head()
		return
	}
	switch {
	case errors.Is(err, journal.ErrGap):
		err = fault.Wrap(fault.NotReady, err, "records before number %d of %s are missing here", p.records[0].Seq, p.chain())
	case errors.Is(err, journal.ErrBroken):
		err = fault.Wrap(fault.Exists, err, "record %d of %s does not fit what is held here", p.records[0].Seq, p.chain())
	}
	p.err = err
}
