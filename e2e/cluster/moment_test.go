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
	"usher/server/ticketing"
)

// moment is what the database says of an event's places at one moment.
type moment struct {
	event           string
	capacity, taken map[string]int64       // by pool
	holds           map[string]held        // by id, those that are held
	orders          map[string]sales.State // by id
	seats           map[string]string      // of all seats, by pool and code: their holders
	tickets         map[string]place       // by id, those that are not void for good
}

type held struct {
	until int64
	lines []inventory.Line
}

// place is what a ticket is for.
type place struct {
	pool, seat string
	state      ticketing.State
}

// look reads an event's places by one statement, so that all of it is of one moment.
// pools says which pool each product is of.
func look(ctx context.Context, db *sqldb.DB, event string, pools map[uint32]string) (m *moment, err error) {
	m = &moment{event: event, capacity: map[string]int64{}, taken: map[string]int64{}, holds: map[string]held{},
		orders: map[string]sales.State{}, seats: map[string]string{}, tickets: map[string]place{}}
	rows, err := db.Read().QueryContext(ctx, `
		select 'pool', code, capacity, taken, '', '' from pool where event = $1
		union all select 'hold', id, until, 0, state, lines from hold where event = $1 and state = 'held'
		union all select 'order', id, 0, 0, state, '' from sale_order where event = $1
		union all select 'ticket', id, product, 0, state, seat from ticket where event = $1 and state <> 'cancelled'
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
		switch kind {
		case "pool":
			m.capacity[id], m.taken[id] = a, b
		case "hold":
			h := held{until: a}
			if err := json.Unmarshal([]byte(text), &h.lines); err != nil {
				return nil, fmt.Errorf("hold %s: %w", id, err)
			}
			m.holds[id] = h
		case "order":
			m.orders[id] = sales.State(word)
		case "ticket":
			m.tickets[id] = place{pools[uint32(a)], text, ticketing.State(word)}
		case "seat":
			m.seats[id] = word
		}
	}
	return m, rows.Err()
}

// check holds a moment to what is so at every one: a pool's places are those that
// somebody holds and those that somebody has a ticket for, never more than it has, and
// a seat is one person's.
func (m *moment) check(t testing.TB) {
	counted := map[string]int64{}
	whose := map[string]string{}
	claim := func(who, pool, seat string, count int64) {
		counted[pool] += count
		name := pool + " " + seat
		if seat == "" {
			return
		}
		if whose[name] != "" {
			t.Errorf("event %s: seat %s is %s's and %s's", m.event, name, whose[name], who)
		}
		if whose[name] = who; m.seats[name] == "" {
			t.Errorf("event %s: seat %s is %s's, and counts as free", m.event, name, who)
		}
	}
	for id, h := range m.holds {
		for _, l := range h.lines {
			for _, seat := range l.Seats {
				claim("hold "+id, l.Pool, seat, 0)
			}
			counted[l.Pool] += l.Count
		}
		if state := m.orders[id]; state.Good() || state == sales.Disputed {
			t.Errorf("event %s: order %s is %s, and its places are held still", m.event, id, state)
		}
	}
	for id, p := range m.tickets {
		claim("ticket "+id, p.pool, p.seat, 1)
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
	for _, p := range m.tickets {
		if p.state == ticketing.Valid {
			sold[p.pool]++
		}
	}
	for pool, capacity := range m.capacity {
		if sold[pool] != capacity {
			open = append(open, fmt.Sprintf("of %d places of pool %s %d are sold", capacity, pool, sold[pool]))
		}
	}
	if len(m.holds) > 0 {
		open = append(open, fmt.Sprintf("%d holds are open", len(m.holds)))
	}
	return open
}
