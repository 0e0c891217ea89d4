package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// OnShop has f called whenever what an event sells changed, inside the transaction
// that changes it: an error of f's undoes it. An event that sells nothing any more
// comes as a Shop without pools and offers. To be called before the catalogue is
// used.
func (c *Catalog) OnShop(f func(ctx context.Context, tx *sqldb.Tx, s *Shop) error) {
	c.onShop = append(c.onShop, f)
}

// shopChange is what one Apply has to do to the shop.
type shopChange struct {
	before, after *Shop  // nil: nothing is sold
	content       string // of after; "" for nil
	changed       bool
}

// shopText gives the shop of an event as it is kept; "" where nothing is sold.
func shopText(ctx context.Context, q sqldb.Queryer, event string) (content string, err error) {
	row := q.QueryRowContext(ctx, `select content from shop where event = $1`, event)
	if err := row.Scan(&content); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("reading the shop of event %s: %w", event, err)
	}
	return content, nil
}

// shopChange compares the shop of a spec with the one that is kept. The products
// of e have their numbers.
func (c *Catalog) shopChange(ctx context.Context, tx *sqldb.Tx, s *Spec, e *journal.Event) (*shopChange, error) {
	kept, err := shopText(ctx, tx, s.Code)
	if err != nil {
		return nil, err
	}
	ch := &shopChange{}
	if kept != "" {
		ch.before = &Shop{}
		if err := json.Unmarshal([]byte(kept), ch.before); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a shop in the database is damaged")
		}
	}
	if s.Shop != nil {
		if s.picture != nil && s.picture.bytes == nil {
			return nil, fault.At(fault.BadInput, s.picture.where, "shop.picture: %.100q was not read with the event file", s.picture.name)
		}
		shop := *s.Shop
		shop.Offers = nil
		for _, o := range s.Shop.Offers {
			p, _ := find(e.Products, func(p journal.Product) bool { return p.Code == o.Code })
			o.Product = p.Number
			shop.Offers = append(shop.Offers, o)
		}
		content, err := json.Marshal(&shop)
		if err != nil {
			return nil, fmt.Errorf("encoding the shop: %w", err)
		}
		ch.after, ch.content = &shop, string(content)
	}
	ch.changed = kept != ch.content
	return ch, nil
}

// keepShop writes what changed of the shop and tells who has to know.
func (c *Catalog) keepShop(ctx context.Context, tx *sqldb.Tx, s *Spec, ch *shopChange) error {
	if !ch.changed {
		return nil
	}
	if err := c.keepPicture(ctx, tx, s); err != nil {
		return err
	}
	var err error
	if ch.after == nil {
		_, err = tx.ExecContext(ctx, `delete from shop where event = $1`, s.Code)
	} else {
		_, err = tx.ExecContext(ctx, `insert into shop (event, content) values ($1, $2)
			on conflict (event) do update set content = excluded.content`, s.Code, ch.content)
	}
	if err != nil {
		return fmt.Errorf("keeping the shop of event %s: %w", s.Code, err)
	}
	told := ch.after
	if told == nil {
		told = &Shop{Event: s.Code, Currency: ch.before.Currency}
	}
	for _, tell := range c.onShop {
		if err := tell(ctx, tx, told); err != nil {
			return err
		}
	}
	return nil
}
