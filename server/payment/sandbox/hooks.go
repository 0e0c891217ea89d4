package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"usher/migrations/sqldb"
	"usher/server/payment"
)

// How notices are delivered.
const (
	// HookTimeout is how long the shop has to take a notice.
	HookTimeout = 10 * time.Second
	// GivesUpAfter is how long a notice is tried that nobody takes.
	GivesUpAfter = 72 * time.Hour

	batch      = 16               // notices that are taken on at once
	lease      = 3 * HookTimeout  // for them, after which another process takes them on
	firstRetry = time.Second      // after a first try that failed; doubled each time
	lastRetry  = 10 * time.Minute // the longest it gets
	quietest   = 2 * time.Second  // the longest between two looks: another process may have ended
	maxDrain   = 16 << 10         // of an answer, so that its connection is used again
)

// notice is a row of sandbox_notice.
type notice struct {
	delivery, id, ref string
	kind              payment.Kind
	at                time.Time
	tries             int
}

// Run delivers notices to the shop's address for them until ctx ends. Each process
// may run one.
func (s *Sandbox) Run(ctx context.Context, hook string) {
	for ctx.Err() == nil {
		sent, err := s.Deliver(ctx, hook)
		if err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "the payment sandbox can't deliver notices", "error", err)
		}
		if err != nil || sent < batch {
			s.rest(ctx, err == nil)
		}
	}
}

// rest waits until a notice is due, or for news; where something failed, for a
// while.
func (s *Sandbox) rest(ctx context.Context, well bool) {
	wait := quietest
	var due int64
	err := s.DB.Read().QueryRowContext(ctx, `select coalesce(min(due_at), 0) from sandbox_notice`).Scan(&due)
	if well && err == nil && due != 0 {
		wait = min(wait, max(time.UnixMilli(due).Sub(s.now()), time.Millisecond))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s.wake:
	case <-timer.C:
	}
}

// Deliver sends the notices that are due, a batch at most, and tells how many it
// took on. What the shop doesn't take is sent again later.
func (s *Sandbox) Deliver(ctx context.Context, hook string) (int, error) {
	due, err := s.claim(ctx)
	if err != nil {
		return 0, fmt.Errorf("taking on notices: %w", err)
	}
	errs := make([]error, len(due))
	var all sync.WaitGroup
	for i, n := range due {
		all.Go(func() { errs[i] = s.deliver(ctx, hook, n) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return len(due), err
		}
	}
	return len(due), nil
}

// claim takes notices on, so that no other process sends them meanwhile.
func (s *Sandbox) claim(ctx context.Context) (due []notice, err error) {
	now := s.now()
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		due = nil
		rows, err := tx.QueryContext(ctx, `update sandbox_notice set due_at = $1, tries = tries + 1
			where due_at <= $2 and delivery in (select delivery from sandbox_notice where due_at <= $2 order by due_at, delivery limit $3)
			returning delivery, id, ref, kind, at, tries`, column(now.Add(lease)), column(now), batch)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n notice
			var at int64
			if err := rows.Scan(&n.delivery, &n.id, &n.ref, &n.kind, &at, &n.tries); err != nil {
				return err
			}
			n.at = instant(at)
			due = append(due, n)
		}
		return rows.Err()
	})
	slices.SortFunc(due, func(a, b notice) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.delivery, b.delivery)) })
	return due, err
}

// deliver sends one notice and writes down what became of it.
func (s *Sandbox) deliver(ctx context.Context, hook string, n notice) error {
	failed := s.send(ctx, hook, n)
	now := s.now()
	switch {
	case failed == nil:
	case now.Sub(n.at) > GivesUpAfter:
		s.Log.WarnContext(ctx, "the payment sandbox gives up on a notice", "notice", n.id, "tries", n.tries, "error", failed)
	default:
		return s.DB.Exec(ctx, `update sandbox_notice set due_at = $1 where delivery = $2`, column(now.Add(backoff(n.tries))), n.delivery)
	}
	return s.DB.Exec(ctx, `delete from sandbox_notice where delivery = $1`, n.delivery)
}

// backoff is the pause after so many tries.
func backoff(tries int) time.Duration {
	if tries > 20 {
		return lastRetry
	}
	return min(firstRetry<<max(tries-1, 0), lastRetry)
}

func (s *Sandbox) send(ctx context.Context, hook string, n notice) error {
	body, err := json.Marshal(wireNotice{ID: n.id, Payment: n.ref, Kind: n.kind, At: n.at.UnixMilli()})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", contentJSON)
	req.Header.Set("User-Agent", "usher-sandbox")
	req.Header.Set(SignatureHeader, sign(s.hookKey, body, s.now()))
	res, err := s.HTTP.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.CopyN(io.Discard, res.Body, maxDrain) // its end comes sooner
	_ = res.Body.Close()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("the shop answered HTTP %d", res.StatusCode)
	}
	return nil
}
