// Package web is the server's pages for people: what the public sees (front), how
// it buys (checkout), and what the manager sees (manage). This package puts them together.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"usher/server/accounts"
	"usher/server/calloff"
	"usher/server/catalog"
	"usher/server/doors"
	"usher/server/pass"
	"usher/server/post"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/server/transfer"
	"usher/server/web/checkout"
	"usher/server/web/front"
	"usher/server/web/handover"
	"usher/server/web/manage"
	"usher/server/web/market"
	"usher/server/web/passkit"
	"usher/server/web/site"
	"usher/server/web/wallet"
)

// Event is a line of the manager's list of events.
type Event = manage.Event

// Config is what the pages stand on.
type Config struct {
	Doors    *doors.Doors
	Catalog  *catalog.Catalog
	Tickets  *ticketing.Office
	Sales    *sales.Sales
	CallOff  *calloff.Office
	Accounts *accounts.Accounts
	Passes   *pass.Passes
	Resale   *resale.Resale
	Stock    front.Stock
	Post     *post.Post
	Manager  func(key string) bool // says whether it is the manager key, in a time that tells nothing of it
	Events   func(context.Context) ([]Event, error)
	Public   func() string   // the server's address; "" where nobody said
	Closing  context.Context // ends when what never ends by itself has to: the server stops
	Now      func() time.Time
	Log      *slog.Logger

	Transfers *transfer.Transfers // of tickets to somebody else
}

// Web serves the pages.
type Web struct {
	site     *site.Site
	front    *front.Front
	checkout *checkout.Checkout
	wallet   *wallet.Wallet
	passkit  *passkit.Service // nil: there are no passes for Apple
	handover *handover.Handover
	market   *market.Market
	manage   *manage.Manage
}

// New makes the pages.
func New(cfg Config) (*Web, error) {
	s, err := site.New(cfg.Log, cfg.Public)
	if err != nil {
		return nil, err
	}
	w := &Web{site: s}
	if w.front, err = front.New(front.Config{Site: s, Catalog: cfg.Catalog, Stock: cfg.Stock, Now: cfg.Now}); err != nil {
		return nil, err
	}
	if w.checkout, err = checkout.New(checkout.Config{Site: s, Catalog: cfg.Catalog, Sales: cfg.Sales, Now: cfg.Now}); err != nil {
		return nil, err
	}
	if w.wallet, err = wallet.New(wallet.Config{
		Site: s, Catalog: cfg.Catalog, Tickets: cfg.Tickets, Sales: cfg.Sales, Doors: cfg.Doors, Accounts: cfg.Accounts, Transfers: cfg.Transfers, Resale: cfg.Resale, Passes: cfg.Passes, Now: cfg.Now, Log: cfg.Log,
	}); err != nil {
		return nil, err
	}
	if w.handover, err = handover.New(handover.Config{Site: s, Catalog: cfg.Catalog, Tickets: cfg.Tickets, Transfers: cfg.Transfers, Now: cfg.Now}); err != nil {
		return nil, err
	}
	if cfg.Passes.Apple != nil {
		w.passkit = passkit.New(passkit.Config{Passes: cfg.Passes, Now: cfg.Now, Log: cfg.Log})
	}
	if w.market, err = market.New(market.Config{
		Site: s, Catalog: cfg.Catalog, Resale: cfg.Resale, Sales: cfg.Sales, Held: w.wallet.Held, Now: cfg.Now,
	}); err != nil {
		return nil, err
	}
	w.manage, err = manage.New(manage.Config{
		Site: s, Doors: cfg.Doors, Catalog: cfg.Catalog, Tickets: cfg.Tickets, Sales: cfg.Sales, Resale: cfg.Resale, CallOff: cfg.CallOff, Post: cfg.Post, Manager: cfg.Manager, Events: cfg.Events, Now: cfg.Now, Closing: cfg.Closing,
	})
	return w, err
}

// Register adds the pages' routes.
func (w *Web) Register(mux *http.ServeMux) {
	w.site.Register(mux)
	w.front.Register(mux)
	w.checkout.Register(mux)
	w.wallet.Register(mux)
	w.market.Register(mux)
	if w.passkit != nil {
		w.passkit.Register(mux)
	}
	w.handover.Register(mux)
	w.manage.Register(mux)
}
