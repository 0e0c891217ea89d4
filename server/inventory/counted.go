package inventory

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"usher/migrations/sqldb"
)

// decideAll is how a batch is decided and made durable, by what the engine is best
// at. A buyer who is alone needs least. On PostgreSQL, where other servers write at the
// same time and each statement is a trip, a batch about counted places is one statement
// that holds the pool's row for as long as it runs. Seats are chosen from a plan in
// memory, and written in one trip while nobody else changes them; else they take a
// transaction, as does every batch on SQLite, where a statement is a call away and has
// the file to itself.
func (s *Stock) decideAll(ctx context.Context, q *queue, b *batch) error {
	if !b.isCounted(q.plans) {
		if done, err := s.settleSeen(ctx, q, b); err != nil || done {
			return err
		}
		return s.settle(ctx, q, b)
	}
	done, err := s.settleAlone(ctx, b)
	if err != nil || done {
		return err
	}
	if s.db.Engine() != sqldb.Postgres {
		return s.settle(ctx, q, b)
	}
	slow, err := s.settleAtOnce(ctx, b)
	if sqldb.IsUnique(err) { // a hold was made by another server meanwhile
		slow, err = s.settleAtOnce(ctx, b)
	}
	if err != nil || !slow {
		return err
	}
	return s.settle(ctx, q, b)
}

// isCounted reports whether the batch is about counted places, as far as can be
// told: the statement finds out the rest.
func (b *batch) isCounted(seated plans) bool {
	ids := make(map[string]bool, len(b.asks))
	for _, a := range b.asks {
		if a.take == nil {
			continue
		}
		if ids[a.take.ID] { // twice in one batch
			return false
		}
		ids[a.take.ID] = true
		for i := range a.take.Lines {
			if l := &a.take.Lines[i]; len(l.Seats) > 0 || seated[l.Pool] != nil {
				return false
			}
		}
	}
	return true
}

// columns are a batch as hold_batch takes it.
type columns struct {
	pools              []string
	ids, owners, texts []string
	firsts, untils     []int64
	wants              []int64
	releases, expiries []string
}

func (b *batch) columns() *columns {
	c := &columns{pools: b.pools(nil)}
	at := make(map[string]int, len(c.pools))
	for i, pool := range c.pools {
		at[pool] = i
	}
	firsts := make(map[string]int64)
	for _, a := range b.asks {
		switch {
		case a.take != nil:
			c.add(a.take, at, firsts)
		case a.as == Expired:
			c.expiries = append(c.expiries, a.end...)
		default:
			c.releases = append(c.releases, a.end...)
		}
	}
	return c
}

func (c *columns) add(r *Request, at map[string]int, firsts map[string]int64) {
	c.ids = append(c.ids, r.ID)
	c.owners = append(c.owners, r.Owner)
	c.texts = append(c.texts, linesText(counted(r.Lines)))
	c.untils = append(c.untils, r.Until.UnixMilli())
	if r.Owner != "" && firsts[r.Owner] == 0 {
		firsts[r.Owner] = int64(len(c.ids))
	}
	c.firsts = append(c.firsts, firsts[r.Owner])
	c.wants = append(c.wants, make([]int64, len(at))...)
	row := c.wants[len(c.wants)-len(at):]
	for i := range r.Lines {
		row[at[r.Lines[i].Pool]] += r.Lines[i].places()
	}
}

// counted are lines of counted places as they are given.
func counted(lines []Line) []Line {
	given := slices.Clone(lines)
	for i := range given {
		given[i].Count, given[i].Seats = given[i].places(), nil
	}
	return given
}

// atOnce is the statement that decides a batch.
const atOnce = `
	select to_json(verdicts)::text, to_json(lefts)::text, to_json(ended)::text, slow
	from hold_batch($1, $2, $3, $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[], $10::bigint[],
		$11::text[], $12::text[])`

func (b *batch) args(c *columns) []any {
	return []any{b.event, b.now.UnixMilli(), int64(b.maxOpen), some(c.pools), some(c.ids), some(c.owners), some(c.firsts), some(c.untils),
		some(c.texts), some(c.wants), some(c.releases), some(c.expiries)}
}

// settleAtOnce decides a batch by one statement. When slow, nothing was done.
func (s *Stock) settleAtOnce(ctx context.Context, b *batch) (slow bool, err error) {
	c := b.columns()
	var verdicts, lefts, ended []byte
	err = s.together(ctx, b, func() sqldb.Call {
		return sqldb.Call{
			Query: atOnce, Args: b.args(c),
			Each: func(rows *sql.Rows) error { return rows.Scan(&verdicts, &lefts, &ended, &slow) },
		}
	})
	if err != nil || slow {
		return slow, err
	}
	var got struct {
		verdicts, lefts []int64
		ended           []string
	}
	for text, into := range map[*[]byte]any{&verdicts: &got.verdicts, &lefts: &got.lefts, &ended: &got.ended} {
		if err := json.Unmarshal(*text, into); err != nil {
			return false, fmt.Errorf("reading the answer to a batch: %w", err)
		}
	}
	return false, b.answer(c, got.verdicts, got.lefts, got.ended)
}

// some makes nil an empty array, where nil would be null.
func some[T any](list []T) []T { return append(make([]T, 0, len(list)), list...) }

// answer gives each ask what the statement decided.
func (b *batch) answer(c *columns, verdicts, lefts []int64, ended []string) error {
	width, over := len(c.pools), make(map[string]bool, len(ended))
	for _, id := range ended {
		over[id] = true
	}
	for _, a := range b.asks {
		if a.take == nil {
			a.back = 0
			for _, id := range a.end {
				if over[id] {
					a.back++
					delete(over, id) // whoever asks twice is told once
				}
			}
			continue
		}
		if len(verdicts) == 0 {
			return fmt.Errorf("the answer to a batch of %d requests is short", len(c.ids))
		}
		verdict := verdicts[0]
		verdicts = verdicts[1:]
		if verdict != 0 {
			if len(lefts) < width {
				return fmt.Errorf("the answer to a batch of %d requests is short", len(c.ids))
			}
			a.err = b.refusal(verdict, a.take, c.pools, lefts[:width])
			lefts = lefts[width:]
			continue
		}
		a.hold = newHold(a.take, counted(a.take.Lines))
	}
	if len(lefts) != width {
		return fmt.Errorf("the answer to a batch of %d requests names %d pools, want %d", len(c.ids), len(lefts), width)
	}
	b.back, b.left = len(ended) > 0, make(map[string]int64, width)
	for i, pool := range c.pools {
		if lefts[i] >= 0 {
			b.left[pool] = lefts[i]
		}
	}
	return nil
}

// refusal says why a request was refused, by what its pools had left.
func (b *batch) refusal(verdict int64, r *Request, pools []string, lefts []int64) error {
	if verdict == 2 {
		return tooManyOpen(b.maxOpen)
	}
	short := &Short{Left: make(map[string]int64, len(r.Lines))}
	for i := range r.Lines {
		pool := r.Lines[i].Pool
		at, _ := slices.BinarySearch(pools, pool)
		if lefts[at] < 0 {
			return missing(b.event, pool, i)
		}
		short.Left[pool] = lefts[at]
	}
	return short
}
