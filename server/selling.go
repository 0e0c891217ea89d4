package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	netmail "net/mail"
	"strings"
	"sync"
	"time"

	"usher/migrations/sqldb"
	"usher/server/accounts"
	"usher/server/calloff"
	"usher/server/catalog"
	"usher/server/inventory"
	"usher/server/payment"
	"usher/server/payment/sandbox"
	"usher/server/post"
	"usher/server/post/inbox"
	"usher/server/printout"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/transfer"
	"usher/server/web/wallet"
	"usher/sync/fault"
)

// Selling is how a server sells. The zero value sells what costs nothing, by
// invoice and at the box office, and keeps its mail until somebody says where to.
type Selling struct {
	Payment payment.Provider // who takes card payments; nil: nobody
	Sandbox bool             // the payment sandbox takes them, and no money
	SMTP    *post.SMTP       // mail server; nil: mail waits
	Inbox   bool             // mail goes to a mail server of our own, and can be read at /inbox by everybody
	InboxAt string           // HOST:PORT where that takes mail; default: a free port of this machine, for itself alone
	From    netmail.Address  // who mail is from
	Sign    *post.Signer     // signs mail for its sender's domain; nil: nobody
}

// hookTimeout bounds how long a provider may take to send a notice.
const hookTimeout = 10 * time.Second

// shop is what a server has for selling.
type shop struct {
	sandbox *sandbox.Sandbox // nil: none
	inbox   *inbox.Inbox     // nil: none
}

// openSelling assembles what sells.
func (s *Server) openSelling(ctx context.Context) error {
	s.Stock = inventory.New(s.DB, s.Now, inventory.Config{Log: s.Log})
	s.Catalog.OnShop(func(ctx context.Context, tx *sqldb.Tx, shop *catalog.Shop) error {
		return s.Stock.SetIn(ctx, tx, shop.Event, sales.Pools(shop))
	})
	provider := s.Selling.Payment
	if s.Selling.Sandbox {
		if provider != nil {
			return fault.New(fault.BadInput, "the payment sandbox and %s can't both take payments", provider.Name())
		}
		var err error
		if s.shop.sandbox, err = sandbox.Open(ctx, sandbox.Config{DB: s.DB, Rand: s.Rand, Now: s.Now, Log: s.Log}); err != nil {
			return err
		}
		provider = s.shop.sandbox.Provider()
	}
	var transport post.Transport
	if s.Selling.SMTP != nil {
		transport = s.Selling.SMTP
	}
	if s.Selling.Inbox {
		var err error
		if s.shop.inbox, err = inbox.Open(inbox.Config{DB: s.DB, Listen: s.Selling.InboxAt, Now: s.Now, Log: s.Log}); err != nil {
			return err
		}
		if transport, err = post.ParseSMTP("smtp+insecure://" + s.shop.inbox.Address()); err != nil {
			return err
		}
	}
	if s.Selling.From.Address == "" {
		s.Selling.From = netmail.Address{Name: s.Organiser, Address: "tickets@usher.invalid"}
	}
	s.Post = post.New(post.Config{DB: s.DB, Transport: transport, From: s.Selling.From, Sign: s.Selling.Sign, Now: s.Now, Log: s.Log})
	s.Sales = sales.New(sales.Config{
		DB: s.DB, Vault: s.Vault, Catalog: s.Catalog, Stock: s.Stock, Tickets: s.Tickets, Printer: printout.New(s.Tickets, s.Catalog, s.Now),
		Post: s.Post, Provider: provider, Entered: s.Doors.Entered, Public: s.shopURL, Rand: s.Rand, Now: s.Now, Log: s.Log,
	})
	s.CallOff = calloff.New(calloff.Config{DB: s.DB, Catalog: s.Catalog, Sales: s.Sales, Tickets: s.Tickets, Now: s.Now, Log: s.Log})
	s.Resale = resale.New(resale.Config{
		DB: s.DB, Catalog: s.Catalog, Stock: s.Stock, Tickets: s.Tickets, Sales: s.Sales, Post: s.Post, Entered: s.Doors.Entered, Secret: s.Vault.Derive,
		Public: s.shopURL, Rand: s.Rand, Now: s.Now, Log: s.Log,
	})
	s.Accounts = accounts.New(accounts.Config{
		DB: s.DB, Post: s.Post, Secret: s.Vault.Derive, Known: s.Tickets.Holds, Letter: wallet.Letter, Public: s.shopURL, Rand: s.Rand, Now: s.Now, Log: s.Log,
	})
	s.Transfers = transfer.New(transfer.Config{
		DB: s.DB, Catalog: s.Catalog, Tickets: s.Tickets, Printer: s.Sales.Printer, Post: s.Post, Entered: s.Doors.Entered,
		Secret: s.Vault.Derive, SignIn: s.Accounts.Link, Public: s.shopURL, Rand: s.Rand, Now: s.Now, Log: s.Log,
	})
	s.Post.Compose = s.compose
	return nil
}

// InboxAddress is where the inbox takes mail by SMTP, as HOST:PORT; "" without one.
func (s *Server) InboxAddress() string {
	if s.shop.inbox == nil {
		return ""
	}
	return s.shop.inbox.Address()
}

// compose has each mail written by whom it is from.
func (s *Server) compose(ctx context.Context, m post.Mail) (post.Letter, error) {
	if m.Kind == accounts.MailKind {
		return s.Accounts.Compose(ctx, m)
	}
	if strings.HasPrefix(m.Kind, transfer.MailPrefix) {
		return s.Transfers.Compose(ctx, m)
	}
	if strings.HasPrefix(m.Kind, resale.MailKinds) {
		return s.Resale.Compose(ctx, m)
	}
	return s.Sales.Compose(ctx, m)
}

// shopURL is the address under which buyers reach the shop.
func (s *Server) shopURL(ctx context.Context) string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	url, err := s.NotedURL(ctx)
	if err != nil {
		return ""
	}
	return url
}

// sellingRoutes adds what is answered beside the shop's pages.
func (s *Server) sellingRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /hooks/{provider}", s.hook)
	if s.shop.sandbox != nil {
		mux.Handle(sandbox.Prefix, s.shop.sandbox.Handler())
	}
	if s.shop.inbox != nil {
		s.shop.inbox.Register(mux, s.Log)
	}
}

// hook takes a notice of a payment provider. What is answered with an error the
// provider sends again.
func (s *Server) hook(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(hookTimeout)) // not every transport has one
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, payment.MaxNotice))
	if tooLong, is := errors.AsType[*http.MaxBytesError](err); is {
		http.Error(w, fmt.Sprintf("a notice has at most %d bytes", tooLong.Limit), http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, "the notice can't be read", http.StatusBadRequest)
		return
	}
	if err := s.Sales.Hook(r.Context(), r.PathValue("provider"), r.Header, body); err != nil {
		status := fault.KindOf(err).HTTPStatus()
		s.Log.WarnContext(r.Context(), "a notice of a payment provider was not taken", "provider", r.PathValue("provider"), "status", status, "error", err)
		http.Error(w, fault.Message(err), status)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// notes says what is not well although the server can do its work.
func (s *Server) notes(ctx context.Context) map[string]string {
	list := map[string]string{}
	if note := s.Post.Note(ctx); note != "" {
		list["mail"] = note
	}
	if note := s.Sales.Note(ctx); note != "" {
		list["refunds"] = note
	}
	if note := s.passNote(); note != "" {
		list["passes"] = note
	}
	if s.bus != nil {
		if err := s.bus.State(); err != nil {
			list["redis"] = fault.Message(err)
		}
	}
	return list
}

// sell does what selling needs done by the clock, until ctx ends.
func (s *Server) sell(ctx context.Context) {
	var working sync.WaitGroup
	working.Go(func() { s.Stock.Keep(ctx) })
	working.Go(func() { s.Sales.Run(ctx) })
	working.Go(func() { s.Resale.Run(ctx) })
	working.Go(func() { s.Transfers.Run(ctx) })
	working.Go(func() { s.Post.Run(ctx) })
	working.Go(func() { s.CallOff.Run(ctx) })
	working.Go(func() { s.Passes.Run(ctx) })
	if s.shop.sandbox != nil {
		working.Go(func() { s.shop.sandbox.Run(ctx, s.shopURL(ctx)+"/hooks/"+sandbox.Name) })
	}
	working.Wait()
}
