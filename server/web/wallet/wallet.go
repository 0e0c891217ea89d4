// Package wallet is the pages on which people have their tickets: a page that stays
// on the phone and works with the network off, and what it asks the server for.
//
// # Whose tickets
//
// A browser has a session (server/accounts): of an e-mail address that was proved by
// a mailed link, or of an order whose page it was opened from. The cookie is the only
// secret, no address holds one: a link that signs in is used up by a form, and leads
// to the page's plain address.
//
// # The page
//
// /wallet is the same for everybody and holds nothing of anybody. Its service worker
// keeps it; tickets come as JSON and are kept in the browser's own store. A ticket
// that was bound to the phone's key is presented by the phone itself (page/code.js),
// every fifteen seconds anew, by a clock that the server has set right.
package wallet

import (
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"usher/server/accounts"
	"usher/server/catalog"
	"usher/server/doors"
	"usher/server/guard"
	"usher/server/pass"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/server/transfer"
	"usher/server/web/site"
	"usher/sync/fault"
	"usher/sync/words"
)

// maxForm bounds what a form or a request of the page may send, in bytes.
const maxForm = 8 << 10

// Config is what the pages stand on.
type Config struct {
	Site      *site.Site
	Catalog   *catalog.Catalog
	Tickets   *ticketing.Office
	Sales     *sales.Sales
	Doors     *doors.Doors
	Accounts  *accounts.Accounts
	Passes    *pass.Passes
	Now       func() time.Time
	Log       *slog.Logger
	Transfers *transfer.Transfers
	Resale    *resale.Resale
}

// Wallet serves the pages.
type Wallet struct {
	Config
	book    *words.Book
	pages   *template.Template
	files   map[string]*site.Answer // by their address
	version string                  // of the page and its files

	tries  *guard.Pace // of links, by network address
	moves  *guard.Pace // of tickets to phones, by session
	takes  *guard.Pace // of passes, by session
	offers *guard.Pace // of tickets to somebody else, by network address
}

// New makes the pages.
func New(cfg Config) (*Wallet, error) {
	w := &Wallet{Config: cfg, tries: guard.NewPace(cfg.Now, 20, time.Minute), moves: guard.NewPace(cfg.Now, 30, time.Minute), takes: guard.NewPace(cfg.Now, 30, time.Minute),
		offers: guard.NewPace(cfg.Now, 20, 10*time.Second)}
	var err error
	if w.book, err = book(); err != nil {
		return nil, err
	}
	if w.pages, err = template.ParseFS(files, "page/*.html"); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the wallet's pages can't be read")
	}
	w.files, err = w.assets()
	return w, err
}

// Register adds the pages' routes.
func (w *Wallet) Register(mux *http.ServeMux) {
	for route, h := range map[string]site.Handler{
		"GET /wallet":                             w.ofVersion(w.shell),
		"GET /wallet/enter/{token}":               w.confirm,
		"GET /wallet/ticket/{event}/{id}/{paper}": w.paper,
	} {
		mux.Handle(route, w.Site.Page(installable(h)))
	}
	for route, h := range map[string]site.Handler{
		"POST /wallet/ask":           w.ask,
		"POST /wallet/enter/{token}": w.enter,
		"POST /wallet/keep":          w.keep,
	} {
		mux.Handle(route, w.Site.Form(installable(h), maxForm))
	}
	for route, h := range map[string]site.Handler{
		"GET /wallet/tickets.json": w.list,
		"POST /wallet/challenge":   w.challenge,
		"POST /wallet/bind":        w.bind,
		"POST /wallet/renew":       w.renew,
		"POST /wallet/pass":        w.passLink,
		"POST /wallet/offer":       w.offer,
		"POST /wallet/take-back":   w.takeBack,
		"GET /wallet/sessions":     w.sessions,
		"POST /wallet/end":         w.end,
	} {
		mux.Handle(route, w.program(h))
	}
	for name, file := range w.files {
		mux.Handle("GET "+name, w.Site.Page(w.ofVersion(func(out http.ResponseWriter, r *http.Request) error {
			if name == workerAt {
				out.Header().Set("Service-Worker-Allowed", shellAt) // the page stands above its worker
			}
			file.Send(out, r, []string{"no-cache"})
			return nil
		})))
	}
}

// policy is that of all pages, and lets this one be installed.
const policy = site.Policy + "; manifest-src 'self'; worker-src 'self'"

func installable(h site.Handler) site.Handler {
	return func(out http.ResponseWriter, r *http.Request) error {
		out.Header().Set("Content-Security-Policy", policy)
		return h(out, r)
	}
}

// program serves what the page's scripts ask for: JSON, and problems as JSON. What
// another site sends is refused, and none may read or embed it.
func (w *Wallet) program(h site.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	fail := func(out http.ResponseWriter, r *http.Request, err error) {
		p := fault.ToProblem(err)
		w.Site.Note(r, err, p.Status)
		if p.Kind.Temporary() {
			site.AskLater(out.Header())
		}
		out.Header().Set("Content-Type", "application/problem+json")
		out.WriteHeader(p.Status)
		writeJSON(out, p)
	}
	guard.SetDenyHandler(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		fail(out, r, fault.New(fault.Forbidden, "this was sent by a page of another site"))
	}))
	return site.Secured(guard.Handler(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		r.Body = http.MaxBytesReader(out, r.Body, maxForm)
		if err := h(out, r); err != nil {
			if tooLong, is := errors.AsType[*http.MaxBytesError](err); is {
				err = fault.New(fault.TooLarge, "a request has at most %d bytes", tooLong.Limit)
			}
			fail(out, r, err)
		}
	})))
}

// The cookie of a session. Over TLS its name has it sent to this host alone, whatever
// another one sets.
const (
	cookieName   = "usher-wallet"
	secureCookie = "__Host-" + cookieName
)

// secure says whether browsers reach the server over TLS, its own or a balancer's.
func (w *Wallet) secure(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(w.Site.Public(), "https://")
}

// secret is the request's cookie; "" where it has none.
func (w *Wallet) secret(r *http.Request) string {
	name := cookieName
	if w.secure(r) {
		name = secureCookie
	}
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// remember gives a browser a session's secret; "" takes it away.
func (w *Wallet) remember(out http.ResponseWriter, r *http.Request, secret string) {
	c := &http.Cookie{
		Name: cookieName, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(accounts.Idle / time.Second),
	}
	if w.secure(r) {
		c.Name, c.Secure = secureCookie, true
	}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(out, c)
}

// session gives whom a request is of, or fault.Unauthorised. Where the browser has no
// cookie that blames the cookie: nobody ended its session, and the page keeps its tickets.
func (w *Wallet) session(r *http.Request) (accounts.Session, error) {
	secret := w.secret(r)
	if secret == "" {
		return accounts.Session{}, fault.At(fault.Unauthorised, "cookie", "you are not signed in here")
	}
	return w.Accounts.Session(r.Context(), secret)
}
