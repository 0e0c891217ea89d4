// Package web is the server's pages for people: the list of events, and the live
// page of one with its counts, gates, devices and conflicts.
//
// The pages are the manager's. They open to whoever holds the manager key, which
// the server prints when it starts: its link sets a cookie for this browser. No
// page asks any other host for anything, and none holds a guest's name.
package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"usher/server/doors"
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
	Tickets int
}

// Config is what the pages stand on.
type Config struct {
	Doors   *doors.Doors
	Manager func(key string) bool // says whether it is the manager key, in a time that tells nothing of it
	Events  func(context.Context) ([]Event, error)
	Log     *slog.Logger
}

// Web serves the pages.
type Web struct {
	Config
	pages  *template.Template
	assets map[string]asset
}

type asset struct {
	body []byte
	kind string
	etag string
}

// New makes the pages.
func New(cfg Config) (*Web, error) {
	w := &Web{Config: cfg, assets: map[string]asset{}}
	for name, kind := range map[string]string{
		"live.js": "text/javascript; charset=utf-8", "manager.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml",
	} {
		body, err := page.ReadFile("page/" + name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		w.assets["/"+name] = asset{body, kind, `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	var err error
	w.pages, err = template.ParseFS(page, "page/*.html")
	return w, err
}

// Register adds the pages' routes.
func (w *Web) Register(mux *http.ServeMux) {
	for name := range w.assets {
		mux.Handle("GET "+name, secured(http.HandlerFunc(w.asset)))
	}
	mux.Handle("GET /{$}", secured(w.managers(w.list)))
	mux.Handle("GET /events/{event}", secured(w.managers(w.live)))
	mux.Handle("GET /events/{event}/live", secured(w.managers(w.stream)))
	mux.Handle("GET /events/{event}/board", secured(w.managers(w.board)))
}

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// managers lets in who holds the manager key, by cookie, link or bearer token,
// and shows everybody else how to get in.
func (w *Web) managers(next func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if key := r.URL.Query().Get("key"); w.holds(key) {
			http.SetCookie(rw, &http.Cookie{
				Name: cookieName, Value: key, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil, MaxAge: 30 * 24 * 3600,
			})
			http.Redirect(rw, r, r.URL.EscapedPath(), http.StatusSeeOther)
			return
		}
		cookie, err := r.Cookie(cookieName)
		if !(err == nil && w.holds(cookie.Value)) && !w.holds(bearer(r)) {
			w.fail(rw, r, fault.New(fault.Unauthorised, "This page is the manager's. Open it once by the link that the server printed when it started; it ends in ?key=…"))
			return
		}
		if err := next(rw, r); err != nil {
			w.fail(rw, r, err)
		}
	})
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

func (w *Web) holds(key string) bool {
	return key != "" && w.Manager(key)
}

func (w *Web) fail(rw http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return
	}
	p := fault.ToProblem(err)
	if p.Status >= http.StatusInternalServerError {
		w.Log.ErrorContext(r.Context(), "a page failed", "path", r.URL.Path, "error", err)
	}
	if p.Status == http.StatusUnauthorized {
		rw.Header().Set("WWW-Authenticate", "Bearer")
	}
	if strings.HasSuffix(r.Pattern, "/board") { // the one that programs read
		rw.Header().Set("Content-Type", "application/problem+json")
		rw.WriteHeader(p.Status)
		_ = json.NewEncoder(rw).Encode(p) // the other side hung up
		return
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.WriteHeader(p.Status)
	_ = w.pages.ExecuteTemplate(rw, "fault.html", p) // the other side hung up
}

func (w *Web) render(rw http.ResponseWriter, name string, data any) error {
	var out bytes.Buffer
	if err := w.pages.ExecuteTemplate(&out, name, data); err != nil {
		return fault.Wrap(fault.Internal, err, "can't draw the page %s", name)
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = out.WriteTo(rw) // the other side hung up
	return nil
}

func (w *Web) asset(rw http.ResponseWriter, r *http.Request) {
	a := w.assets[r.URL.Path]
	rw.Header().Set("Content-Type", a.kind)
	rw.Header().Set("ETag", a.etag)
	rw.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(a.body))
}

func (w *Web) list(rw http.ResponseWriter, r *http.Request) error {
	events, err := w.Events(r.Context())
	if err != nil {
		return err
	}
	return w.render(rw, "events.html", events)
}

func (w *Web) live(rw http.ResponseWriter, r *http.Request) error {
	b, err := w.Doors.Board(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	return w.render(rw, "live.html", b)
}

func (w *Web) board(rw http.ResponseWriter, r *http.Request) error {
	b, err := w.Doors.Board(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(rw).Encode(b) // the other side hung up
	return nil
}

// Times of the live stream.
const (
	// quietest is the longest time between two pictures: ages grow by themselves.
	quietest = 3 * time.Second
	// busiest is the shortest: a rush at the gates is not a rush of pictures.
	busiest = 250 * time.Millisecond
)

// stream sends the live picture by server-sent events, whenever it changes.
func (w *Web) stream(rw http.ResponseWriter, r *http.Request) error {
	event := r.PathValue("event")
	st, err := w.Doors.State(r.Context(), event)
	if err != nil {
		return err
	}
	wake, cancel := st.Subscribe()
	defer cancel()
	out := http.NewResponseController(rw)
	rw.Header().Set("Content-Type", "text/event-stream")
	tick := time.NewTicker(quietest)
	defer tick.Stop()
	for {
		b, err := w.Doors.Board(r.Context(), event)
		if err != nil {
			return nil // the stream has begun: ending it makes the page ask again
		}
		body, err := json.Marshal(b)
		if err != nil {
			return nil
		}
		_ = out.SetWriteDeadline(time.Now().Add(4 * quietest)) // not every transport has one
		if _, err := fmt.Fprintf(rw, "data: %s\n\n", body); err != nil || out.Flush() != nil {
			return nil
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-time.After(busiest):
		}
		select {
		case <-wake:
		case <-tick.C:
		case <-r.Context().Done():
			return nil
		}
	}
}
