package link

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
)

// File is a journal file that was read through once and found whole.
type File struct {
	Header
	Records     uint64   // in all chains
	Chains      int      // that the records are of
	Checkpoints [][]byte // the newest of each chain that the writer knew

	r io.ReadSeeker
}

// ReadFile reads a journal file through and refuses one that is cut short,
// altered or not one at all, with fault.BadInput naming the offset. Nothing of
// it is used before that. r is at the file's beginning.
func ReadFile(r io.ReadSeeker) (*File, error) {
	f := &File{r: r}
	chains := map[journal.Chain]struct{}{}
	for b, err := range f.sections(true) {
		if err != nil {
			return nil, err
		}
		f.Records += uint64(len(b.Records))
		chains[b.Chain] = struct{}{}
	}
	f.Chains = len(chains)
	return f, nil
}

// Batches gives the records of the file, for exchange.Import. It may be ranged
// over several times.
func (f *File) Batches() iter.Seq2[exchange.Batch, error] { return f.sections(false) }

// sections reads the file from its beginning and gives its batches. fill notes
// header and checkpoints.
func (f *File) sections(fill bool) iter.Seq2[exchange.Batch, error] {
	return func(yield func(exchange.Batch, error) bool) {
		if _, err := f.r.Seek(0, io.SeekStart); err != nil {
			yield(exchange.Batch{}, fmt.Errorf("reading a journal file: %w", err))
			return
		}
		s, err := newSectionReader(f.r)
		if err != nil {
			yield(exchange.Batch{}, err)
			return
		}
		if err := f.walk(s, fill, yield); err != nil && !errors.Is(err, errStopped) {
			yield(exchange.Batch{}, err)
		}
	}
}

// errStopped ends a walk whose caller has enough.
var errStopped = errors.New("stopped")

func (f *File) walk(s *sectionReader, fill bool, yield func(exchange.Batch, error) bool) error {
	var records uint64
	for n := 0; ; n++ {
		digest := s.sum.Sum(nil)
		at, err := s.next()
		if err != nil {
			return err
		}
		if (at.kind == sectionHeader) != (n == 0) {
			return s.blame(at.offset, "a header stands at the beginning and only there")
		}
		switch at.kind {
		case sectionHeader:
			err = f.header(at, fill)
		case sectionCheckpoints:
			err = f.checkpoints(at, fill)
		case sectionBatch:
			var b exchange.Batch
			if b, err = readBatch(s, at); err == nil && !yield(b, nil) {
				return errStopped
			}
			records += uint64(len(b.Records))
		case sectionEnd:
			return readEnd(s, at, records, digest)
		}
		if err != nil {
			return err
		}
	}
}

func (f *File) header(at section, fill bool) error {
	var h headerSection
	if err := at.decode(&h); err != nil {
		return err
	}
	if fill {
		f.Header = Header(h)
	}
	return nil
}

func (f *File) checkpoints(at section, fill bool) error {
	var c checkpointsSection
	if err := at.decode(&c); err != nil {
		return err
	}
	if !fill {
		return nil
	}
	f.Checkpoints = append(f.Checkpoints, c.List...)
	if len(f.Checkpoints) > exchange.MaxChains {
		return fault.At(fault.TooLarge, fmt.Sprintf("offset %d", at.offset), "more than %d checkpoints", exchange.MaxChains)
	}
	return nil
}

func readBatch(s *sectionReader, at section) (exchange.Batch, error) {
	var b batchSection
	if err := at.decode(&b); err != nil {
		return exchange.Batch{}, err
	}
	if len(b.Records) == 0 || len(b.Records) > exchange.MaxBatchRecords || b.First == 0 {
		return exchange.Batch{}, s.blame(at.offset, "%d records in one batch from number %d on", len(b.Records), b.First)
	}
	return exchange.Batch{Chain: journal.Chain{Node: b.Node, Epoch: b.Epoch}, First: b.First, Records: b.Records}, nil
}

func readEnd(s *sectionReader, at section, records uint64, digest []byte) error {
	var end endSection
	if err := at.decode(&end); err != nil {
		return err
	}
	if end.Records != records || !slices.Equal(end.Digest, digest) {
		return s.blame(at.offset, "the end says %d records, there are %d, or another file's end stands here", end.Records, records)
	}
	if _, err := s.r.ReadByte(); !errors.Is(err, io.EOF) {
		return s.blame(s.offset, "something follows the end")
	}
	return nil
}
