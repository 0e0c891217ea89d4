package journals

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"usher/migrations/sqldb"
	"usher/sync/journal"
)

// rowsAtOnce is how many records one insert statement takes: enough that the
// statement's own cost is small beside its rows', few enough for any engine's
// limit of parameters.
const rowsAtOnce = 100

// insert puts records that follow their chains' heads into the tables. Each
// chain's records are in their order.
func (j *Journals) insert(ctx context.Context, tx *sqldb.Tx, event string, records []*journal.Record) error {
	in := inserter{tx: tx, event: event, at: j.now().UnixMilli()}
	for len(records) > 0 {
		n := min(rowsAtOnce, len(records))
		if err := in.insert(ctx, records[:n]); err != nil {
			return fmt.Errorf("storing %d records of event %s: %w", n, event, err)
		}
		records = records[n:]
	}
	return in.moveHeads(ctx)
}

// inserter inserts into one event's journal in one transaction.
type inserter struct {
	tx    *sqldb.Tx
	event string
	at    int64  // Unix ms
	full  string // the statement for rowsAtOnce; the transaction keeps it prepared
	args  []any
	heads journal.Vector
}

func (in *inserter) insert(ctx context.Context, records []*journal.Record) error {
	in.args = append(in.args[:0], in.event, in.at)
	for _, r := range records {
		hash := r.Hash()
		in.args = append(in.args, r.Chain.Node.String(), int64(r.Chain.Epoch), int64(r.Seq), int64(r.Kind), hash[:], r.Bytes())
		if in.heads == nil {
			in.heads = make(journal.Vector)
		}
		in.heads[r.Chain] = r.Head()
	}
	if len(records) < rowsAtOnce {
		_, err := in.tx.ExecContext(ctx, insertText(len(records)), in.args...)
		return err
	}
	if in.full == "" {
		in.full = insertText(rowsAtOnce)
	}
	_, err := in.tx.ExecContext(ctx, in.full, in.args...)
	return err
}

// insertText is the statement for n records. Event and time of arrival are the
// same for all and stand once.
func insertText(n int) string {
	const columns = 6
	text := strings.Builder{}
	text.WriteString(`insert into record (event, received_at, node, epoch, seq, kind, hash, bytes) values `)
	for row := range n {
		if row > 0 {
			text.WriteString(", ")
		}
		text.WriteString("($1, $2")
		for column := range columns {
			fmt.Fprintf(&text, ", $%d", 3+row*columns+column)
		}
		text.WriteString(")")
	}
	return text.String()
}

func (in *inserter) moveHeads(ctx context.Context) error {
	for chain, head := range in.heads {
		_, err := in.tx.ExecContext(ctx, `insert into chain (event, node, epoch, seq, hash) values ($1, $2, $3, $4, $5)
			on conflict (event, node, epoch) do update set seq = excluded.seq, hash = excluded.hash`,
			in.event, chain.Node.String(), int64(chain.Epoch), int64(head.Seq), head.Hash[:])
		if err != nil {
			return fmt.Errorf("moving the head of chain %s of event %s: %w", chain, in.event, err)
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
