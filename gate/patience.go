package gate

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// How long whoever connects to an agent may take, so that somebody who says nothing
// holds no connection for good. What is answered may take as long as it likes: a page
// listens for news all evening.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 2 * time.Minute
	fileTimeout   = 10 * time.Minute // for a journal file, which may have hundreds of megabytes
	idleTimeout   = 2 * time.Minute  // between two requests
	maxHeader     = 16 << 10
)

// filePath takes journal files.
const filePath = "/api/import"

// newServer makes what answers the network until ctx ends.
func newServer(ctx context.Context, handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: inTime(handler), ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// inTime ends a request whose body does not come. A server reads what is left of a body
// before it answers even those whom it refuses, and would wait for it for ever.
func inTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			within := bodyTimeout
			if r.URL.Path == filePath {
				within = fileTimeout
			}
			if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(within)); err != nil {
				http.Error(w, "this connection knows no time limit", http.StatusInternalServerError)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
