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
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
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
	readyTimeout   = 2 * time.Second
)

// Config is what the interface stands on.
type Config struct {
	Doors   *doors.Doors
	Ready   func(context.Context) error // nil when the server can do its work
	Metrics http.Handler
	Log     *slog.Logger
}

// API is the interface. Close ends its exchanges.
type API struct {
	Config
	enrol    *rate.Limiter
	sessions chan struct{}
	ctx      context.Context // ends with Close
	end      context.CancelFunc
	running  sync.WaitGroup
}

// New makes the interface.
func New(cfg Config) *API {
	ctx, end := context.WithCancel(context.Background())
	return &API{Config: cfg, enrol: rate.NewLimiter(enrolPerSecond, enrolBurst), sessions: make(chan struct{}, maxSessions), ctx: ctx, end: end}
}

// Close ends the exchanges under way and waits for them.
func (a *API) Close() {
	a.end()
	a.running.Wait()
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
	var request enrolment.Request
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, enrolment.MaxRequest))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&request); err != nil {
		return enrolment.Reply{}, fault.At(fault.BadInput, "request body", "%v", err)
	}
	return a.Doors.Enrol(r.Context(), request)
}

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
	local, err := a.Doors.Local(r.Context(), r.PathValue("event"))
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	conn, err := link.Upgrade(w, r)
	if err != nil {
		a.Log.DebugContext(r.Context(), "no exchange came of a request", "from", r.RemoteAddr, "error", err)
		return
	}
	a.running.Add(1)
	defer a.running.Done()
	if err := exchange.Run(a.ctx, conn, local); err != nil && a.ctx.Err() == nil {
		a.Log.InfoContext(r.Context(), "an exchange ended", "event", local.Event, "from", r.RemoteAddr, "error", err)
	}
}

func (a *API) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := a.Ready(ctx); err != nil {
		write(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "why": fault.Message(err)})
		return
	}
	write(w, http.StatusOK, map[string]string{"status": "ready"})
}

func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		err = fault.Wrap(fault.TooLarge, err, "the request is over %d bytes", tooLong.Limit)
	}
	p := fault.ToProblem(err)
	if p.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		a.Log.ErrorContext(r.Context(), "a request failed", "path", r.URL.Path, "error", err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	write(w, p.Status, p)
}

func write(w http.ResponseWriter, status int, v any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the other side hung up: nobody is left to tell
}
