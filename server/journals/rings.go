package journals

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"usher/crypto/keyring"
	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// PublishRings writes the key rings that the event's gates lack into its
// journal: in a new journal the newest ring alone, which gates check against
// their pins; else every ring after the last one published, so that the chain
// has no gap. It gives no records when there is nothing to tell.
func (j *Journals) PublishRings(ctx context.Context, tx *sqldb.Tx, event string) ([]*journal.Record, error) {
	last, err := lastRing(ctx, tx, event)
	if err != nil {
		return nil, err
	}
	var seq uint64
	if last != nil {
		seq = last.Ring.Seq
	}
	chain, err := j.vault.ChainAfter(ctx, tx, seq)
	if err != nil || len(chain) == 0 {
		return nil, err
	}
	if last == nil {
		chain = chain[len(chain)-1:]
	}
	contents := make([]any, len(chain))
	for i, ring := range chain {
		contents[i] = &journal.RingRecord{Signed: ring.Bytes()}
	}
	return j.Write(ctx, tx, event, journal.KindRing, contents...)
}

// lastOf is the last record of a kind of server's that the event's journal has; nil
// for none.
func lastOf(ctx context.Context, q sqldb.Queryer, event string, kind journal.Kind) (*journal.Record, error) {
	var b []byte
	err := q.QueryRowContext(ctx, `select bytes from record where event = $1 and kind = $2 and kind >= 16 order by epoch desc, seq desc limit 1`,
		event, int64(kind)).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the last %s record in the journal of event %s: %w", kind, event, err)
	}
	r, err := journal.Parse(b)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a %s record in the journal of event %s is damaged", kind, event)
	}
	return r, nil
}

// lastRing is the last ring that the event's journal has; nil for none.
func lastRing(ctx context.Context, q sqldb.Queryer, event string) (*keyring.SignedRing, error) {
	r, err := lastOf(ctx, q, event, journal.KindRing)
	if err != nil || r == nil {
		return nil, err
	}
	content, err := journal.Read[journal.RingRecord](r)
	if err != nil {
		return nil, err
	}
	ring, err := keyring.ParseSigned(content.Signed)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the last key ring in the journal of event %s is damaged", event)
	}
	return ring, nil
}
