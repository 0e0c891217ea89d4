package link

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"usher/sync/exchange"
	"usher/sync/fault"
)

const (
	// DialTimeout bounds the way to a connection: name, TCP, TLS and WebSocket.
	DialTimeout = 15 * time.Second
	// maxProblem bounds what is read of an answer that is no WebSocket.
	maxProblem = 4 << 10
)

// Dialer connects to servers and peers. The zero Dialer trusts the system's
// certificates.
type Dialer struct {
	TLS *tls.Config // for https and wss; nil: the system's trust
}

// Address gives where a node that is known by its base URL (http, https, ws or
// wss) exchanges journals of an event.
func Address(base, event string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", fault.Wrap(fault.BadInput, err, "%.200q is no URL", base)
	}
	switch u.Scheme {
	case "http", "ws":
		u.Scheme = "ws"
	case "https", "wss":
		u.Scheme = "wss"
	default:
		return "", fault.New(fault.BadInput, "URL %.200q: want one that begins with https:// or http://", base)
	}
	if u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fault.New(fault.BadInput, "URL %.200q: want a host, perhaps a port and a path, and nothing else", u.Redacted())
	}
	return u.JoinPath("api/v1/sync", event).String(), nil
}

// Dial connects to an Address. An error has a kind: fault.Unavailable for a
// host that does not answer, or that something else answers for, as the page of
// a captive portal does, or one that intercepts TLS; and what the node itself said otherwise.
func (d Dialer) Dial(ctx context.Context, address string) (exchange.Conn, error) {
	dialer := websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: d.TLS.Clone(), HandshakeTimeout: DialTimeout,
		ReadBufferSize: readBuffer, WriteBufferSize: writeBuffer, WriteBufferPool: &writeBuffers,
		Subprotocols: []string{Subprotocol},
	}
	ws, response, err := dialer.DialContext(ctx, address, nil)
	switch {
	case err == nil && ws.Subprotocol() != Subprotocol:
		_ = ws.Close()
		return nil, fault.New(fault.Newer, "%s does not speak %s", host(address), Subprotocol)
	case err == nil:
		return newConn(ws), nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, websocket.ErrBadHandshake) && response != nil:
		return nil, answered(address, response)
	}
	if fails, is := errors.AsType[*tls.CertificateVerificationError](err); is {
		return nil, fault.At(fault.Unavailable, "network", "%s shows a certificate that this device does not trust (%.200s): does this network read what goes through it, or is a clock wrong?", host(address), fails.Err.Error())
	}
	if _, is := errors.AsType[tls.RecordHeaderError](err); is {
		return nil, fault.At(fault.Unavailable, "network", "%s does not answer in TLS: something else answers in its place, or its address begins with http://", host(address))
	}
	return nil, fault.Wrap(fault.Unavailable, err, "%s does not answer", host(address))
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the other node"
	}
	return u.Host
}

// answered says what an answer that is no WebSocket means.
func answered(address string, r *http.Response) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if strings.HasSuffix(kind, "json") {
		var p fault.Problem
		b, err := io.ReadAll(io.LimitReader(r.Body, maxProblem))
		if err == nil && json.Unmarshal(b, &p) == nil && p.Kind != "" {
			return p.Err()
		}
	}
	switch {
	case r.StatusCode < http.StatusBadRequest, r.StatusCode == http.StatusNetworkAuthenticationRequired:
		return fault.At(fault.Unavailable, "network", "%s answered with a page in its place (%s): does this network want somebody to log in?", host(address), r.Status)
	case r.StatusCode == http.StatusNotFound:
		return fault.New(fault.NotFound, "%s does not exchange journals there (%s)", host(address), r.Status)
	case r.StatusCode < http.StatusInternalServerError:
		return fault.New(fault.Refused, "%s refused (%s)", host(address), r.Status)
	}
	return fault.New(fault.Unavailable, "%s can't at present (%s)", host(address), r.Status)
}
