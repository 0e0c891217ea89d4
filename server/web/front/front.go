// Package front is what the public sees of events: the list, a page for each, and
// what belongs to it: picture, calendar entry, how much is left.
//
// # Caching
//
// The list and the event pages are the same for everybody who reads the same language:
// no cookie is read or set. A page is in the language that its address names (?lang=fr),
// else in the one that the browser asks for, else in the event's; links keep what the
// address named. A page is drawn once in each language, when something changed, and sent from memory, plain or compressed, with a strong tag
// for each; a CDN may keep those whose language the address or the event chose for a minute and hand out an old copy while it asks
// for a new one, but never across a moment at which the page says something else
// (a sale begins or ends). What changes by the second, how much is left, a page
// fetches by itself from /events/{event}/left; without JavaScript a reader sees the
// words of the last drawing, which is seconds old. Pages that show what a code
// opens, and the plan of free seats, are drawn for each who asks and kept nowhere.
package front

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"sync"
	"time"

	"usher/server/catalog"
	"usher/server/web/site"
)

//go:embed page
var page embed.FS

// Stock is what is left.
type Stock interface {
	// Left gives how many places each pool of an event has left. It is cheap.
	Left(ctx context.Context, event string) (map[string]int64, error)
	// TakenSeats gives the seats of a pool that somebody has.
	TakenSeats(ctx context.Context, event, pool string) (map[string]bool, error)
}

// Config is what the pages stand on.
type Config struct {
	Site    *site.Site
	Catalog *catalog.Catalog
	Stock   Stock
	Now     func() time.Time
}

// Front serves the public pages.
type Front struct {
	Config
	pages *template.Template

	drawing    sync.Mutex        // held by who draws a page
	mu         sync.Mutex        // covers the rest
	pagesDrawn map[string]*drawn // by the event, "" for the list, and the language
}

// New makes the pages.
func New(cfg Config) (*Front, error) {
	pages, err := cfg.Site.Templates(page, "page/*.html")
	return &Front{Config: cfg, pages: pages, pagesDrawn: map[string]*drawn{}}, err
}

// Register adds the pages' routes.
func (f *Front) Register(mux *http.ServeMux) {
	for route, h := range map[string]site.Handler{
		"GET /{$}":                           f.eventList,
		"GET /events/{event}":                f.event,
		"GET /events/{event}/left":           f.left,
		"GET /events/{event}/calendar.ics":   f.calendar,
		"GET /events/{event}/sale.ics":       f.saleCalendar,
		"GET /events/{event}/picture/{hash}": f.picture,
		"GET /events/{event}/seats/{offer}":  f.seats,
		"GET /robots.txt":                    f.robots,
		"GET /sitemap.xml":                   f.sitemap,
	} {
		mux.Handle(route, f.Site.Page(h))
	}
}
