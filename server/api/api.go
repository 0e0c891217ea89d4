// Package api is the server's interface for programs: devices enrol and exchange
// journals here, and whoever runs the server asks after its health.
//
//	POST /api/v1/enrol          admit a device that proves a card (sync/enrolment)
//	GET  /api/v1/sync/{event}   exchange journals, by WebSocket (sync/exchange)
//	GET  /healthz               the process answers
//	GET  /readyz                it can do its work: database and keys
//	GET  /metrics               counters, in Prometheus's text format
//
// Nothing here carries a person's name. Errors are RFC 9457 problems of the kinds
// in docs/errors.md.
package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"usher/server/doors"
	"usher/sync/enrolment"
	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/link"
)

// Limits of what others can make the server do.
const (
	// maxSessions bounds the exchanges that run at once.
	maxSessions = 2000
	// enrolPerSecond and enrolBurst bound tries to enrol, over all devices: codes
	// are 128 bits, so this is for the database's sake, not theirs.
	enrolPerSecond = 20
	enrolBurst     = 100
	notesTimeout   = 5 * time.Second
	bodyTimeout    = 10 * time.Second
)

// Config is what the interface stands on.
type Config struct {
	Doors *doors.Doors
	Ready func(context.Context) error // nil when the server can do its work; it doesn't take long to say
	// Notes says what is not well although it can, by what it is about; may be nil.
	Notes func(context.Context) map[string]string
	// Draining gives a channel that is closed while others are to take over; nil: never.
	Draining func() <-chan struct{}
	Metrics  http.Handler
	Log      *slog.Logger
}

// API is the interface. Close ends its exchanges.
type API struct {
	Config
	enrol    *rate.Limiter
	sessions chan struct{}
	ctx      context.Context // ends with Close
	end      context.CancelFunc

	mu      sync.Mutex     // covers joining running
	running sync.WaitGroup // exchanges; none joins after ctx ended
}

// New makes the interface.
func New(cfg Config) *API {
	ctx, end := context.WithCancel(context.Background())
	if cfg.Draining == nil {
		cfg.Draining = func() <-chan struct{} { return nil }
	}
	return &API{Config: cfg, enrol: rate.NewLimiter(enrolPerSecond, enrolBurst), sessions: make(chan struct{}, maxSessions), ctx: ctx, end: end}
}

// Close ends the exchanges under way and waits for them.
func (a *API) Close() {
	a.mu.Lock()
	a.end()
	a.mu.Unlock()
	a.running.Wait()
}

// join has Close wait for an exchange that begins, unless it was called already.
func (a *API) join() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ctx.Err() != nil {
		return false
	}
	a.running.Add(1)
	return true
}

// Register adds the interface's routes.
func (a *API) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/v1/enrol", a.enrolDevice)
	mux.HandleFunc("GET /api/v1/sync/{event}", a.sync)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", a.Metrics)
	mux.HandleFunc("/api/v1/enrol", a.only(http.MethodPost))
	mux.HandleFunc("/api/v1/sync/{event}", a.only(http.MethodGet))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		a.refuse(w, r, fault.New(fault.NotFound, "there is nothing at %.80q", r.URL.Path))
	})
}

// only answers requests of another method.
func (a *API) only(method string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := fault.ToProblem(fault.New(fault.BadInput, "this takes %s, not %.20s", method, r.Method))
		p.Status = http.StatusMethodNotAllowed
		w.Header().Set("Allow", method)
		w.Header().Set("Content-Type", "application/problem+json")
		write(w, p.Status, p)
	}
}

func (a *API) enrolDevice(w http.ResponseWriter, r *http.Request) {
	reply, err := a.tryEnrol(w, r)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	write(w, http.StatusOK, reply)
}

func (a *API) tryEnrol(w http.ResponseWriter, r *http.Request) (enrolment.Reply, error) {
	if !a.enrol.Allow() {
		return enrolment.Reply{}, fault.New(fault.TooMany, "too many devices enrol at once; try again in a few seconds")
	}
	// Who sends its four kilobytes drop by drop would hold a connection for ever.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // not every transport has one
	var request enrolment.Request
	if err := decode(http.MaxBytesReader(w, r.Body, enrolment.MaxRequest), &request); err != nil {
		return enrolment.Reply{}, err
	}
	return a.Doors.Enrol(r.Context(), request)
}

// decode reads a body that is one JSON object of known fields, and nothing else.
func decode(body io.Reader, into any) error {
	dec := json.NewDecoder(body)
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, err = dec.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.New("more after the end")
		}
	}
	var tooLong *http.MaxBytesError
	var value *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &tooLong):
		return fault.At(fault.TooLarge, whereBody, "it is over %d bytes", tooLong.Limit)
	case errors.As(err, &value):
		return fault.At(fault.BadInput, cmp.Or(value.Field, whereBody), "a JSON %s can't be taken here", value.Value)
	case errors.As(err, &syntax):
		return fault.At(fault.BadInput, whereBody, "byte %d: it is no JSON: %v", syntax.Offset, syntax)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.At(fault.BadInput, whereBody, "it ends too early: want a JSON object")
	default:
		return fault.At(fault.BadInput, whereBody, "%.200s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

// whereBody is how errors call what was sent.
const whereBody = "request body"

// sync holds one exchange. Both sides prove their keys inside it, so the door to
// it is open.
func (a *API) sync(w http.ResponseWriter, r *http.Request) {
	select {
	case a.sessions <- struct{}{}:
		defer func() { <-a.sessions }()
	default:
		a.refuse(w, r, fault.New(fault.TooMany, "this server holds %d exchanges already", maxSessions))
		return
	}
	if !a.join() {
		a.refuse(w, r, fault.New(fault.Unavailable, "this server is closing"))
		return
	}
	defer a.running.Done()
	leaving := a.Draining()
	if over(leaving) {
		a.refuse(w, r, fault.New(fault.Unavailable, "this server is being drained: another one will answer"))
		return
	}
	local, err := a.Doors.Local(r.Context(), r.PathValue("event"))
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	local.Reticent, local.Leaving = true, leaving
	w.Header().Set("X-Content-Type-Options", "nosniff") // of the answer, should it be none to an upgrade
	conn, err := link.Upgrade(w, r)
	if err != nil {
		a.Log.DebugContext(r.Context(), "no exchange came of a request", "from", r.RemoteAddr, "error", err)
		return
	}
	if err := exchange.Run(a.ctx, conn, local); err != nil && a.ctx.Err() == nil {
		a.Log.InfoContext(r.Context(), "an exchange ended", "event", local.Event, "from", r.RemoteAddr, "error", err)
	}
}

// Exchanges counts the sessions that run.
func (a *API) Exchanges() int { return len(a.sessions) }

// over reports whether a channel is closed.
func over(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (a *API) ready(w http.ResponseWriter, r *http.Request) {
	if over(a.Draining()) {
		askLater(w.Header())
		write(w, http.StatusServiceUnavailable, map[string]string{"status": "draining", "why": "this server is being drained: others take over"})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), notesTimeout)
	defer cancel()
	if err := a.Ready(ctx); err != nil {
		askLater(w.Header())
		write(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "why": fault.Message(err)})
		return
	}
	answer := struct {
		Status string            `json:"status"`
		Notes  map[string]string `json:"notes,omitempty"`
	}{Status: "ready"}
	if a.Notes != nil {
		answer.Notes = a.Notes(ctx)
	}
	write(w, http.StatusOK, answer)
}

func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := fault.ToProblem(err)
	if p.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		a.Log.ErrorContext(r.Context(), "a request failed", "path", r.URL.Path, "error", err)
	}
	if p.Kind.Temporary() {
		askLater(w.Header())
	}
	w.Header().Set("Content-Type", "application/problem+json")
	write(w, p.Status, p)
}

// askLater says that the same may succeed in a few seconds (RFC 9110 section 10.2.3).
func askLater(h http.Header) { h.Set("Retry-After", "5") }

func write(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the other side hung up: nobody is left to tell
}
