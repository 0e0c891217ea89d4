package journals

import (
	"context"
	"errors"
	"fmt"

	"usher/migrations/sqldb"
	"usher/sync/journal"
)

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
		if err := sqldb.InsertRows(ctx, tx, "record", recordColumns, rows); err != nil {
			return fmt.Errorf("storing records of event %s: %w", event, err)
		}
		records = records[n:]
	}
	return moveHeads(ctx, tx, event, moved)
}

func moveHeads(ctx context.Context, tx *sqldb.Tx, event string, moved journal.Vector) error {
	for chain, head := range moved {
		_, err := tx.ExecContext(ctx, `insert into chain (event, node, epoch, seq, hash) values ($1, $2, $3, $4, $5)
			on conflict (event, node, epoch) do update set seq = excluded.seq, hash = excluded.hash`,
			event, chain.Node.String(), int64(chain.Epoch), int64(head.Seq), head.Hash[:])
		if err != nil {
			return fmt.Errorf("moving the head of chain %s of event %s: %w", chain, event, err)
		}
	}
	return nil
}

// heads reads how far each chain of the event goes.
func heads(ctx context.Context, q sqldb.Queryer, event string) (v journal.Vector, err error) {
	rows, err := q.QueryContext(ctx, `select node, epoch, seq, hash from chain where event = $1`, event)
	if err != nil {
		return nil, fmt.Errorf("reading the heads of event %s: %w", event, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	v = make(journal.Vector)
	for rows.Next() {
		var node string
		var chain journal.Chain
		var seq uint64
		var hash []byte
		if err := rows.Scan(&node, &chain.Epoch, &seq, &hash); err != nil {
			return nil, fmt.Errorf("reading the heads of event %s: %w", event, err)
		}
		if chain.Node, err = journal.ParseNodeID(node); err != nil || len(hash) != len(journal.Hash{}) {
			return nil, fmt.Errorf("reading the heads of event %s: chain %q with a hash of %d bytes is damaged", event, node, len(hash))
		}
		v[chain] = journal.Head{Seq: seq, Hash: journal.Hash(hash)}
	}
	return v, rows.Err()
}
