package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Fate is what became of an event that does not take place as it was sold.
type Fate string

// The fates.
const (
	CalledOff Fate = "called_off"
	Moved     Fate = "moved"
)

// Standing says that an event doesn't take place as it was sold. The event's file knows
// nothing of it, and applying it again changes nothing of it.
type Standing struct {
	Fate   Fate   `json:"fate"`
	Why    string `json:"why"`              // as people are told
	Since  int64  `json:"since"`            // Unix s
	From   int64  `json:"from,omitempty"`   // when a moved event was to start, Unix s
	Choose int64  `json:"choose,omitempty"` // until when buyers of a moved event may give back, Unix s
	Closed bool   `json:"closed,omitempty"` // nothing is sold
}

// CalledOff says whether the event doesn't take place.
func (e *Event) CalledOff() bool { return e.Standing != nil && e.Standing.Fate == CalledOff }

// Closed says whether the event's sale was closed by hand, whatever its times.
func (e *Event) Closed() bool { return e.Standing != nil && e.Standing.Closed }

// StandIn says how an event stands, in the caller's transaction; nil that it takes place
// as it was sold. Servers know of it within a second after the commit; this one by
// Forget.
func (c *Catalog) StandIn(ctx context.Context, tx *sqldb.Tx, event string, s *Standing) error {
	text := ""
	if s != nil {
		b, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("encoding how event %s stands: %w", event, err)
		}
		text = string(b)
	}
	_, err := tx.ExecContext(ctx, `update event set rev = rev + 1, standing = $2, updated_at = $3 where code = $1`, event, text, c.now().UnixMilli())
	if err != nil {
		return fmt.Errorf("keeping how event %s stands: %w", event, err)
	}
	return nil
}

// Forget has this server read an event's shop anew when it is next asked for.
func (c *Catalog) Forget(event string) { c.shelf.put(event, shelved{}) }

// MoveIn has an event start and end at other times, in the caller's transaction, and
// tells its gates. Its admission and check-outs move along with the start; what its
// file says is to be brought in line before it is applied again.
func (c *Catalog) MoveIn(ctx context.Context, tx *sqldb.Tx, event string, starts, ends int64) error {
	before, err := c.EventIn(ctx, tx, event)
	if err != nil {
		return err
	}
	if starts >= ends || starts <= 0 {
		return fault.At(fault.BadInput, "ends", "the event would end before it starts")
	}
	after := before.Event
	by := starts - after.Starts
	after.Starts, after.Ends = starts, ends
	if after.Admission != 0 {
		after.Admission += by
	}
	after.Zones = slices.Clone(before.Zones)
	for i := range after.Zones {
		z := &after.Zones[i]
		z.CheckOut = slices.Clone(z.CheckOut)
		for n := range z.CheckOut {
			z.CheckOut[n] += by
		}
	}
	if err := moveSale(ctx, tx, event, before.Ends, ends); err != nil {
		return err
	}
	content, err := journal.Encode(&after)
	if err != nil {
		return fmt.Errorf("encoding the event: %w", err)
	}
	spec := &Spec{Code: event, File: event, Terms: before.Terms}
	ch := &change{spec: spec, before: before, after: &after}
	if err := c.keepEvent(ctx, tx, ch, content); err != nil {
		return err
	}
	return c.tell(ctx, tx, ch)
}

// moveSale has what was sold until the event's old end be sold until its new one.
func moveSale(ctx context.Context, tx *sqldb.Tx, event string, before, after int64) error {
	content, err := shopText(ctx, tx, event)
	if err != nil || content == "" {
		return err
	}
	var s Shop
	if err := json.Unmarshal([]byte(content), &s); err != nil {
		return fault.Wrap(fault.Internal, err, "a shop in the database is damaged")
	}
	for i := range s.Offers {
		if o := &s.Offers[i]; o.Until == before {
			o.Until = after
		}
	}
	if s.Resale != nil && s.Resale.Until == before {
		s.Resale.Until = after
	}
	b, err := json.Marshal(&s)
	if err != nil {
		return fmt.Errorf("encoding the shop: %w", err)
	}
	_, err = tx.ExecContext(ctx, `update shop set content = $2 where event = $1`, event, string(b))
	return err
}
