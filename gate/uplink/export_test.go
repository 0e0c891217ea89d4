package uplink

import (
	"context"

	"usher/sync/exchange"
)

// Serve holds a session that another node began, without HTTP in between.
func (u *Uplink) Serve(ctx context.Context, conn exchange.Conn, from string) {
	u.serve(ctx, conn, from, func() {})
}
