// Package manage is the manager's pages: the list of events, the live page of one
// with its counts, gates, devices and conflicts, and the orders, to look up, refund,
// cancel and send again, and the mail that could not be sent.
//
// They open to whoever holds the manager key, which the server prints when it
// starts: its link sets a cookie for this browser. No page asks any other host for
// anything. Only the pages of orders and mail hold a name.
package manage

import (
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"time"

	"usher/server/calloff"
	"usher/server/catalog"
	"usher/server/doors"
	"usher/server/post"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/server/web/site"
	"usher/sync/fault"
)

//go:embed page
var page embed.FS

const cookieName = "usher_manager"

// Event is a line of the list of events.
type Event struct {
	Code    string
	Name    string
	Venue   string
	Starts  time.Time // in the event's time zone
	Tickets int       // how many; of a large event as of a minute ago
}

// Config is what the pages stand on.
type Config struct {
	Site    *site.Site
	Doors   *doors.Doors
	Catalog *catalog.Catalog
	Tickets *ticketing.Office
	Sales   *sales.Sales
	Resale  *resale.Resale
	CallOff *calloff.Office
	Post    *post.Post
	Manager func(key string) bool                  // says whether it is the manager key, in a time that tells nothing of it
	Events  func(context.Context) ([]Event, error) // without their tickets
	Now     func() time.Time
	Closing context.Context // ends when live pages have to
}

// Manage serves the manager's pages.
type Manage struct {
	Config
	pages  *template.Template
	counts counts
}

// New makes the pages.
func New(cfg Config) (*Manage, error) {
	pages, err := cfg.Site.Templates(page, "page/*.html")
	return &Manage{Config: cfg, pages: pages}, err
}

// Register adds the pages' routes.
func (m *Manage) Register(mux *http.ServeMux) {
	for route, h := range map[string]site.Handler{
		"GET /manage":                            m.list,
		"GET /manage/events/{event}":             m.live,
		"GET /manage/events/{event}/live":        m.stream,
		"GET /manage/events/{event}/board":       m.board,
		"GET /manage/events/{event}/off":         m.off,
		"GET /manage/orders":                     m.orders,
		"GET /manage/orders/{code}":              m.order,
		"GET /manage/mail":                       m.mail,
		"GET /manage/events/{event}/resale":      m.sold,
		"GET /manage/events/{event}/payouts.csv": m.payoutsCSV,

		"GET /manage/events/{event}/tickets/{ticket}": m.ticket,
	} {
		mux.Handle(route, site.Secured(m.managers(h)))
	}
	mux.Handle("GET /manage/events/{event}/off/progress", site.Secured(m.managers(m.offProgress)))
	for _, name := range []string{"call-off", "move", "sell"} {
		m.form(mux, "POST /manage/events/{event}/"+name, m.offAct(name))
	}
	for name, do := range map[string]func(*http.Request, *sales.Order) error{
		"refund": m.refund, "cancel": m.cancel, "resend": m.resend, "receive": m.receive, "by-hand": m.byHand, "retry": m.retry,
	} {
		m.form(mux, "POST /manage/orders/{code}/"+name, m.act(name, do))
	}
	m.form(mux, "POST /manage/orders", m.refundMany)
	m.form(mux, "POST /manage/events/{event}/resale/paid", m.paidOut)
	m.form(mux, "POST /manage/mail/again", m.mailAgain)
	mux.Handle("GET /manage/{$}", http.RedirectHandler("/manage", http.StatusMovedPermanently))
}

// form adds a route to which a form of the manager's is sent.
func (m *Manage) form(mux *http.ServeMux, route string, h site.Handler) {
	mux.Handle(route, m.Site.Form(func(w http.ResponseWriter, r *http.Request) error {
		m.managers(h).ServeHTTP(w, r)
		return nil
	}, maxForm))
}

// managers lets in who holds the manager key, by cookie, link or bearer token,
// and shows everybody else how to get in.
func (m *Manage) managers(next site.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key := r.URL.Query().Get("key"); m.Manager(key) && r.Method == http.MethodGet {
			http.SetCookie(w, &http.Cookie{
				Name: cookieName, Value: key, Path: "/manage", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: m.secure(r), MaxAge: 30 * 24 * 3600,
			})
			http.Redirect(w, r, r.URL.EscapedPath(), http.StatusSeeOther)
			return
		}
		if !m.holds(r) {
			m.fail(w, r, fault.New(fault.Unauthorised, "This page is the manager's. Open it once by the link that the server printed when it started, or the newer one of usher keys manager; it ends in ?key=…"))
			return
		}
		if err := next(w, r); err != nil {
			m.fail(w, r, err)
		}
	})
}

// holds says whether a request has the manager key, by cookie or bearer token.
func (m *Manage) holds(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName)
	return err == nil && m.Manager(cookie.Value) || m.Manager(site.Bearer(r))
}

// secure says whether the browser speaks TLS, with us or with a proxy before us.
func (m *Manage) secure(r *http.Request) bool {
	return r.TLS != nil || m.Site.Public() == "https://"+r.Host
}

func (m *Manage) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return
	}
	p := fault.ToProblem(err)
	m.Site.Note(r, err, p.Status)
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if p.Kind.Temporary() {
		site.AskLater(w.Header())
	}
	if strings.HasSuffix(r.Pattern, "/board") { // the one that programs read
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(p.Status)
		_ = json.NewEncoder(w).Encode(p) // the other side hung up
		return
	}
	if err := m.Site.Render(w, m.pages, "fault.html", p.Status, p); err != nil {
		m.Site.Note(r, err, http.StatusInternalServerError)
	}
}

func (m *Manage) list(w http.ResponseWriter, r *http.Request) error {
	events, err := m.Events(r.Context())
	if err != nil {
		return err
	}
	for i := range events {
		if events[i].Tickets, err = m.counts.of(r.Context(), events[i].Code, m.Now(), m.Tickets.Count); err != nil {
			return err
		}
	}
	return m.Site.Render(w, m.pages, "events.html", http.StatusOK, events)
}
