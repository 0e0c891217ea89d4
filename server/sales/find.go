package sales

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher/sync/guests"
)

// Bounds of a search.
const (
	// maxFound is how many orders a search gives at most.
	maxFound = 200
	// maxLooked is how many orders are looked through that one word fits. Of more, some
	// are not found by it alone; a longer word, or a second one, narrows it.
	maxLooked = 20_000
	// readAtOnce is how many of those are read by one statement.
	readAtOnce = 100
)

// Search says which orders are looked for. The zero value is the newest of all.
type Search struct {
	Event string
	State State
	Text  string // code, e-mail address, or words of the buyer's name or their beginnings
	// Failed has those only of which a refund failed and waits for somebody to give it by
	// other means. It doesn't go with a text.
	Failed bool
	Limit  int // 0: 50
}

// Find looks orders up, the newest first. What it costs doesn't grow with the orders
// that there are: each way to look has its index, and a bound.
func (s *Sales) Find(ctx context.Context, q Search) ([]Order, error) {
	q.Limit = min(cmp.Or(max(q.Limit, 0), 50), maxFound)
	if q.Failed {
		return s.failed(ctx, q)
	}
	text := line(q.Text)
	if code := CleanCode(text); code != "" {
		if list, err := orders(ctx, s.DB.Read(), `where code = $1`, code); err != nil || len(list) > 0 {
			return list, err
		}
	}
	if words := sought(text); len(words) > 0 {
		return s.byWords(ctx, q, words)
	}
	if text != "" {
		return nil, nil // it has no letter in it
	}
	if q.State != "" && q.Event == "" {
		return s.byState(ctx, q)
	}
	return s.newest(ctx, q)
}

// newest gives the newest orders of an event or of all, in one state or in any of an
// event. Each has an index in the order of time.
func (s *Sales) newest(ctx context.Context, q Search) ([]Order, error) {
	where, args := newestWhere(q)
	return orders(ctx, s.DB.Read(), where, args...)
}

func newestWhere(q Search) (string, []any) {
	var where []string
	var args []any
	for _, c := range []struct{ column, is string }{{"event", q.Event}, {"state", string(q.State)}} {
		if c.is != "" {
			args = append(args, c.is)
			where = append(where, fmt.Sprintf("%s = $%d", c.column, len(args)))
		}
	}
	text := ""
	if len(where) > 0 {
		text = "where " + strings.Join(where, " and ")
	}
	args = append(args, q.Limit)
	return fmt.Sprintf(`%s order by made_at desc, id desc limit $%d`, text, len(args)), args
}

// failed gives the newest orders of which a refund failed: those are few.
func (s *Sales) failed(ctx context.Context, q Search) ([]Order, error) {
	return orders(ctx, s.DB.Read(), `where id in (select order_id from order_refund where state = 'refused')
		and ($1 = '' or event = $1) and ($2 = '' or state = $2) order by made_at desc, id desc limit $3`, q.Event, string(q.State), q.Limit)
}

// Note says how many refunds failed and wait for somebody; "" when all is well.
func (s *Sales) Note(ctx context.Context) string {
	var n int
	switch err := s.DB.Read().QueryRowContext(ctx, `select count(*) from order_refund where state = 'refused'`).Scan(&n); {
	case err != nil:
		return "refunds can't be counted"
	case n == 0:
		return ""
	case n == 1:
		return "1 refund failed: see /manage/orders?state=refund_failed"
	}
	return fmt.Sprintf("%d refunds failed: see /manage/orders?state=refund_failed", n)
}

// byState gives the newest orders in a state of all events, event by event.
func (s *Sales) byState(ctx context.Context, q Search) ([]Order, error) {
	events, err := s.Catalog.Events(ctx)
	if err != nil {
		return nil, err
	}
	var all []Order
	for _, e := range events {
		q.Event = e.Code
		list, err := s.newest(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	slices.SortFunc(all, byTime)
	return all[:min(len(all), q.Limit)], nil
}

func byTime(a, b Order) int { return cmp.Or(b.Made.Compare(a.Made), strings.Compare(b.ID, a.ID)) }

// maxSought is how many words of a search count.
const maxSought = 6

// sought gives the words that a search is for, the longest first: they fit the fewest.
// What has an @ in it is an address, or its beginning.
func sought(text string) []string {
	var words []string
	for _, part := range strings.Fields(text) {
		if strings.Contains(part, "@") {
			words = append(words, guests.Fold(part))
			continue
		}
		words = append(words, wordsIn(part)...)
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
	words = slices.Compact(words)
	return words[:min(len(words), maxSought)]
}

// byWords finds orders of which each word is the beginning of one of theirs.
func (s *Sales) byWords(ctx context.Context, q Search, words []string) (found []Order, err error) {
	var fit []hit
	for i, word := range words {
		hits, err := s.hits(ctx, word)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			fit = hits
			continue
		}
		there := make(map[string]bool, len(hits))
		for _, h := range hits {
			there[h.id] = true
		}
		fit = slices.DeleteFunc(fit, func(h hit) bool { return !there[h.id] })
	}
	slices.SortFunc(fit, func(a, b hit) int { return cmp.Or(cmp.Compare(b.made, a.made), strings.Compare(b.id, a.id)) })
	fit = slices.Compact(fit) // by two of its words
	for some := range slices.Chunk(fit, readAtOnce) {
		list, err := s.these(ctx, q, some)
		if err != nil {
			return nil, err
		}
		if found = append(found, list...); len(found) >= q.Limit {
			return found[:q.Limit], nil
		}
	}
	return found, nil
}

// hit is an order that a word fits.
type hit struct {
	id   string
	made int64
}

const fitting = `select order_id, made_at from sale_word where word >= $1 and word < $2 order by word desc, made_at desc limit $3`

// hits gives the orders that have a word with this beginning.
func (s *Sales) hits(ctx context.Context, beginning string) (list []hit, err error) {
	rows, err := s.DB.Read().QueryContext(ctx, fitting, beginning, beginning+lastLetter, maxLooked)
	if err != nil {
		return nil, stored(err, "looking for orders")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var h hit
		if err := rows.Scan(&h.id, &h.made); err != nil {
			return nil, stored(err, "looking for orders")
		}
		list = append(list, h)
	}
	return list, stored(rows.Err(), "looking for orders")
}

// lastLetter stands after every other that a word may go on with.
const lastLetter = "\U0010FFFF"

// these reads orders that are of the event and in the state that is looked for.
func (s *Sales) these(ctx context.Context, q Search, hits []hit) ([]Order, error) {
	where, args := theseWhere(q, hits)
	list, err := orders(ctx, s.DB.Read(), where, args...)
	slices.SortFunc(list, byTime)
	return list, err
}

func theseWhere(q Search, hits []hit) (string, []any) {
	in, args := make([]string, len(hits)), []any{q.Event, string(q.State)}
	for i, h := range hits {
		args = append(args, h.id)
		in[i] = fmt.Sprintf("$%d", len(args))
	}
	return `where id in (` + strings.Join(in, ", ") + `) and ($1 = '' or event = $1) and ($2 = '' or state = $2)`, args
}
