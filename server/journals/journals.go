// Package journals keeps the server's journals: one an event, with the records
// of every gate and of the server itself, and is the only writer of the server's
// own records.
//
// # Writing
//
// [Journals.Write] reads the head of the server's chain, signs and inserts in
// the caller's transaction. So a record exists if and only if what it tells of
// was committed, and two processes on one database can't give two records one
// number. What comes from gates is stored through [Store], the journal.Store of
// an event, after the exchange has verified it.
//
// # Following
//
// Records have a number of arrival, in the order of commits and over all events.
// [Journals.Tail] gives an event's records after such a number, and
// [Journals.Subscribe] wakes its reader when this process or another has
// committed more. Whoever has read up to a number has missed none before it.
//
// # Key rings
//
// A gate walks the chain of key rings step by step, so an event's journal begins
// with the ring that has its keys, and [Journals.PublishRings] adds every later
// one without a gap.
//
// # Checkpoints
//
// [Journals.Checkpoint] signs how long the server's chain is now; a gate judges
// the age of its revocation list by it. [Journals.Run] renews them hourly.
package journals

import (
	"context"
	"fmt"
	"sync"
	"time"

	"usher/migrations/sqldb"
	"usher/server/vault"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Journals keeps the journals of all events in one database. It may be used by
// several goroutines.
type Journals struct {
	db    *sqldb.DB
	vault *vault.Vault
	now   func() time.Time

	mu      sync.Mutex // of what follows
	readers map[*reader]struct{}
	stop    func() // ends the watch; nil while nobody reads
}

// New gives the journals of a migrated database. The vault has to be unlocked
// before anything is written.
func New(db *sqldb.DB, vault *vault.Vault, now func() time.Time) *Journals {
	return &Journals{db: db, vault: vault, now: now, readers: make(map[*reader]struct{})}
}

// Write writes one record of the kind for each of the contents, in their order,
// at the end of the server's chain of the event. They are durable when the
// caller's transaction is. Errors are those of vault.Author; a content over the
// limit of a record gives fault.TooLarge.
func (j *Journals) Write(ctx context.Context, tx *sqldb.Tx, event string, kind journal.Kind, contents ...any) ([]*journal.Record, error) {
	pen, err := j.Open(ctx, tx, event)
	if err != nil {
		return nil, err
	}
	return pen.Write(ctx, kind, contents...)
}

// Pen writes at the end of the server's chain of an event, in one transaction, for
// which it has the journal: rivals wait from Open on.
type Pen struct {
	journals *Journals
	tx       *sqldb.Tx
	event    string
	asked    func() (*journal.Author, error)
	heads    journal.Vector

	author *journal.Author // nil before it was needed
	head   journal.Head
}

// Open opens the journal of an event for writing. What it has to know it asks by
// Tx.Later, so it costs nothing more where something else is asked next.
func (j *Journals) Open(ctx context.Context, tx *sqldb.Tx, event string) (*Pen, error) {
	p := &Pen{journals: j, tx: tx, event: event}
	var err error
	if p.asked, err = j.vault.AskAuthor(ctx, tx, event); err != nil {
		return nil, err
	}
	if err := touch(ctx, tx, event); err != nil {
		return nil, err
	}
	p.heads, err = askHeads(ctx, tx, event)
	return p, err
}

// Author gives who writes.
func (p *Pen) Author(ctx context.Context) (*journal.Author, error) {
	if p.author != nil {
		return p.author, nil
	}
	if err := p.tx.Flush(ctx); err != nil {
		return nil, err
	}
	author, err := p.asked()
	if err != nil {
		return nil, err
	}
	p.author, p.head = author, ownHead(p.heads, author.Chain())
	return author, nil
}

// Write is Journals.Write. Records may wait for the transaction's next statement.
func (p *Pen) Write(ctx context.Context, kind journal.Kind, contents ...any) ([]*journal.Record, error) {
	author, err := p.Author(ctx)
	if err != nil {
		return nil, err
	}
	records, err := p.journals.writeAfter(ctx, p.tx, p.event, author, p.head, kind, contents...)
	if err == nil && len(records) > 0 {
		p.head = records[len(records)-1].Head()
	}
	return records, err
}

// writeAfter writes records that go on from a head.
func (j *Journals) writeAfter(ctx context.Context, tx *sqldb.Tx, event string, author *journal.Author, head journal.Head, kind journal.Kind, contents ...any) ([]*journal.Record, error) {
	at := journal.Stamp{Time: j.now().UnixMilli(), Synced: true}
	records := make([]*journal.Record, len(contents))
	for i, content := range contents {
		var err error
		if records[i], err = author.Write(head, at, kind, content); err != nil {
			return nil, fault.Wrap(fault.TooLarge, err, "a %s record of event %s can't be written", kind, event)
		}
		head = records[i].Head()
	}
	return records, j.insert(ctx, tx, event, records)
}

// ownHead is where the server's chain goes on: at its own head, or, when its
// epoch has just begun, at that of the epoch before.
func ownHead(have journal.Vector, chain journal.Chain) journal.Head {
	for {
		if head, ok := have[chain]; ok || chain.Epoch == 0 {
			return head
		}
		chain.Epoch--
	}
}

// touch makes rivals for the event's journal wait until tx is over.
func touch(ctx context.Context, tx *sqldb.Tx, event string) error {
	return tx.Later(ctx, sqldb.Call{
		Query: `insert into journal (event, rev) values ($1, 1) on conflict (event) do update set rev = journal.rev + 1`,
		Args:  []any{event},
		Wrap: func(err error) error {
			return fmt.Errorf("opening the journal of event %s for writing: %w", event, err)
		},
	})
}
