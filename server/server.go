// Package server assembles usher's server: the database, the keys, the
// capabilities on top of them, and the pages and interfaces in front.
//
// Open gives what the command line works with; Serve answers the network too.
// Several processes may have the same data open at a time, in one folder or, on
// PostgreSQL, on several machines: what one commits, the others notice.
package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"usher/crypto/keyring"
	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/server/accounts"
	"usher/server/api"
	"usher/server/bus"
	"usher/server/calloff"
	"usher/server/catalog"
	"usher/server/doors"
	"usher/server/guard"
	"usher/server/inventory"
	"usher/server/journals"
	"usher/server/pass"
	"usher/server/post"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/server/transfer"
	"usher/server/vault"
	"usher/server/web"
	"usher/server/web/site"
	"usher/sync/fault"
)

// Config is what a server is made of. Zero members get their defaults.
type Config struct {
	Database   string                                // address of a PostgreSQL database, postgres://…; "" for SQLite in the folder Data
	Redis      string                                // address of a Redis that carries word between servers, redis://…; "": PostgreSQL does
	Data       string                                // folder of the data; not used with Database
	Organiser  string                                // name in the key ring of new data; default "usher"
	Passphrase func(context.Context) ([]byte, error) // of the keys; asked only when they are needed
	Unsealed   bool                                  // demo data: keys rest without a passphrase, marked for ever
	PublicURL  string                                // address under which devices reach the server; noted for cards when it serves
	Proxies    guard.Proxies                         // before the server, believed when they say whom a request is from; default: none
	Drain      time.Duration                         // how long a server that is told to stop goes on answering, so that others take over; default: it does not
	Selling    Selling                               // default: without cards, and mail waits
	PassKeys   PassKeys                              // default: tickets go into no wallet but ours
	Rand       io.Reader                             // default: the system's
	Now        func() time.Time                      // default: time.Now
	Log        *slog.Logger                          // default: none
}

// Server is an opened server.
type Server struct {
	Config
	DB       *sqldb.DB
	Vault    *vault.Vault
	Journals *journals.Journals
	Catalog  *catalog.Catalog
	Tickets  *ticketing.Office
	Doors    *doors.Doors
	Stock    *inventory.Stock
	Post     *post.Post
	Accounts *accounts.Accounts
	Sales    *sales.Sales
	CallOff  *calloff.Office
	Passes   *pass.Passes
	Resale   *resale.Resale

	Transfers *transfer.Transfers // of tickets to somebody else

	shop    shop
	bus     *bus.Bus // nil without Redis
	drain   drain
	closing context.Context // ends with close, when what never ends by itself has to
	close   context.CancelFunc
}

// Open opens the data, and makes them where there are none. The keys stay locked
// until Unlock.
func Open(ctx context.Context, cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	db, err := OpenDatabase(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := migrations.Up(ctx, db, migrations.Server); err != nil {
		if sqldb.IsUnreachable(err) {
			err = fault.Wrap(fault.Unavailable, err, "the database can't be reached now")
		}
		return nil, errors.Join(fmt.Errorf("bringing the server data in %s up to date: %w", cfg.Where(), err), db.Close())
	}
	s := &Server{Config: cfg, DB: db}
	s.closing, s.close = context.WithCancel(context.Background())
	s.closing.Done() // a context makes its channel for who asks first, which no test in a bubble should be
	if err := s.openBus(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.Vault = vault.New(db, cfg.Rand, cfg.Now, cfg.Organiser)
	s.Journals = journals.New(db, s.Vault, cfg.Now)
	s.Catalog = catalog.New(db, s.Vault, s.Journals, cfg.Now)
	s.Tickets = ticketing.New(db, s.Vault, s.Journals, s.Catalog, cfg.Rand, cfg.Now)
	s.Doors = doors.New(db, s.Vault, s.Journals, s.Catalog, cfg.Rand, cfg.Now, cfg.Log)
	s.shareClaims()
	if err := errors.Join(s.openSelling(ctx), s.openPasses()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (cfg Config) withDefaults() Config {
	if cfg.Organiser == "" {
		cfg.Organiser = "usher"
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// Unlock makes the keys usable, asking for the passphrase. On new data it makes
// the first keys.
func (s *Server) Unlock(ctx context.Context) error {
	if s.Unsealed {
		s.Log.Warn("these are demo data: the keys rest without a passphrase; sell no real ticket from them", "data", s.Where())
		return s.Vault.UnlockUnsealed(ctx)
	}
	if demo, err := s.Vault.Demo(ctx); err == nil && demo {
		return s.Vault.UnlockUnsealed(ctx)
	}
	if s.Passphrase == nil {
		return fault.New(fault.BadInput, "the server's keys are sealed, and there is no passphrase")
	}
	passphrase, err := s.Passphrase(ctx)
	if err != nil {
		return err
	}
	return s.Vault.Unlock(ctx, passphrase)
}

// Close closes the data.
func (s *Server) Close() error {
	s.close()
	s.Stock.Close()
	s.Doors.Close()
	var err error
	if s.shop.inbox != nil {
		err = s.shop.inbox.Close()
	}
	err = errors.Join(err, s.DB.Close())
	if s.bus != nil {
		err = errors.Join(err, s.bus.Close())
	}
	return err
}

// Handler is everything that the server answers. The returned function ends the
// exchanges that it runs.
func (s *Server) Handler(ctx context.Context) (http.Handler, func(), error) {
	mux, end, err := s.routes(ctx)
	if err != nil {
		return nil, nil, err
	}
	return s.Proxies.Handler(site.Secured(legible(mux)), s.Log), end, nil
}

// routes is every address that the server answers at.
func (s *Server) routes(ctx context.Context) (*http.ServeMux, func(), error) {
	manager, err := s.managers(ctx)
	if err != nil {
		return nil, nil, err
	}
	pages, err := web.New(web.Config{
		Doors: s.Doors, Catalog: s.Catalog, Tickets: s.Tickets, Sales: s.Sales, Resale: s.Resale, CallOff: s.CallOff, Accounts: s.Accounts, Transfers: s.Transfers, Passes: s.Passes, Stock: s.Stock, Post: s.Post,
		Manager: manager.is, Events: s.eventList, Public: s.publicURL, Closing: s.closing, Now: s.Now, Log: s.Log,
	})
	if err != nil {
		return nil, nil, err
	}
	devices := api.New(api.Config{Doors: s.Doors, Ready: s.ready, Notes: s.notes, Draining: s.drain.draining, Log: s.Log})
	devices.Metrics = api.Metrics(s.Doors, s.eventCodes, s.Log, append(s.metrics(devices.Exchanges), s.Post)...)
	mux := http.NewServeMux()
	pages.Register(mux)
	devices.Register(mux)
	s.sellingRoutes(mux)
	return mux, devices.Close, nil
}

// publicURL is the address that pages give for themselves; "" where nobody said.
func (s *Server) publicURL() string {
	ctx, cancel := context.WithTimeout(context.Background(), notedWithin)
	defer cancel()
	return s.shopURL(ctx)
}

// notedWithin bounds how long a page waits for the address that was noted.
const notedWithin = time.Second

// readyWithin bounds how long the database may take to answer for it to be there.
const readyWithin = 2 * time.Second

// ready says why the server can't do its work, nil when it can.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	_, err := s.Catalog.Events(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.Unavailable, err, "the database doesn't answer within %v", readyWithin)
	case err != nil:
		return err
	}
	if !s.Vault.Unlocked() {
		return fault.New(fault.NotReady, "the keys are locked")
	}
	return nil
}

func (s *Server) eventCodes(ctx context.Context) ([]string, error) {
	events, err := s.Catalog.Events(ctx)
	codes := make([]string, len(events))
	for i, e := range events {
		codes[i] = e.Code
	}
	return codes, err
}

func (s *Server) eventList(ctx context.Context) ([]web.Event, error) {
	events, err := s.Catalog.Events(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]web.Event, len(events))
	for i, e := range events {
		location, err := time.LoadLocation(e.Zone)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the time zone of event %s", e.Code)
		}
		list[i] = web.Event{Code: e.Code, Name: e.Name, Venue: e.Venue, Starts: time.Unix(e.Starts, 0).In(location)}
	}
	return list, nil
}

// RingFile is the chain of public key rings as a file for verifiers.
func (s *Server) RingFile(ctx context.Context) ([]byte, error) {
	chain, err := s.Vault.Chain(ctx)
	if err != nil {
		return nil, err
	}
	return keyring.FormatFile(chain...)
}
