package store

import (
	"context"
	"fmt"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/journal"
)

// Offset is a measurement of how far the device's clock is from the server's.
type Offset struct {
	Offset      time.Duration // to add to the device's clock
	Uncertainty time.Duration // the true offset is within ± this
	At          time.Time     // when it was measured, by the device's clock
}

// Offset gives the measurement kept; ok is false before the first one.
func (s *Store) Offset(ctx context.Context) (o Offset, ok bool, err error) {
	var offset, uncertainty, at int64
	ok, err = one(ctx, s.db.Read(), `select offset_ms, error_ms, measured_at from clock`, nil, &offset, &uncertainty, &at)
	if err != nil || !ok {
		return Offset{}, false, stored(err, "reading its clock's offset")
	}
	return Offset{
		Offset: time.Duration(offset) * time.Millisecond, Uncertainty: time.Duration(uncertainty) * time.Millisecond, At: time.UnixMilli(at),
	}, true, nil
}

// KeepOffset replaces the measurement kept.
func (s *Store) KeepOffset(ctx context.Context, o Offset) error {
	err := s.db.Exec(ctx, `
		insert into clock (only_row, offset_ms, error_ms, measured_at) values (1, $1, $2, $3)
		on conflict (only_row) do update set offset_ms = excluded.offset_ms, error_ms = excluded.error_ms, measured_at = excluded.measured_at`,
		o.Offset.Milliseconds(), o.Uncertainty.Milliseconds(), o.At.UnixMilli())
	return stored(err, "keeping its clock's offset")
}

// KeepCheckpoint keeps c if it is newer than the one kept of its chain.
func (s *Store) KeepCheckpoint(ctx context.Context, c *journal.Checkpoint) error {
	err := s.db.Exec(ctx, `
		insert into checkpoint (node, epoch, time, bytes) values ($1, $2, $3, $4)
		on conflict (node, epoch) do update set time = excluded.time, bytes = excluded.bytes where excluded.time > checkpoint.time`,
		c.Chain.Node.String(), c.Chain.Epoch, c.Time, c.Bytes())
	return stored(err, "keeping a checkpoint of %s", c.Chain)
}

// Checkpoints gives the newest checkpoint kept of each chain.
func (s *Store) Checkpoints(ctx context.Context) ([]*journal.Checkpoint, error) {
	rows, err := s.db.Read().QueryContext(ctx, `select bytes from checkpoint order by node, epoch`)
	if err != nil {
		return nil, stored(err, "reading checkpoints")
	}
	defer rows.Close()
	var list []*journal.Checkpoint
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, stored(err, "reading checkpoints")
		}
		c, err := journal.ParseCheckpoint(b)
		if err != nil {
			return nil, fmt.Errorf("reading a kept checkpoint: %w", err)
		}
		list = append(list, c)
	}
	return list, stored(rows.Err(), "reading checkpoints")
}

// Shown gives the numbers of own records whose verdict was seen, of the newest ones.
func (s *Store) Shown(ctx context.Context) ([]uint64, error) {
	rows, err := s.db.Read().QueryContext(ctx, `select seq from shown order by seq`)
	if err != nil {
		return nil, stored(err, "reading what was shown")
	}
	defer rows.Close()
	var list []uint64
	for rows.Next() {
		var seq uint64
		if err := rows.Scan(&seq); err != nil {
			return nil, stored(err, "reading what was shown")
		}
		list = append(list, seq)
	}
	return list, stored(rows.Err(), "reading what was shown")
}

// MarkShown notes that the verdicts of own records were seen, and forgets what it
// noted of those up to a number.
func (s *Store) MarkShown(ctx context.Context, seqs []uint64, forget uint64) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		for _, seq := range seqs {
			if _, err := tx.ExecContext(ctx, `insert into shown (seq) values ($1) on conflict do nothing`, seq); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `delete from shown where seq <= $1`, forget)
		return err
	})
	return stored(err, "noting what was shown")
}
