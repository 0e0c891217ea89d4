package network

import (
	"context"
	"strings"

	"usher/sync/exchange"
	"usher/sync/link"
)

// detour dials as an agent does, and where an address is the first one, the second in
// its place.
func detour(from, to string) func(context.Context, string) (exchange.Conn, error) {
	return func(ctx context.Context, base string) (exchange.Conn, error) {
		if strings.TrimRight(base, "/") == from {
			base = to
		}
		address, err := link.Address(base, event)
		if err != nil {
			return nil, err
		}
		return link.Dialer{}.Dial(ctx, address)
	}
}
