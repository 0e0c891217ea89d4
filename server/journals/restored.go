package journals

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Epoch is what BeginEpoch did.
type Epoch struct {
	Chain journal.Chain // where the server writes on
	// Again counts the records that were said once more, because others hold other
	// records with their numbers.
	Again int
}

// BeginEpoch makes the server's chain of the event go on in its next epoch. It
// is for data that were restored from a backup, when others may hold records of the
// server's that these data have lost: writing on in the old epoch would number two
// records alike. What others hold of the old epoch is not contradicted, and comes
// back from them.
//
// The event as it is now is the first record of the new epoch, so that every gate
// sees that there is one. Where the server has written on in the old epoch before,
// and others showed that they hold different records with the same numbers, what it
// wrote is said again in the new epoch: in the old one nobody would take it. So are the
// revocations and expulsions that they showed.
func (j *Journals) BeginEpoch(ctx context.Context, event string) (Epoch, error) {
	var begun Epoch
	err := j.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		old, err := j.vault.AuthorIn(ctx, tx, event)
		if err != nil {
			return err
		}
		if err := touch(ctx, tx, event); err != nil {
			return err
		}
		head, lost, err := contradicted(ctx, tx, event, old.Chain())
		if err != nil {
			return err
		}
		author, err := j.vault.BeginEpoch(ctx, tx, event)
		if err != nil {
			return err
		}
		begun = Epoch{Chain: author.Chain(), Again: len(lost)}
		current, err := lastOf(ctx, tx, event, journal.KindEvent)
		if err != nil || current == nil {
			return err
		}
		for _, r := range append([]*journal.Record{current}, lost...) {
			written, err := j.writeAfter(ctx, tx, event, author, head, r.Kind, cbor.RawMessage(r.Content))
			if err != nil {
				return err
			}
			head = written[0].Head()
		}
		return nil
	})
	return begun, err
}

// contradicted gives where the server's chain is the same for all, as far as is known,
// and what is to be said again: the server's own records behind that, and of those with
// the same numbers that others showed what makes somebody void.
func contradicted(ctx context.Context, q sqldb.Queryer, event string, own journal.Chain) (head journal.Head, list []*journal.Record, err error) {
	var first sql.NullInt64
	err = q.QueryRowContext(ctx, `select min(seq) from fork where event = $1 and node = $2 and epoch = $3`,
		event, own.Node.String(), int64(own.Epoch)).Scan(&first)
	if err != nil {
		return head, nil, fromForks(event, err)
	}
	if !first.Valid {
		have, err := heads(ctx, q, event)
		return ownHead(have, own), nil, err
	}
	theirs, err := recordsOf(ctx, q, `select seen from fork where event = $1 and node = $2 and epoch = $3 and seq >= $4 order by seq`, event, own, first.Int64)
	if err != nil {
		return head, nil, err
	}
	for _, r := range theirs {
		if r.Kind == journal.KindRevoke || r.Kind == journal.KindExpel {
			list = append(list, r)
		}
	}
	ours, err := recordsOf(ctx, q, `select bytes from record where event = $1 and node = $2 and epoch = $3 and seq >= $4 order by seq`, event, own, first.Int64)
	if err != nil || len(ours) == 0 || ours[0].Seq == 1 { // no epoch but the first begins with record 1
		have, lost := heads(ctx, q, event)
		return ownHead(have, own), append(list, ours...), errors.Join(err, lost)
	}
	return journal.Head{Seq: ours[0].Seq - 1, Hash: ours[0].Prev}, append(list, ours...), nil
}

// recordsOf reads the records of a chain from a number on that a query gives.
func recordsOf(ctx context.Context, q sqldb.Queryer, query, event string, chain journal.Chain, first int64) (list []*journal.Record, err error) {
	rows, err := q.QueryContext(ctx, query, event, chain.Node.String(), int64(chain.Epoch), first)
	if err != nil {
		return nil, fromForks(event, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, fromForks(event, err)
		}
		r, err := journal.Parse(b)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a record of the server's in the journal of event %s is damaged", event)
		}
		list = append(list, r)
	}
	return list, fromForks(event, rows.Err())
}

func fromForks(event string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("looking for records of the server's that others contradict, of event %s: %w", event, err)
}
