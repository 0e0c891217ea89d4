package journals

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"usher/migrations/sqldb"
	"usher/sync/journal"
)

// fewRecords is up to how many records wait for the next round trip: more take room,
// and the time is theirs anyway.
const fewRecords = 16

// insertAtOnce is how many records are turned into rows at a time: what bounds
// the memory of a large batch.
const insertAtOnce = 1000

var recordColumns = []string{"event", "node", "epoch", "seq", "kind", "hash", "received_at", "bytes"}

// insert puts records that follow their chains' heads into the tables. Each
// chain's records are in their order.
func (j *Journals) insert(ctx context.Context, tx *sqldb.Tx, event string, records []*journal.Record) error {
	at := j.now().UnixMilli()
	moved := make(journal.Vector)
	for len(records) > 0 {
		n := min(insertAtOnce, len(records))
		rows := make([][]any, n)
		for i, r := range records[:n] {
			hash := r.Hash()
			rows[i] = []any{event, r.Chain.Node.String(), int64(r.Chain.Epoch), int64(r.Seq), int64(r.Kind), hash[:], at, r.Bytes()}
			moved[r.Chain] = r.Head()
		}
		var err error
		if len(records) <= fewRecords {
			err = sqldb.InsertLater(ctx, tx, "record", recordColumns, rows, nil)
		} else {
			err = sqldb.InsertRows(ctx, tx, "record", recordColumns, rows)
		}
		if err != nil {
			return fmt.Errorf("storing records of event %s: %w", event, err)
		}
		records = records[n:]
	}
	return moveHeads(ctx, tx, event, moved)
}

func moveHeads(ctx context.Context, tx *sqldb.Tx, event string, moved journal.Vector) error {
	for chain, head := range moved {
		err := tx.Later(ctx, sqldb.Call{
			Query: `insert into chain (event, node, epoch, seq, hash) values ($1, $2, $3, $4, $5)
				on conflict (event, node, epoch) do update set seq = excluded.seq, hash = excluded.hash`,
			Args: []any{event, chain.Node.String(), int64(chain.Epoch), int64(head.Seq), head.Hash[:]},
			Wrap: func(err error) error {
				return fmt.Errorf("moving the head of chain %s of event %s: %w", chain, event, err)
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// allHeads asks how far each chain of an event goes.
const allHeads = `select node, epoch, seq, hash from chain where event = $1`

// heads reads how far each chain of the event goes.
func heads(ctx context.Context, q sqldb.Queryer, event string) (v journal.Vector, err error) {
	rows, err := q.QueryContext(ctx, allHeads, event)
	if err != nil {
		return nil, headsFailed(event, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	v = make(journal.Vector)
	for rows.Next() {
		if err := scanHead(rows, v); err != nil {
			return nil, headsFailed(event, err)
		}
	}
	return v, rows.Err()
}

// askHeads is heads by Tx.Later: v is there after the flush.
func askHeads(ctx context.Context, tx *sqldb.Tx, event string) (v journal.Vector, err error) {
	v = make(journal.Vector)
	return v, tx.Later(ctx, sqldb.Call{
		Query: allHeads, Args: []any{event},
		Each: func(rows *sql.Rows) error { return scanHead(rows, v) },
		Wrap: func(err error) error { return headsFailed(event, err) },
	})
}

func headsFailed(event string, err error) error {
	return fmt.Errorf("reading the heads of event %s: %w", event, err)
}

func scanHead(rows *sql.Rows, v journal.Vector) error {
	var node string
	var chain journal.Chain
	var seq uint64
	var hash []byte
	err := rows.Scan(&node, &chain.Epoch, &seq, &hash)
	if err != nil {
		return err
	}
	if chain.Node, err = journal.ParseNodeID(node); err != nil || len(hash) != len(journal.Hash{}) {
		return fmt.Errorf("chain %q with a hash of %d bytes is damaged", node, len(hash))
	}
	v[chain] = journal.Head{Seq: seq, Hash: journal.Hash(hash)}
	return nil
}
