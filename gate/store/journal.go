package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"

	"usher/migrations/sqldb"
	"usher/sync/journal"
)

var _ journal.Store = (*Store)(nil)

// A record's id is made of its chain's number and its own. These are in the text
// of migrations/gate as well.
const (
	seqBits  = 40
	maxSeq   = 1<<seqBits - 1
	ownChain = 1 << 20 // number of the gate's own chain
)

func recordID(chain int64, seq uint64) int64 { return chain<<seqBits | int64(seq) }

// Vector implements journal.Store. It reads the newest record of each chain, and no
// other: SQLite joins in the order that a cross join is written in
// (https://www.sqlite.org/optoverview.html#crossjoin).
func (s *Store) Vector(ctx context.Context) (journal.Vector, error) {
	rows, err := s.db.Read().QueryContext(ctx, `
		select c.node, c.epoch, r.id, r.bytes from chain c
		cross join record r on r.id = (select max(id) from record where id > c.number << 40 and id < (c.number + 1) << 40)`)
	if err != nil {
		return nil, stored(err, "reading how far its journals go")
	}
	defer rows.Close()
	v := journal.Vector{}
	for rows.Next() {
		var node string
		var epoch, id uint64
		var raw sql.RawBytes
		if err := rows.Scan(&node, &epoch, &id, &raw); err != nil {
			return nil, stored(err, "reading how far its journals go")
		}
		author, err := journal.ParseNodeID(node)
		if err != nil {
			return nil, fmt.Errorf("the gate's store holds a journal of %q: %w", node, err)
		}
		v[journal.Chain{Node: author, Epoch: epoch}] = journal.Head{Seq: id & maxSeq, Hash: sha256.Sum256(raw)}
	}
	return v, stored(rows.Err(), "reading how far its journals go")
}

// Read implements journal.Store.
func (s *Store) Read(ctx context.Context, chain journal.Chain, from uint64, maxRecords, maxBytes int) ([][]byte, error) {
	if from > maxSeq {
		return nil, nil
	}
	rows, err := s.db.Read().QueryContext(ctx, `
		select r.bytes from chain c join record r on r.id >= (c.number << 40) + $3 and r.id < (c.number + 1) << 40
		where c.node = $1 and c.epoch = $2 order by r.id limit $4`,
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

// Each calls do with every record and stops at its first error: chain by chain,
// in the order in which chains came, so the server's is the first, and the gate's
// own last. Records were verified before they were stored.
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
			return fmt.Errorf("the gate's store: record %d of those it holds: %w", n, err)
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return stored(rows.Err(), "reading its records")
}
