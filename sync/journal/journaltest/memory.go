package journaltest

import (
	"context"
	"slices"
	"sync"

	"usher/sync/journal"
)

// Memory is a journal.Store that forgets all when it is dropped. The zero value
// is empty and ready.
type Memory struct {
	mu     sync.RWMutex
	chains map[journal.Chain][]*journal.Record // in order, without holes
	forks  []journal.Fork
	fail   error
}

var _ journal.Store = (*Memory)(nil)

// NewMemory gives an empty store.
func NewMemory() *Memory { return new(Memory) }

// Fail makes every call from now on end with err, as a full disk does; nil
// heals the store.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// Vector says how far each chain is held.
func (m *Memory) Vector(ctx context.Context) (journal.Vector, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.usable(ctx); err != nil {
		return nil, err
	}
	return m.vector(), nil
}

func (m *Memory) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return m.fail
}

func (m *Memory) vector() journal.Vector {
	v := make(journal.Vector, len(m.chains))
	for chain, records := range m.chains {
		v[chain] = records[len(records)-1].Head()
	}
	return v
}

// Read gives records of the chain from a number on.
func (m *Memory) Read(ctx context.Context, chain journal.Chain, from uint64, maxRecords, maxBytes int) ([][]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.usable(ctx); err != nil {
		return nil, err
	}
	var list [][]byte
	size := 0
	for _, r := range m.chains[chain] {
		if r.Seq < from {
			continue
		}
		if len(list) >= maxRecords || len(list) > 0 && size >= maxBytes {
			break
		}
		list = append(list, r.Bytes())
		size += len(r.Bytes())
	}
	return list, nil
}

// Append stores what is new of the records, all or none.
func (m *Memory) Append(ctx context.Context, records []*journal.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return err
	}
	fresh, err := journal.Plan(m.vector(), records)
	if err != nil {
		return err
	}
	if m.chains == nil {
		m.chains = make(map[journal.Chain][]*journal.Record)
	}
	for _, r := range fresh {
		m.chains[r.Chain] = append(m.chains[r.Chain], r)
	}
	return nil
}

// KeepFork keeps a proof, once.
func (m *Memory) KeepFork(ctx context.Context, fork journal.Fork) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return err
	}
	same := func(f journal.Fork) bool {
		return f.Held.Hash() == fork.Held.Hash() && f.Seen.Hash() == fork.Seen.Hash()
	}
	if !slices.ContainsFunc(m.forks, same) {
		m.forks = append(m.forks, fork)
	}
	return nil
}

// Forks lists the proofs kept, in the order in which they came.
func (m *Memory) Forks() []journal.Fork {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Clone(m.forks)
}

// Records gives a chain as it is held.
func (m *Memory) Records(chain journal.Chain) []*journal.Record {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Clone(m.chains[chain])
}
