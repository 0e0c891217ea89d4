package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"usher/server/web/site"
)

// What a connection may cost that somebody opens and lets hang. Pages that go on
// for longer, the live ones, move their deadlines themselves.
const (
	headerTimeout = 10 * time.Second // to send the header of a request
	askTimeout    = time.Minute      // to send all of it; forms and notices have less
	answerTimeout = 2 * time.Minute  // from then until the answer is taken
	idleTimeout   = 2 * time.Minute  // between two requests
	maxHeader     = 16 << 10
)

// newHTTP makes what speaks HTTP before a handler. Requests end with ctx.
func newHTTP(ctx context.Context, handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: askTimeout, WriteTimeout: answerTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// legible refuses addresses that hold bytes which are no text: nothing of ours is
// called so, and not every database bears to be asked for it.
func legible(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !site.IsText(r.URL.Path) || r.URL.RawQuery != "" && !site.Legible(r.URL.Query()) {
			http.Error(w, "this address holds bytes that are no text", http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
