package store

import (
	"context"
	"fmt"

	"usher/migrations/sqldb"
	"usher/sync/journal"
)

var _ journal.Store = (*Store)(nil)

// Vector implements journal.Store.
func (s *Store) Vector(ctx context.Context) (journal.Vector, error) {
	return vector(ctx, s.db.Read())
}

// vector reads the newest record of each chain. The unique index gives max(seq)
// without a scan of the records.
func vector(ctx context.Context, q sqldb.Queryer) (journal.Vector, error) {
	rows, err := q.QueryContext(ctx, `
		select r.node, r.epoch, r.seq, r.hash from record r
		join (select node, epoch, max(seq) as seq from record group by node, epoch) h
		on h.node = r.node and h.epoch = r.epoch and h.seq = r.seq`)
	if err != nil {
		return nil, stored(err, "reading how far its journals go")
	}
	defer rows.Close()
	v := journal.Vector{}
	for rows.Next() {
		var node string
		var epoch, seq uint64
		var hash []byte
		if err := rows.Scan(&node, &epoch, &seq, &hash); err != nil {
			return nil, stored(err, "reading how far its journals go")
		}
		chain, head, err := position(node, epoch, seq, hash)
		if err != nil {
			return nil, err
		}
		v[chain] = head
	}
	return v, stored(rows.Err(), "reading how far its journals go")
}

func position(node string, epoch, seq uint64, hash []byte) (journal.Chain, journal.Head, error) {
	id, err := journal.ParseNodeID(node)
	if err != nil || len(hash) != len(journal.Hash{}) {
		return journal.Chain{}, journal.Head{}, fmt.Errorf("the gate's store holds a record %d of %q with a hash of %d bytes", seq, node, len(hash))
	}
	return journal.Chain{Node: id, Epoch: epoch}, journal.Head{Seq: seq, Hash: journal.Hash(hash)}, nil
}

// Read implements journal.Store.
func (s *Store) Read(ctx context.Context, chain journal.Chain, from uint64, maxRecords, maxBytes int) ([][]byte, error) {
	rows, err := s.db.Read().QueryContext(ctx,
		`select bytes from record where node = $1 and epoch = $2 and seq >= $3 order by seq limit $4`,
		chain.Node.String(), chain.Epoch, from, maxRecords)
	if err != nil {
		return nil, stored(err, "reading records of %s", chain)
	}
	defer rows.Close()
	var list [][]byte
	for size := 0; (len(list) == 0 || size < maxBytes) && rows.Next(); {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, stored(err, "reading records of %s", chain)
		}
		size += len(b)
		list = append(list, b)
	}
	return list, stored(rows.Err(), "reading records of %s", chain)
}

// Append implements journal.Store.
func (s *Store) Append(ctx context.Context, records []*journal.Record) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		have, err := heads(ctx, tx, records)
		if err != nil {
			return err
		}
		fresh, err := journal.Plan(have, records)
		if err != nil {
			return err
		}
		return insert(ctx, tx, fresh)
	})
	return stored(err, "storing %d records", len(records))
}

// heads reads the heads that a batch needs: of its chains and, for chains of a
// later epoch, of the epochs before them.
func heads(ctx context.Context, tx *sqldb.Tx, records []*journal.Record) (journal.Vector, error) {
	v := journal.Vector{}
	for _, r := range records {
		for _, chain := range []journal.Chain{r.Chain, {Node: r.Chain.Node, Epoch: r.Chain.Epoch - min(r.Chain.Epoch, 1)}} {
			if _, done := v[chain]; done {
				continue
			}
			var seq uint64
			var hash []byte
			found, err := one(ctx, tx, `select seq, hash from record where node = $1 and epoch = $2 order by seq desc limit 1`,
				[]any{chain.Node.String(), chain.Epoch}, &seq, &hash)
			if err != nil {
				return nil, err
			}
			v[chain] = journal.Head{}
			if found {
				_, v[chain], err = position(chain.Node.String(), chain.Epoch, seq, hash)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

const insertRecord = `insert into record (node, epoch, seq, hash, bytes) values ($1, $2, $3, $4, $5)`

func insert(ctx context.Context, tx *sqldb.Tx, records []*journal.Record) error {
	for _, r := range records {
		hash := r.Hash()
		if _, err := tx.ExecContext(ctx, insertRecord, r.Chain.Node.String(), r.Chain.Epoch, r.Seq, hash[:], r.Bytes()); err != nil {
			return fmt.Errorf("inserting record %d of %s: %w", r.Seq, r.Chain, err)
		}
	}
	return nil
}

// AppendOwn stores records of the gate's own chain that are written in the
// transaction that stores them: write gets the chain's head and gives the
// records that follow it. It returns after they are durable.
func (s *Store) AppendOwn(ctx context.Context, chain journal.Chain, write func(head journal.Head) ([]*journal.Record, error)) ([]*journal.Record, error) {
	var records []*journal.Record
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		var head journal.Head
		var hash []byte
		found, err := one(ctx, tx, `select seq, hash from record where node = $1 and epoch = $2 order by seq desc limit 1`,
			[]any{chain.Node.String(), chain.Epoch}, &head.Seq, &hash)
		if err != nil {
			return err
		}
		if found {
			copy(head.Hash[:], hash)
		}
		if records, err = write(head); err != nil {
			return err
		}
		return insert(ctx, tx, records)
	})
	if err != nil {
		return nil, stored(err, "writing its own journal")
	}
	return records, nil
}

// KeepFork implements journal.Store.
func (s *Store) KeepFork(ctx context.Context, fork journal.Fork) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx,
			`insert into fork (node, epoch, seq, held, seen) values ($1, $2, $3, $4, $5) on conflict do nothing`,
			fork.Held.Chain.Node.String(), fork.Held.Chain.Epoch, fork.Held.Seq, fork.Held.Bytes(), fork.Seen.Bytes())
		return err
	})
	return stored(err, "keeping proof of a fault of %s", fork.Held.Chain)
}

// Forks lists the proofs kept.
func (s *Store) Forks(ctx context.Context) ([]journal.Fork, error) {
	rows, err := s.db.Read().QueryContext(ctx, `select held, seen from fork order by node, epoch, seq`)
	if err != nil {
		return nil, stored(err, "reading proofs of faults")
	}
	defer rows.Close()
	var list []journal.Fork
	for rows.Next() {
		var held, seen []byte
		if err := rows.Scan(&held, &seen); err != nil {
			return nil, stored(err, "reading proofs of faults")
		}
		var f journal.Fork
		if f.Held, err = journal.Parse(held); err != nil {
			return nil, fmt.Errorf("reading a kept proof: %w", err)
		}
		if f.Seen, err = journal.Parse(seen); err != nil {
			return nil, fmt.Errorf("reading a kept proof: %w", err)
		}
		list = append(list, f)
	}
	return list, stored(rows.Err(), "reading proofs of faults")
}

// Each calls do with every record, in the order in which they arrived, and
// stops at its first error. Records were verified before they were stored.
func (s *Store) Each(ctx context.Context, do func(*journal.Record) error) error {
	rows, err := s.db.Read().QueryContext(ctx, `select bytes from record order by id`)
	if err != nil {
		return stored(err, "reading its records")
	}
	defer rows.Close()
	for n := 1; rows.Next(); n++ {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return stored(err, "reading its records")
		}
		r, err := journal.Parse(b)
		if err != nil {
			return fmt.Errorf("the gate's store: record %d in order of arrival: %w", n, err)
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return stored(rows.Err(), "reading its records")
}
