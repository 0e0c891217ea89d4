// Package link carries the messages of sync/exchange: over WebSocket between
// nodes that reach each other, and in a file between those that don't.
//
// # WebSocket
//
// [Dialer.Dial] and [Upgrade] give the two ends of a connection (RFC 6455) of
// subprotocol [Subprotocol]: binary messages of at most exchange.MaxMessage
// bytes, no compression, writes under a deadline. Signs of life are the
// exchange's own pings, which measure time as well; pings of proxies on the way
// are answered. TLS keeps strangers out of the handshake where there is a
// certificate, and is not needed for what follows it: the exchange seals its
// messages itself.
//
// A browser can't connect: a request with an Origin is refused, so a page that
// somebody opens on the venue's network can't use its visitor's place there.
//
// # Files
//
// [WriteFile] puts all that a store holds into one file, and [ReadFile] reads it
// at another node, for islands between which only people go. A file that was
// cut short or altered is refused whole, naming the offset; who wrote the
// records in it is a matter of their signatures, which exchange.Import checks.
//
// This package opens what it is told to and nothing else. It needs no clock:
// its deadlines come from timers.
package link

import (
	"context"
	"time"
)

// after gives the instant d from now, for the connections that want a deadline
// as one.
func after(ctx context.Context, d time.Duration) time.Time {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	at, _ := ctx.Deadline()
	return at
}
