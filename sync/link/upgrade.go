package link

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/gorilla/websocket"

	"usher/sync/exchange"
	"usher/sync/fault"
)

var upgrader = websocket.Upgrader{
	HandshakeTimeout: DialTimeout, ReadBufferSize: readBuffer, WriteBufferSize: writeBuffer, WriteBufferPool: &writeBuffers,
	Subprotocols: []string{Subprotocol},
	CheckOrigin:  func(r *http.Request) bool { return r.Header.Get("Origin") == "" },
	Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
		refuse(w, status, fault.New(fault.BadInput, "%s", reason))
	},
}

// Upgrade makes a connection of a request. On an error it has answered the
// request already, with a problem of sync/fault. The connection outlives the
// request's context: the caller gives exchange.Run one of its own.
func Upgrade(w http.ResponseWriter, r *http.Request) (exchange.Conn, error) {
	if r.Header.Get("Origin") != "" {
		err := fault.New(fault.Forbidden, "this is for usher's nodes, not for browsers")
		refuse(w, http.StatusForbidden, err)
		return nil, err
	}
	if websocket.IsWebSocketUpgrade(r) && !slices.Contains(websocket.Subprotocols(r), Subprotocol) {
		err := fault.New(fault.Newer, "this node speaks %s", Subprotocol)
		refuse(w, http.StatusBadRequest, err)
		return nil, err
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, fmt.Errorf("making a connection of a request: %w", err)
	}
	return newConn(ws), nil
}

func refuse(w http.ResponseWriter, status int, err error) {
	p := fault.ToProblem(err)
	p.Status = status
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Sec-Websocket-Version", "13")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(p) // whoever asked is gone if this fails
}
