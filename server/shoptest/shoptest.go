// Package shoptest is a shop over a real database, for the tests of what sells tickets
// and of what becomes of them: all that a server has for it, put together as a server
// does, with a bank and doors that do as they are told and a clock that stands still.
//
// A test of a package embeds a [Shop] in a world of its own, beside what it tests:
//
//	type world struct {
//		*resale.Resale
//		*shoptest.Shop
//	}
//
// Only tests import it.
package shoptest

import (
	"context"
	"crypto/rand"
	"log/slog"
	netmail "net/mail"
	"testing"
	"time"

	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/clocktest"
	"usher/server/inventory"
	"usher/server/journals"
	"usher/server/post"
	"usher/server/printout"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/server/vault"
)

// Public is where a shop's pages are.
const Public = "https://shop.example"

// Start is what the clock of a new shop shows, weeks before [Night].
var Start = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// Shop is all that one server has for selling, over a database that it may share.
type Shop struct {
	*sales.Sales
	DB       *sqldb.DB
	Vault    *vault.Vault
	Journals *journals.Journals
	Catalog  *catalog.Catalog
	Tickets  *ticketing.Office
	Stock    *inventory.Stock
	Printer  *printout.Printer
	Post     *post.Post
	Log      *slog.Logger // says nothing

	// What is outside: servers over the same database share it.
	Time  *clocktest.Clock
	Bank  *Bank
	Doors *Doors
}

// Open opens a shop with the events of some files, at [Start].
func Open(t testing.TB, db *sqldb.DB, files ...string) *Shop {
	t.Helper()
	clock := clocktest.At(Start.Add(-time.Second))
	s := &Shop{DB: db, Time: clock, Bank: newBank(clock.Now), Doors: &Doors{}}
	s.assemble(t)
	for _, text := range files {
		s.apply(t, text)
	}
	s.Time.Set(Start)
	return s
}

// Beside is another server over the same database, or over another handle of it.
func (s *Shop) Beside(t testing.TB, db *sqldb.DB) *Shop {
	t.Helper()
	other := &Shop{DB: db, Time: s.Time, Bank: s.Bank, Doors: s.Doors}
	other.assemble(t)
	return other
}

// assemble makes everything over the database.
func (s *Shop) assemble(t testing.TB) {
	t.Helper()
	now := s.Time.Now
	s.Log = slog.New(slog.DiscardHandler)
	s.Vault = vault.New(s.DB, rand.Reader, now, "Test Organiser")
	if err := s.Vault.UnlockUnsealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Journals = journals.New(s.DB, s.Vault, now)
	s.Catalog = catalog.New(s.DB, s.Vault, s.Journals, now)
	s.Tickets = ticketing.New(s.DB, s.Vault, s.Journals, s.Catalog, rand.Reader, now)
	s.Stock = inventory.New(s.DB, now, inventory.Config{})
	t.Cleanup(s.Stock.Close)
	s.Catalog.OnShop(func(ctx context.Context, tx *sqldb.Tx, shop *catalog.Shop) error {
		return s.Stock.SetIn(ctx, tx, shop.Event, sales.Pools(shop))
	})
	s.Printer = printout.New(s.Tickets, s.Catalog, now)
	s.Post = post.New(post.Config{DB: s.DB, From: netmail.Address{Address: "box@pier.example"}, Now: now, Log: s.Log})
	s.Sales = sales.New(sales.Config{
		DB: s.DB, Vault: s.Vault, Catalog: s.Catalog, Stock: s.Stock, Tickets: s.Tickets, Printer: s.Printer, Post: s.Post, Provider: s.Bank,
		Public: func(context.Context) string { return Public }, Rand: rand.Reader, Now: now, Log: s.Log,
	})
	s.Post.Compose = s.Sales.Compose
}

// Apply makes an event what a file says, a second before the clock goes on: what was read
// of the event before is good for so long.
func (s *Shop) Apply(t testing.TB, text string) {
	t.Helper()
	s.apply(t, text)
	s.Time.Pass(time.Second)
}

func (s *Shop) apply(t testing.TB, text string) {
	t.Helper()
	spec, err := catalog.ParseFile("night.toml", []byte(text))
	if err == nil {
		_, err = s.Catalog.Apply(t.Context(), spec)
	}
	if err != nil {
		t.Fatal(err)
	}
}
