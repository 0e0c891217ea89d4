package exchange_test

import (
	"context"
	"sync/atomic"

	"usher/sync/journal"
)

// rottenStore is a store in which a bit of one record has flipped.
type rottenStore struct {
	journal.Store
	chain  journal.Chain
	seq    uint64
	healed atomic.Bool
}

func (s *rottenStore) heal() { s.healed.Store(true) }

func (s *rottenStore) Read(ctx context.Context, chain journal.Chain, from uint64, maxRecords, maxBytes int) ([][]byte, error) {
	list, err := s.Store.Read(ctx, chain, from, maxRecords, maxBytes)
	if chain != s.chain || from > s.seq || from+uint64(len(list)) <= s.seq || s.healed.Load() {
		return list, err
	}
	list = append([][]byte(nil), list...)
	bad := append([]byte(nil), list[s.seq-from]...)
	bad[len(bad)-1] ^= 1
	list[s.seq-from] = bad
	return list, err
}
