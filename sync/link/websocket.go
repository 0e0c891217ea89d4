package link

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"usher/sync/exchange"
	"usher/sync/fault"
)

// Subprotocol names the exchange's protocol and version in the WebSocket
// handshake. Another version is another name, so that a node can offer both.
const Subprotocol = "usher.sync.v1"

const (
	// WriteTimeout bounds the sending of one message.
	WriteTimeout = 20 * time.Second
	// lingerTimeout is how long Close waits for the other end to have read what
	// was sent.
	lingerTimeout = 500 * time.Millisecond
	// lingerBytes bounds what is thrown away meanwhile.
	lingerBytes = 16 * exchange.MaxMessage

	readBuffer  = 4 << 10
	writeBuffer = 16 << 10
)

// writeBuffers are shared by all connections: most are quiet most of the time.
var writeBuffers sync.Pool

// longAgo, as a deadline, ends what waits.
var longAgo = time.Unix(1, 0)

// conn is an exchange.Conn over WebSocket.
type conn struct {
	ws    *websocket.Conn
	close sync.Once
}

var _ exchange.Narrow = (*conn)(nil)

// newConn gives a connection that takes short messages only, until it is widened.
func newConn(ws *websocket.Conn) *conn {
	ws.SetReadLimit(exchange.MaxHello)
	return &conn{ws: ws}
}

// Widen implements exchange.Narrow.
func (c *conn) Widen() { c.ws.SetReadLimit(exchange.MaxMessage) }

// Send writes one message.
func (c *conn) Send(ctx context.Context, message []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.ws.SetWriteDeadline(after(ctx, WriteTimeout)); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.ws.NetConn().SetWriteDeadline(longAgo) })
	defer stop()
	return failed(ctx, c.ws.WriteMessage(websocket.BinaryMessage, message))
}

// Receive reads one message.
func (c *conn) Receive(ctx context.Context) ([]byte, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.ws.NetConn().SetReadDeadline(longAgo) })
	defer stop()
	kind, message, err := c.ws.ReadMessage()
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		return nil, fault.Wrap(fault.TooLarge, err, "a message is over the limit")
	case err != nil:
		return nil, failed(ctx, err)
	case kind != websocket.BinaryMessage:
		return nil, fault.New(fault.BadInput, "a text message came where messages are binary")
	}
	return message, nil
}

// failed gives why a call failed: ctx's end where that is what ended it.
func failed(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Close says good-bye and ends the connection, after the other end has hung up
// or a short while: a connection closed with unread messages on it is reset, and
// takes with it the last words that went out.
func (c *conn) Close() error {
	var err error
	c.close.Do(func() {
		bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		deadline := after(context.Background(), lingerTimeout)
		raw := c.ws.NetConn()
		if c.ws.WriteControl(websocket.CloseMessage, bye, deadline) == nil && raw.SetReadDeadline(deadline) == nil {
			closeWrite(raw)
			_, _ = io.CopyN(io.Discard, raw, lingerBytes) // ends with the deadline or the other end
		}
		err = c.ws.Close()
	})
	return err
}

func closeWrite(raw net.Conn) {
	if half, ok := raw.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the connection ends either way
	}
}
