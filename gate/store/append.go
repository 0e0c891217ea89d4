package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"

	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// tip is the end of a chain that the store holds.
type tip struct {
	number int64 // of the chain in the database; 0: it holds nothing of it
	head   journal.Head
}

// appender is what whoever appends has to itself. Appending follows the heads of
// chains, and only this process writes them (Lock), so they are remembered
// rather than read for each scan.
type appender struct {
	turn chan struct{} // holds one token; whoever has it owns the rest
	tips map[journal.Chain]tip
}

func newAppender() appender {
	a := appender{turn: make(chan struct{}, 1), tips: map[journal.Chain]tip{}}
	a.turn <- struct{}{}
	return a
}

// Append implements journal.Store.
func (s *Store) Append(ctx context.Context, records []*journal.Record) error {
	err := s.append(ctx, false, func(ctx context.Context) ([]*journal.Record, error) {
		have, err := s.heads(ctx, records)
		if err != nil {
			return nil, err
		}
		return journal.Plan(have, records)
	})
	return stored(err, "storing %d records", len(records))
}

// AppendOwn stores records of the gate's own chain that are written on the spot:
// write gets the chain's head and gives the records that follow it. It returns
// after they are durable.
func (s *Store) AppendOwn(ctx context.Context, chain journal.Chain, write func(head journal.Head) ([]*journal.Record, error)) ([]*journal.Record, error) {
	var records []*journal.Record
	err := s.append(ctx, true, func(ctx context.Context) ([]*journal.Record, error) {
		t, err := s.tip(ctx, chain)
		if err != nil {
			return nil, err
		}
		records, err = write(t.head)
		return records, err
	})
	if err != nil {
		return nil, stored(err, "writing its own journal")
	}
	return records, nil
}

// append stores the records that plan gives, which follow the tips; own says that
// they are of the gate's own chain. Nobody else appends from before plan until
// they are durable.
func (s *Store) append(ctx context.Context, own bool, plan func(context.Context) ([]*journal.Record, error)) error {
	select {
	case <-s.appender.turn:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { s.appender.turn <- struct{}{} }()
	records, err := plan(ctx)
	if err != nil || len(records) == 0 {
		return err
	}
	after, err := s.insert(ctx, records, own)
	if err != nil {
		clear(s.appender.tips) // what is on the disk now, only the disk knows
		return err
	}
	maps.Copy(s.appender.tips, after)
	return nil
}

// heads gives the heads that a batch needs: of its chains and, for chains of a
// later epoch, of the epochs before them.
func (s *Store) heads(ctx context.Context, records []*journal.Record) (journal.Vector, error) {
	v := journal.Vector{}
	for _, r := range records {
		for _, chain := range []journal.Chain{r.Chain, {Node: r.Chain.Node, Epoch: r.Chain.Epoch - min(r.Chain.Epoch, 1)}} {
			if _, done := v[chain]; done {
				continue
			}
			t, err := s.tip(ctx, chain)
			if err != nil {
				return nil, err
			}
			v[chain] = t.head
		}
	}
	return v, nil
}

// tip gives the end of a chain.
func (s *Store) tip(ctx context.Context, chain journal.Chain) (tip, error) {
	if t, known := s.appender.tips[chain]; known {
		return t, nil
	}
	var t tip
	var id uint64
	var raw []byte
	found, err := one(ctx, s.db.Read(), `
		select c.number, r.id, r.bytes from chain c join record r on r.id > c.number << 40 and r.id < (c.number + 1) << 40
		where c.node = $1 and c.epoch = $2 order by r.id desc limit 1`,
		[]any{chain.Node.String(), chain.Epoch}, &t.number, &id, &raw)
	if err != nil {
		return tip{}, err
	}
	if found {
		t.head = journal.Head{Seq: id & maxSeq, Hash: sha256.Sum256(raw)}
	}
	s.appender.tips[chain] = t
	return t, nil
}

// insert stores records, each of which follows its chain's tip or another one of
// them, and gives the tips afterwards.
func (s *Store) insert(ctx context.Context, records []*journal.Record, own bool) (map[journal.Chain]tip, error) {
	for _, r := range records {
		if r.Seq > maxSeq {
			return nil, fault.New(fault.TooLarge, "record %d of %s: a gate holds numbers up to %d", r.Seq, r.Chain, uint64(maxSeq))
		}
	}
	if r := records[0]; len(records) == 1 {
		t, err := s.tip(ctx, r.Chain)
		if err != nil {
			return nil, err
		}
		if t.number != 0 { // as it is for a scan
			err := s.db.Exec(ctx, `insert into record (id, bytes) values ($1, $2)`, recordID(t.number, r.Seq), r.Bytes())
			return map[journal.Chain]tip{r.Chain: {t.number, r.Head()}}, err
		}
	}
	var after map[journal.Chain]tip
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		after, err = s.insertMany(ctx, tx, records, own)
		return err
	})
	return after, err
}

func (s *Store) insertMany(ctx context.Context, tx *sqldb.Tx, records []*journal.Record, own bool) (map[journal.Chain]tip, error) {
	after := make(map[journal.Chain]tip)
	rows := make([][]any, len(records))
	for i, r := range records {
		t, begun := after[r.Chain]
		if !begun {
			var err error
			if t, err = s.tip(ctx, r.Chain); err != nil {
				return nil, err
			}
		}
		if t.number == 0 {
			var err error
			if t.number, err = begin(ctx, tx, r.Chain, own); err != nil {
				return nil, fmt.Errorf("beginning chain %s: %w", r.Chain, err)
			}
		}
		rows[i] = []any{recordID(t.number, r.Seq), r.Bytes()}
		t.head = r.Head()
		after[r.Chain] = t
	}
	return after, sqldb.InsertRows(ctx, tx, "record", []string{"id", "bytes"}, rows)
}

// begin gives a chain its number: of the gate's own ones, the first has the
// highest there is.
func begin(ctx context.Context, tx *sqldb.Tx, chain journal.Chain, own bool) (number int64, err error) {
	err = tx.QueryRowContext(ctx, `
		insert into chain (node, epoch, number)
		select $1, $2, case when $3 and not exists (select 1 from chain where number = $4) then $4
		else (select coalesce(max(number), 0) + 1 from chain where number < $4) end
		returning number`, chain.Node.String(), chain.Epoch, own, ownChain).Scan(&number)
	return number, err
}
