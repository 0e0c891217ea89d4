package link

import (
	"context"
	"fmt"
	"io"
	"slices"

	"usher/sync/exchange"
	"usher/sync/journal"
)

// WriteFile writes all that the store of from holds, a server's chains first,
// with the newest checkpoints. It gives how many records that were. Records that
// come into the store meanwhile are left for the next file.
func WriteFile(ctx context.Context, w io.Writer, from exchange.Local) (uint64, error) {
	return WriteBeyond(ctx, w, from, nil)
}

// WriteBeyond is WriteFile for a reader that is known to hold so much already, which
// is left out. Checkpoints are not.
func WriteBeyond(ctx context.Context, w io.Writer, from exchange.Local, known journal.Vector) (uint64, error) {
	held, err := from.Store.Vector(ctx)
	if err != nil {
		return 0, fmt.Errorf("writing a journal file: %w", err)
	}
	s, err := newSectionWriter(w)
	if err != nil {
		return 0, fmt.Errorf("writing a journal file: %w", err)
	}
	n, err := writeSections(ctx, s, from, known, held)
	if err == nil {
		err = s.section(sectionEnd, endSection{Records: n, Digest: s.sum.Sum(nil)})
	}
	if err == nil {
		err = s.w.Flush()
	}
	if err != nil {
		return 0, fmt.Errorf("writing a journal file: %w", err)
	}
	return n, nil
}

func writeSections(ctx context.Context, s *sectionWriter, from exchange.Local, known, held journal.Vector) (uint64, error) {
	header := headerSection{from.Event, journal.NodeOf(from.Self.Public()), from.Now().UnixMilli()}
	if err := s.section(sectionHeader, header); err != nil {
		return 0, err
	}
	if from.Checkpoints != nil {
		for list := range slices.Chunk(from.Checkpoints.All(), exchange.MaxCheckpoints) {
			var c checkpointsSection
			for _, p := range list {
				c.List = append(c.List, p.Bytes())
			}
			if err := s.section(sectionCheckpoints, c); err != nil {
				return 0, err
			}
		}
	}
	var n uint64
	for _, chain := range serversFirst(held, from.IsServer) {
		wrote, err := writeChain(ctx, s, from.Store, chain, known[chain].Seq, held[chain].Seq)
		if err != nil {
			return 0, err
		}
		n += wrote
	}
	return n, nil
}

func serversFirst(held journal.Vector, isServer func(journal.NodeID) bool) []journal.Chain {
	var servers, others []journal.Chain
	for _, chain := range held.Chains() {
		if isServer != nil && isServer(chain.Node) {
			servers = append(servers, chain)
		} else {
			others = append(others, chain)
		}
	}
	return append(servers, others...)
}

// writeChain writes a chain behind the record with the number after, up to last.
func writeChain(ctx context.Context, s *sectionWriter, store journal.Store, chain journal.Chain, after, last uint64) (uint64, error) {
	var n uint64
	for from := after + 1; from <= last; {
		list, err := store.Read(ctx, chain, from, exchange.MaxBatchRecords, exchange.MaxBatchBytes)
		if err != nil {
			return n, err
		}
		if len(list) == 0 {
			return n, fmt.Errorf("record %d of %s is not there", from, chain)
		}
		first, err := journal.Parse(list[0])
		if err != nil {
			return n, fmt.Errorf("record %d of %s: %w", from, chain, err)
		}
		if more := first.Seq + uint64(len(list)) - 1; more > last {
			list = list[:uint64(len(list))-(more-last)]
		}
		if err := s.section(sectionBatch, batchSection{chain.Node, chain.Epoch, first.Seq, list}); err != nil {
			return n, err
		}
		from = first.Seq + uint64(len(list))
		n += uint64(len(list))
	}
	return n, nil
}
