// Package catalog holds the events: what an organiser's event file says of
// products, zones, gates and rules, and what the gates were told of it.
//
// # Files
//
// [ParseFile] reads an event file (docs/event-file.md). It knows every field and
// refuses the rest; all that is wrong in a file is said at once, each with file,
// line, column and field ([Problems]).
//
// # Applying
//
// [Catalog.Apply] makes the database say what the file says, in one transaction:
// a new event gets its keys, the event's journal gets the key rings and the event
// record that gates need, and the report lists what was added, changed and
// retired. A file that changes nothing writes nothing.
//
// # Shops
//
// An event with a [shop] table sells its products that have a price: [Catalog.Shop]
// gives what and how. Gates hear nothing of it.
//
// # Numbers
//
// A zone's bit and a product's number stand in tickets that are out. They are
// given when a code is first seen and belong to it for ever: a zone or product
// that is taken out of the file is retired, its number is never used for another,
// and it has the same one again when it comes back.
package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/migrations/sqldb"
	"usher/server/journals"
	"usher/server/vault"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Catalog keeps the events of one database. It may be used by several
// goroutines.
type Catalog struct {
	db       *sqldb.DB
	vault    *vault.Vault
	journals *journals.Journals
	now      func() time.Time

	shelf  shelf
	onShop []func(context.Context, *sqldb.Tx, *Shop) error
}

// New gives the catalogue of a migrated database.
func New(db *sqldb.DB, v *vault.Vault, j *journals.Journals, now func() time.Time) *Catalog {
	return &Catalog{db: db, vault: v, journals: j, now: now}
}

// Event is an event as its file said last.
type Event struct {
	journal.Event           // as the gates know it
	Terms         string    `json:"terms,omitempty"` // small print of its tickets
	Created       time.Time `json:"created"`
	Updated       time.Time `json:"updated"`
	Retired       []Part    `json:"retired,omitempty"` // what the file no longer has
	// Standing says that it doesn't take place as it was sold; nil: it does.
	Standing *Standing `json:"standing,omitempty"`

	Location *time.Location `json:"-"` // of the event's time zone

	rev int64
}

// Part is a zone, product or gate that has a number.
type Part struct {
	Kind   string `json:"kind"` // zone, product, gate
	Code   string `json:"code"`
	Number int64  `json:"number"` // a zone's bit, a product's number
}

// Local gives a time of the event, in Unix seconds, in the event's zone.
func (e *Event) Local(unix int64) time.Time { return time.Unix(unix, 0).In(e.Location) }

// ProductByCode finds a product that is in the file.
func (e *Event) ProductByCode(code string) (journal.Product, bool) {
	return find(e.Products, func(p journal.Product) bool { return p.Code == code })
}

// ZoneByCode finds a zone that is in the file.
func (e *Event) ZoneByCode(code string) (journal.Zone, bool) {
	return find(e.Zones, func(z journal.Zone) bool { return z.Code == code })
}

// ZonesOf lists the zones of a ticket's mask, in the file's order.
func (e *Event) ZonesOf(mask uint32) []journal.Zone {
	var list []journal.Zone
	for _, z := range e.Zones {
		if mask&(1<<z.Bit) != 0 {
			list = append(list, z)
		}
	}
	return list
}

func find[T any](list []T, match func(T) bool) (found T, ok bool) {
	if i := slices.IndexFunc(list, match); i >= 0 {
		return list[i], true
	}
	return found, false
}

// Event gives an event by its code; fault.NotFound when there is none.
func (c *Catalog) Event(ctx context.Context, code string) (*Event, error) {
	return c.EventIn(ctx, c.db.Read(), code)
}

// EventIn is Event as q sees it.
func (c *Catalog) EventIn(ctx context.Context, q sqldb.Queryer, code string) (*Event, error) {
	row := q.QueryRowContext(ctx, `select rev, content, terms, standing, created_at, updated_at from event where code = $1`, code)
	e, err := scanEvent(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "no event %.40q: apply its file first, or see the list of events", code)
	}
	if err != nil {
		return nil, fmt.Errorf("reading event %s: %w", code, err)
	}
	if e.Retired, err = retired(ctx, q, code); err != nil {
		return nil, err
	}
	return e, nil
}

// Events lists the events by when they start, then by code. Retired parts are
// left out.
func (c *Catalog) Events(ctx context.Context) (list []*Event, err error) {
	rows, err := c.db.Read().QueryContext(ctx, `select rev, content, terms, standing, created_at, updated_at from event order by code`)
	if err != nil {
		return nil, fmt.Errorf("listing the events: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		e, err := scanEvent(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("listing the events: %w", err)
		}
		list = append(list, e)
	}
	slices.SortStableFunc(list, compareStarts)
	return list, rows.Err()
}

func compareStarts(a, b *Event) int {
	return cmp.Or(cmp.Compare(a.Starts, b.Starts), strings.Compare(a.Code, b.Code))
}

func scanEvent(scan func(...any) error) (*Event, error) {
	var e Event
	var content []byte
	var standing string
	var created, updated int64
	if err := scan(&e.rev, &content, &e.Terms, &standing, &created, &updated); err != nil {
		return nil, err
	}
	if standing != "" {
		if err := json.Unmarshal([]byte(standing), &e.Standing); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "how an event stands is damaged in the database")
		}
	}
	if err := journal.Decode(content, &e.Event); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "an event in the database is damaged")
	}
	var err error
	if e.Location, err = time.LoadLocation(e.Zone); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the time zone %s of event %s is not known on this machine", e.Zone, e.Code)
	}
	e.Created, e.Updated = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC()
	return &e, nil
}
