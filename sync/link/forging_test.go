package link_test

import (
	"context"

	"usher/sync/journal"
)

// forging is a store that changes a record of a chain as it gives it out.
type forging struct {
	journal.Store
	chain journal.Chain
}

func (s forging) Read(ctx context.Context, chain journal.Chain, from uint64, maxRecords, maxBytes int) ([][]byte, error) {
	list, err := s.Store.Read(ctx, chain, from, maxRecords, maxBytes)
	if chain != s.chain || len(list) == 0 {
		return list, err
	}
	list = append([][]byte(nil), list...)
	list[0] = append([]byte(nil), list[0]...)
	list[0][len(list[0])-3] ^= 1
	return list, err
}
