package journals

import (
	"context"
	"errors"
	"fmt"
	"math"

	"usher/migrations/sqldb"
	"usher/sync/journal"
)

// Store is the journal.Store of one event.
type Store struct {
	journals *Journals
	event    string
}

var _ journal.Store = (*Store)(nil)

// Store gives the store of an event's journal. The event need not be known yet.
func (j *Journals) Store(event string) *Store { return &Store{journals: j, event: event} }

// Vector implements journal.Store.
func (s *Store) Vector(ctx context.Context) (journal.Vector, error) {
	return heads(ctx, s.journals.db.Read(), s.event)
}

// Read implements journal.Store.
func (s *Store) Read(ctx context.Context, chain journal.Chain, from uint64, maxRecords, maxBytes int) (list [][]byte, err error) {
	if chain.Epoch > math.MaxInt64 || from > math.MaxInt64 {
		return nil, nil // no record has such a number
	}
	rows, err := s.journals.db.Read().QueryContext(ctx,
		`select bytes from record where event = $1 and node = $2 and epoch = $3 and seq >= $4 order by seq limit $5`,
		s.event, chain.Node.String(), int64(chain.Epoch), int64(from), maxRecords)
	if err != nil {
		return nil, s.failed(err, "reading records of chain %s", chain)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for size := 0; rows.Next(); {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, s.failed(err, "reading records of chain %s", chain)
		}
		list = append(list, b)
		if size += len(b); size >= maxBytes {
			return list, nil
		}
	}
	return list, s.failed(rows.Err(), "reading records of chain %s", chain)
}

// Append implements journal.Store.
func (s *Store) Append(ctx context.Context, records []*journal.Record) error {
	if len(records) == 0 {
		return nil
	}
	err := s.journals.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		if err := touch(ctx, tx, s.event); err != nil {
			return err
		}
		have, err := heads(ctx, tx, s.event)
		if err != nil {
			return err
		}
		fresh, err := journal.Plan(have, records)
		if err != nil {
			return err
		}
		return s.journals.insert(ctx, tx, s.event, fresh)
	})
	return s.failed(err, "storing %d records", len(records))
}

// KeepFork implements journal.Store. One proof is kept for a number.
func (s *Store) KeepFork(ctx context.Context, fork journal.Fork) error {
	err := s.journals.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `insert into fork (event, node, epoch, seq, held, seen, kept_at)
			values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
			s.event, fork.Held.Chain.Node.String(), int64(fork.Held.Chain.Epoch), int64(fork.Held.Seq),
			fork.Held.Bytes(), fork.Seen.Bytes(), s.journals.now().UnixMilli())
		return err
	})
	return s.failed(err, "keeping the proof of a fork of chain %s", fork.Held.Chain)
}

func (s *Store) failed(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s in the journal of event %s: %w", fmt.Sprintf(format, args...), s.event, err)
}

// Forks gives the proofs of chains that were continued twice, in the order in
// which they were kept.
func (j *Journals) Forks(ctx context.Context, event string) (list []journal.Fork, err error) {
	rows, err := j.db.Read().QueryContext(ctx,
		`select held, seen from fork where event = $1 order by kept_at, node, epoch, seq`, event)
	if err != nil {
		return nil, fmt.Errorf("reading the forks of event %s: %w", event, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var held, seen []byte
		if err := rows.Scan(&held, &seen); err != nil {
			return nil, fmt.Errorf("reading the forks of event %s: %w", event, err)
		}
		var f journal.Fork
		if f.Held, err = journal.Parse(held); err != nil {
			return nil, fmt.Errorf("reading a fork of event %s: %w", event, err)
		}
		if f.Seen, err = journal.Parse(seen); err != nil {
			return nil, fmt.Errorf("reading a fork of event %s: %w", event, err)
		}
		list = append(list, f)
	}
	return list, rows.Err()
}
