package pass

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/fault"
	"usher/sync/words"
)

// facts are what all passes of an event are made of.
type facts struct {
	event *catalog.Event
	shop  *catalog.Shop // nil: it sells nothing
}

func (p *Passes) facts(ctx context.Context, event string) (f facts, err error) {
	if f.event, err = p.Catalog.Event(ctx, event); err != nil {
		return f, err
	}
	if f.shop, err = p.Catalog.Shop(ctx, event); errors.Is(err, fault.NotFound) {
		f.shop, err = nil, nil
	}
	return f, err
}

// sum is another when any pass of the event may say something else.
func (p *Passes) sum(f facts) (string, error) {
	e := f.event
	parts := []any{e.Name, e.Zone, e.Starts, e.Ends, e.Admission, e.Rehearsal, e.Policy.DownTo, e.Products, e.Gates, e.Venue, e.Terms, p.seller(f), f.address(), f.geo()}
	text, err := json.Marshal(parts)
	if err != nil {
		return "", fmt.Errorf("summing up event %s: %w", e.Code, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

func (f facts) address() string {
	if f.shop == nil {
		return ""
	}
	return f.shop.Address
}

func (f facts) geo() *catalog.Geo {
	if f.shop == nil {
		return nil
	}
	return f.shop.Geo
}

// name is what the event is called.
func (f facts) name(l *words.Language) string {
	if f.event.Rehearsal {
		return l.Say("pass.rehearsal", words.With{"event": f.event.Name})
	}
	return f.event.Name
}

// seller is who passes are from: whom buyers deal with, or else the organiser.
func (p *Passes) seller(f facts) string {
	if f.shop != nil && f.shop.Seller.Name != "" {
		return f.shop.Seller.Name
	}
	return p.Organiser
}

// product is what the ticket is called.
func (f facts) product(t *ticketing.Ticket) string {
	if product, known := f.event.ProductByNumber(t.Product); known {
		return product.Name
	}
	return fmt.Sprint(t.Product)
}

// maxGates is how many gates a pass names. Where more let the ticket in, any is right.
const maxGates = 3

// gates says where to go in, if few gates let the ticket in.
func (f facts) gates(t *ticketing.Ticket) string {
	product, _ := f.event.ProductByNumber(t.Product)
	zones := cmp.Or(t.Zones, product.Zones)
	var names []string
	for _, g := range f.event.Gates {
		if zones&(1<<g.Zone) != 0 && (g.All || slices.Contains(g.Products, t.Product)) {
			names = append(names, g.Name)
		}
	}
	if len(names) > maxGates {
		return ""
	}
	return strings.Join(names, ", ")
}

// said gives a message in every language, by the language.
func (p *Passes) said(key string) map[string]string {
	all := map[string]string{}
	for _, code := range p.book.Codes() {
		all[code] = p.book.Language(code).Say(key, nil)
	}
	return all
}
