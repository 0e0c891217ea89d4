// Package market is the pages on which people sell tickets on and buy such tickets: the
// marketplace of an event, the waiting list, and for who has a ticket the page to put it
// up and to take it back.
//
// The marketplace is the same for everybody: it sets no cookie and a CDN may keep it for
// a second. What a mailed link opens acts by a form alone, so that nobody's mail scanner
// leaves a waiting list or begins an order for them.
package market

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"usher/server/catalog"
	"usher/server/guard"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/server/web/site"
	"usher/sync/fault"
	"usher/sync/money"
)

//go:embed page
var page embed.FS

// maxForm bounds what a form may send, in bytes.
const maxForm = 16 << 10

// Config is what the pages stand on.
type Config struct {
	Site    *site.Site
	Catalog *catalog.Catalog
	Resale  *resale.Resale
	Sales   *sales.Sales
	// Held gives the ticket that a request names, if its session opens it.
	Held func(r *http.Request, event, id string) (ticketing.Ticket, error)
	Now  func() time.Time
}

// Market serves the pages.
type Market struct {
	Config
	pages *template.Template
	tries *guard.Pace // of links, addresses and listings, by network address

	mu    sync.Mutex // covers what follows
	drawn map[string]drawn
}

// New makes the pages.
func New(cfg Config) (*Market, error) {
	pages, err := cfg.Site.Templates(page, "page/*.html")
	return &Market{Config: cfg, pages: pages, tries: guard.NewPace(cfg.Now, burst, every), drawn: map[string]drawn{}}, err
}

// Register adds the pages' routes.
func (m *Market) Register(mux *http.ServeMux) {
	for route, h := range map[string]site.Handler{
		"GET /events/{event}/resale":          m.list,
		"GET " + resale.OfferPath + "{link}":  m.paced(m.offer),
		"GET " + resale.LeavePath + "{link}":  m.paced(m.leaving),
		"GET /wallet/resale/{event}/{ticket}": m.mine,
	} {
		mux.Handle(route, m.Site.Page(h))
	}
	for route, h := range map[string]site.Handler{
		"POST /events/{event}/resale/wait":          m.paced(m.wait),
		"POST " + resale.OfferPath + "{link}":       m.paced(m.take),
		"POST " + resale.LeavePath + "{link}":       m.paced(m.leave),
		"POST /wallet/resale/{event}/{ticket}":      m.paced(m.put),
		"POST /wallet/resale/{event}/{ticket}/back": m.paced(m.back),
	} {
		mux.Handle(route, m.Site.Form(h, maxForm))
	}
}

// paced refuses who asks for too much: of links, addresses and listings.
func (m *Market) paced(h site.Handler) site.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !m.tries.Allow(guard.Party(r)) {
			return fault.New(fault.TooMany, "too much was asked for from here; try again in a minute")
		}
		return h(w, r)
	}
}

// The pace at which somebody may ask: so much at once, and one more every so often.
const (
	burst = 30
	every = 5 * time.Second
)

// selling gives the shop of an event on which tickets may be sold on.
func (m *Market) selling(ctx context.Context, event string) (*catalog.Shop, error) {
	shop, err := m.Catalog.Shop(ctx, event)
	if err != nil {
		return nil, err
	}
	if shop.Resale == nil {
		return nil, fault.New(fault.NotFound, "nobody sells tickets of event %.40q on here", event)
	}
	return shop, nil
}

// amount reads what somebody types as a price: 25, 25.50 or 25,50.
func amount(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), ",", ".") }

// typed writes an amount as people type it who speak a language.
func typed(language string, minor int64, currency string) string {
	text := money.Decimal(minor, currency)
	if language != "en" {
		text = strings.ReplaceAll(text, ".", ",")
	}
	return text
}
