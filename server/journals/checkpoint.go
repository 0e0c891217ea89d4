package journals

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

const (
	// CheckpointLife is how long the server's word on its journal's length is
	// good: what a gate makes of an older one is the event's stale rule.
	CheckpointLife = 24 * time.Hour
	// CheckpointEvery is how often Run renews them, whether or not gates sync.
	CheckpointEvery = time.Hour
)

// Checkpoint signs, keeps and gives the server's word on how long its chain of
// the event is now. An empty chain gives fault.NotReady.
func (j *Journals) Checkpoint(ctx context.Context, event string) (*journal.Checkpoint, error) {
	var made *journal.Checkpoint
	err := j.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		author, err := j.vault.AuthorIn(ctx, tx, event)
		if err != nil {
			return err
		}
		have, err := heads(ctx, tx, event)
		if err != nil {
			return err
		}
		head, ok := have[author.Chain()]
		if !ok {
			return fault.New(fault.NotReady, "the server's journal of event %s has nothing in it yet", event)
		}
		at := j.now()
		if made, err = author.Checkpoint(head, at.UnixMilli(), at.Add(CheckpointLife).UnixMilli()); err != nil {
			return err
		}
		return keepCheckpoint(ctx, tx, event, made)
	})
	return made, err
}

// KeepCheckpoint keeps a checkpoint that was verified, unless a newer one of its
// chain is held.
func (j *Journals) KeepCheckpoint(ctx context.Context, event string, c *journal.Checkpoint) error {
	return j.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		return keepCheckpoint(ctx, tx, event, c)
	})
}

func keepCheckpoint(ctx context.Context, tx *sqldb.Tx, event string, c *journal.Checkpoint) error {
	_, err := tx.ExecContext(ctx, `insert into checkpoint (event, node, epoch, seq, time, bytes) values ($1, $2, $3, $4, $5, $6)
		on conflict (event, node, epoch) do update set seq = excluded.seq, time = excluded.time, bytes = excluded.bytes
		where checkpoint.time < excluded.time`,
		event, c.Chain.Node.String(), int64(c.Chain.Epoch), int64(c.Head.Seq), c.Time, c.Bytes())
	if err != nil {
		return fmt.Errorf("keeping the checkpoint of chain %s of event %s: %w", c.Chain, event, err)
	}
	return nil
}

// Checkpoints gives the newest checkpoint of each chain of the event.
func (j *Journals) Checkpoints(ctx context.Context, event string) (list []*journal.Checkpoint, err error) {
	rows, err := j.db.Read().QueryContext(ctx, `select bytes from checkpoint where event = $1 order by node, epoch`, event)
	if err != nil {
		return nil, fmt.Errorf("reading the checkpoints of event %s: %w", event, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, fmt.Errorf("reading the checkpoints of event %s: %w", event, err)
		}
		c, err := journal.ParseCheckpoint(b)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a checkpoint in the journal of event %s is damaged", event)
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// CheckpointsBeyond gives the checkpoints of the event that are newer than what have
// says of their chain, Unix ms; have says 0 where there is none. It is cheap while there
// is none.
func (j *Journals) CheckpointsBeyond(ctx context.Context, event string, have func(journal.Chain) int64) ([]*journal.Checkpoint, error) {
	newer, err := j.newerCheckpoints(ctx, event, have)
	if err != nil || !newer {
		return nil, err
	}
	list, err := j.Checkpoints(ctx, event)
	return slices.DeleteFunc(list, func(c *journal.Checkpoint) bool { return c.Time <= have(c.Chain) }), err
}

func (j *Journals) newerCheckpoints(ctx context.Context, event string, have func(journal.Chain) int64) (newer bool, err error) {
	rows, err := j.db.Read().QueryContext(ctx, `select node, epoch, time from checkpoint where event = $1 order by node, epoch`, event)
	if err != nil {
		return false, fmt.Errorf("looking for newer checkpoints of event %s: %w", event, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var node string
		var epoch, at int64
		if err := rows.Scan(&node, &epoch, &at); err != nil {
			return false, fmt.Errorf("looking for newer checkpoints of event %s: %w", event, err)
		}
		id, err := journal.ParseNodeID(node)
		if err != nil {
			return false, fault.Wrap(fault.Internal, err, "a checkpoint in the journal of event %s is damaged", event)
		}
		newer = newer || at > have(journal.Chain{Node: id, Epoch: uint64(epoch)})
	}
	return newer, rows.Err()
}

// Renew signs a checkpoint of every event that has a journal.
func (j *Journals) Renew(ctx context.Context) error {
	events, err := revisions(ctx, j.db.Read())
	if err != nil {
		return err
	}
	var failed []error
	for event := range events {
		if _, err := j.Checkpoint(ctx, event); err != nil && !errors.Is(err, fault.NotReady) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// Run renews the checkpoints at once and on every tick, until ctx ends; pass a
// ticker of CheckpointEvery. report is told of each renewal, with its error or
// nil.
func (j *Journals) Run(ctx context.Context, tick <-chan time.Time, report func(error)) {
	for {
		report(j.Renew(ctx))
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}
