package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"usher/migrations/sqldb"
	"usher/server/inventory"
	"usher/server/sales"
)

// moment is what the database says of an event's places at one moment.
type moment struct {
	event           string
	capacity, taken map[string]int64  // by pool
	holds           map[string]held   // by id, those that are held
	orders          map[string]bought // by id
	seats           map[string]string // of all seats, by pool and code: their holders
}

type held struct {
	until int64
	lines []inventory.Line
}

type bought struct {
	state sales.State
	items []sales.Item
}

// has says whether an order has its places for good, or until a bank decides.
func (b bought) has() bool {
	return b.state == sales.Paid || b.state == sales.PartRefunded || b.state == sales.Disputed
}

// look reads an event's places by one statement, so that all of it is of one moment.
func look(ctx context.Context, db *sqldb.DB, event string) (m *moment, err error) {
	m = &moment{event: event, capacity: map[string]int64{}, taken: map[string]int64{},
		holds: map[string]held{}, orders: map[string]bought{}, seats: map[string]string{}}
	rows, err := db.Read().QueryContext(ctx, `
		select 'pool', code, capacity, taken, '', '' from pool where event = $1
		union all select 'hold', id, until, 0, state, lines from hold where event = $1 and state = 'held'
		union all select 'order', id, 0, 0, state, cart from sale_order where event = $1
		union all select 'seat', pool || ' ' || code, 0, 0, holder, '' from seat where event = $1`, event)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var kind, id, word, text string
		var a, b int64
		if err := rows.Scan(&kind, &id, &a, &b, &word, &text); err != nil {
			return nil, err
		}
		if err := m.add(kind, id, a, b, word, text); err != nil {
			return nil, err
		}
	}
	return m, rows.Err()
}

func (m *moment) add(kind, id string, a, b int64, word, text string) error {
	switch kind {
	case "pool":
		m.capacity[id], m.taken[id] = a, b
	case "hold":
		h := held{until: a}
		if err := json.Unmarshal([]byte(text), &h.lines); err != nil {
			return fmt.Errorf("hold %s: %w", id, err)
		}
		m.holds[id] = h
	case "order":
		var cart struct{ Items []sales.Item }
		if err := json.Unmarshal([]byte(text), &cart); err != nil {
			return fmt.Errorf("order %s: %w", id, err)
		}
		m.orders[id] = bought{sales.State(word), cart.Items}
	case "seat":
		m.seats[id] = word
	}
	return nil
}

// check holds a moment to what is so at every one: a pool's places are those that
// somebody holds and those that somebody bought, never more than it has, and a seat is
// one person's.
func (m *moment) check(t testing.TB) {
	counted := map[string]int64{}
	whose := map[string]string{}
	claim := func(id, pool string, count int64, seats []string) {
		counted[pool] += count
		for _, seat := range seats {
			name := pool + " " + seat
			if whose[name] != "" {
				t.Errorf("event %s: seat %s is %s's and %s's", m.event, name, whose[name], id)
			}
			if whose[name] = id; m.seats[name] == "" {
				t.Errorf("event %s: seat %s is %s's, and counts as free", m.event, name, id)
			}
		}
	}
	for id, h := range m.holds {
		for _, l := range h.lines {
			claim(id, l.Pool, l.Count, l.Seats)
		}
	}
	for id, o := range m.orders {
		if _, holds := m.holds[id]; o.has() && holds {
			t.Errorf("event %s: order %s is %s, and its places are held still", m.event, id, o.state)
		} else if o.has() {
			for _, item := range o.items {
				claim(id, item.Pool, int64(item.Count), item.Seats)
			}
		}
	}
	for pool, taken := range m.taken {
		if taken > m.capacity[pool] || taken != counted[pool] {
			t.Errorf("event %s: pool %s has %d places, %d of them are taken, and people have %d", m.event, pool, m.capacity[pool], taken, counted[pool])
		}
	}
	for name, holder := range m.seats {
		if holder != "" && whose[name] == "" {
			t.Errorf("event %s: seat %s counts as taken by %s, who doesn't have it", m.event, name, holder)
		}
	}
}

// unsold says what is not sold for good.
func (m *moment) unsold() (open []string) {
	sold := map[string]int64{}
	for id, o := range m.orders {
		if o.state == sales.Disputed || o.state.Buying() || o.state == sales.Refunding {
			open = append(open, fmt.Sprintf("order %s is %s", id, o.state))
		}
		if o.state.Good() {
			for _, item := range o.items {
				sold[item.Pool] += int64(item.Count)
			}
		}
	}
	for pool, capacity := range m.capacity {
		if sold[pool] < capacity {
			open = append(open, fmt.Sprintf("%d places of pool %s are for sale", capacity-sold[pool], pool))
		}
	}
	if len(m.holds) > 0 {
		open = append(open, fmt.Sprintf("%d holds are open", len(m.holds)))
	}
	return open
}
