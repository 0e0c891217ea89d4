package catalog

import (
	"context"
	"errors"
	"fmt"

	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Kinds of parts.
const (
	kindZone    = "zone"
	kindProduct = "product"
	kindGate    = "gate"
)

// first is the number of the first part of a kind: bits count from 0, and the
// product 0 is none.
var first = map[string]int64{kindZone: 0, kindProduct: 1, kindGate: 1}

// numbers are the parts that an event ever had.
type numbers struct {
	known map[string]map[string]*numbered // by kind and code
	next  map[string]int64
	list  []*numbered // in the order of kind and number
}

type numbered struct {
	Part
	retired bool // so the database says
	named   bool // the file has it
	fresh   bool // the database doesn't have it
}

func newNumbers() *numbers {
	n := &numbers{known: map[string]map[string]*numbered{}, next: map[string]int64{}}
	for kind, start := range first {
		n.known[kind], n.next[kind] = map[string]*numbered{}, start
	}
	return n
}

func loadNumbers(ctx context.Context, q sqldb.Queryer, event string) (n *numbers, err error) {
	n = newNumbers()
	rows, err := q.QueryContext(ctx, `select kind, code, number, retired_at is not null from event_part where event = $1 order by kind, number`, event)
	if err != nil {
		return nil, fmt.Errorf("reading the parts of event %s: %w", event, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p numbered
		if err := rows.Scan(&p.Kind, &p.Code, &p.Number, &p.retired); err != nil {
			return nil, fmt.Errorf("reading the parts of event %s: %w", event, err)
		}
		n.add(&p)
	}
	return n, rows.Err()
}

func (n *numbers) add(p *numbered) {
	n.known[p.Kind][p.Code] = p
	n.next[p.Kind] = max(n.next[p.Kind], p.Number+1)
	n.list = append(n.list, p)
}

// give gives the number of a part of the file, a new one at first sight.
func (n *numbers) give(kind, code string) int64 {
	p := n.known[kind][code]
	if p == nil {
		p = &numbered{Part: Part{Kind: kind, Code: code, Number: n.next[kind]}, fresh: true}
		n.add(p)
	}
	p.named = true
	return p.Number
}

// keep writes what the file changed: new parts, those that went and those that
// came back.
func (n *numbers) keep(ctx context.Context, tx *sqldb.Tx, event string, at int64) error {
	for _, p := range n.list {
		var err error
		switch {
		case p.fresh:
			_, err = tx.ExecContext(ctx, `insert into event_part (event, kind, code, number) values ($1, $2, $3, $4)`, event, p.Kind, p.Code, p.Number)
		case p.named && p.retired:
			_, err = tx.ExecContext(ctx, `update event_part set retired_at = null where event = $1 and kind = $2 and code = $3`, event, p.Kind, p.Code)
		case !p.named && !p.retired:
			_, err = tx.ExecContext(ctx, `update event_part set retired_at = $4 where event = $1 and kind = $2 and code = $3`, event, p.Kind, p.Code, at)
		}
		if err != nil {
			return fmt.Errorf("keeping %s %s of event %s: %w", p.Kind, p.Code, event, err)
		}
	}
	return nil
}

// returned says whether the file brings a retired part back.
func (n *numbers) returned(kind, code string) bool {
	p := n.known[kind][code]
	return p != nil && p.retired && p.named
}

func retired(ctx context.Context, q sqldb.Queryer, event string) ([]Part, error) {
	n, err := loadNumbers(ctx, q, event)
	if err != nil {
		return nil, err
	}
	var list []Part
	for _, p := range n.list {
		if p.retired {
			list = append(list, p.Part)
		}
	}
	return list, nil
}

// number makes the event record's content of a spec, giving every part its
// number.
func (s *Spec) number(n *numbers) (*journal.Event, error) {
	e := &journal.Event{
		Code: s.Code, Name: s.Name, Zone: s.Zone, Starts: s.Starts, Ends: s.Ends, Admission: s.Admission,
		Rehearsal: s.Rehearsal, Policy: s.Policy, Text: s.DoorText, Venue: s.Venue, Language: s.Language,
	}
	bits := map[string]uint8{}
	for _, z := range s.Zones {
		bit := n.give(kindZone, z.Code)
		if bit >= journal.MaxZones {
			return nil, fault.At(fault.Refused, s.File, "zone %s can't be added: all %d places for zones of event %s have been given out, to those that were taken out of the file too", z.Code, journal.MaxZones, s.Code)
		}
		bits[z.Code] = uint8(bit)
		e.Zones = append(e.Zones, journal.Zone{Bit: uint8(bit), Code: z.Code, Name: z.Name, Capacity: z.Capacity, CheckOut: z.CheckOut})
	}
	products := map[string]uint32{}
	for _, p := range s.Products {
		number := uint32(n.give(kindProduct, p.Code))
		products[p.Code] = number
		made := journal.Product{
			Number: number, Code: p.Code, Name: p.Name, Rules: p.Rules,
			Session: p.Session, Attention: p.Attention, Text: p.Text, Questions: p.Questions,
		}
		for _, code := range p.Zones {
			made.Zones |= 1 << bits[code]
		}
		e.Products = append(e.Products, made)
	}
	for _, g := range s.Gates {
		n.give(kindGate, g.Code)
		e.Gates = append(e.Gates, journal.Gate{
			Code: g.Code, Name: g.Name, Zone: bits[g.Zone], All: g.All,
			Products: each(g.Products, func(code string) uint32 { return products[code] }),
			Multi:    g.Multi, NoReentry: g.NoReentry, Direction: g.Direction, Rules: g.Rules,
			Session: g.Session, TakesUnpaid: g.TakesUnpaid, StaleAfter: g.StaleAfter,
		})
	}
	return e, nil
}
