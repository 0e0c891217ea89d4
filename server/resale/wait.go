package resale

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"
	"time"

	"usher/migrations/sqldb"
	"usher/server/post"
	"usher/sync/fault"
)

// Limits of the waiting list.
const (
	MaxWanted = 10
	maxEmail  = 254 // RFC 5321 section 4.5.3.1.3, less the angle brackets
	maxWaits  = 50_000
)

// Waiter is somebody who waits for tickets.
type Waiter struct {
	ID        string
	Event     string
	Email     string
	Language  string
	Wanted    int
	Remaining int // not offered yet
	Made      time.Time
}

const waitColumns = `id, event, email, language, wanted, remaining, made_at`

func scanWaiter(row func(...any) error) (w Waiter, err error) {
	var made int64
	err = row(&w.ID, &w.Event, &w.Email, &w.Language, &w.Wanted, &w.Remaining, &made)
	w.Made = instant(made)
	return w, err
}

// Wait puts an address on the waiting list of an event. One that is on it already keeps
// its place, and its owner is told nothing new; who asks can't tell the two apart.
func (r *Resale) Wait(ctx context.Context, event, email, language string, wanted int) error {
	shop, err := r.Catalog.Shop(ctx, event)
	if err != nil {
		return err
	}
	email = strings.TrimSpace(email)
	parsed, err := netmail.ParseAddress(email)
	switch {
	case shop.Resale == nil || r.closed(shop.About, shop) != "":
		return fault.New(fault.Refused, "nobody waits for tickets of event %s", event)
	case err != nil || parsed.Address != email || len(email) > maxEmail:
		return fault.At(fault.BadInput, "email", "%.80q is no e-mail address", email)
	case wanted < 1 || wanted > MaxWanted:
		return fault.At(fault.BadInput, "wanted", "please say how many you want, 1 to %d", MaxWanted)
	case len(language) > 35:
		return fault.At(fault.BadInput, "language", "it is too long")
	}
	id, err := r.draw()
	if err != nil {
		return err
	}
	err = r.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `select count(*) from resale_wait where event = $1`, event).Scan(&n); err != nil {
			return err
		}
		if n >= maxWaits {
			return fault.New(fault.TooMany, "the waiting list is full")
		}
		// Who had all that they asked for begins again behind the others.
		w, err := scanWaiter(tx.QueryRowContext(ctx, `insert into resale_wait (id, event, email, language, wanted, remaining, made_at, changed_at)
			values ($1, $2, $3, $4, $5, $5, $6, $6)
			on conflict (event, email) do update set wanted = excluded.wanted, remaining = excluded.wanted, made_at = excluded.made_at, changed_at = excluded.changed_at
			where resale_wait.remaining = 0
			returning `+waitColumns, id, event, strings.ToLower(email), language, wanted, r.Now().UnixMilli()).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return r.Post.Queue(ctx, tx, post.Mail{ID: fmt.Sprintf("%s/%s/%d", mailWaits, w.ID, w.Made.UnixMilli()), Kind: mailWaits, Detail: w.ID, To: w.Email})
	})
	return r.wakes(stored(err, "keeping who waits"))
}

// Leave takes whoever a link was mailed to off the waiting list, and gives up what is kept
// for them. Doing it again changes nothing.
func (r *Resale) Leave(ctx context.Context, link string) (Waiter, error) {
	id, given, _ := strings.Cut(link, ".")
	w, err := r.waiter(ctx, r.DB.Read(), id)
	if err != nil {
		return w, err
	}
	want, err := r.leaveToken(ctx, &w)
	if err != nil {
		return w, err
	}
	if !hmac.Equal([]byte(given), []byte(want)) {
		return w, badLink()
	}
	// What is kept for them is not any more: passOn offers it to the next. Their own row goes
	// first, so whatever they are offered at this moment was kept before it is looked for.
	now := r.Now().UnixMilli()
	err = r.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, `update resale_wait set remaining = 0, changed_at = $2 where id = $1`, id, now); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `update resale_listing set kept_until = $2 where kept_for = $1 and state = 'open' and kept_until > $2`, id, now)
		return err
	})
	return w, stored(err, "taking somebody off the waiting list")
}

func badLink() error {
	return fault.New(fault.NotFound, "this link leads nowhere; was all of it copied?")
}

func (r *Resale) waiter(ctx context.Context, q sqldb.Queryer, id string) (Waiter, error) {
	w, err := scanWaiter(q.QueryRowContext(ctx, `select `+waitColumns+` from resale_wait where id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return w, badLink()
	}
	return w, stored(err, "reading who waits")
}

// Waiting says how many wait for tickets of an event.
func (r *Resale) Waiting(ctx context.Context, event string) (n int, err error) {
	err = r.DB.Read().QueryRowContext(ctx, `select count(*) from resale_wait where event = $1 and remaining > 0`, event).Scan(&n)
	return n, stored(err, "counting who waits")
}

// leaveToken is what takes somebody off the list, for as long as they have been on it since
// they began to wait: who begins again isn't taken off by an old mail.
func (r *Resale) leaveToken(ctx context.Context, w *Waiter) (string, error) {
	return r.token(ctx, fmt.Sprintf("usher-resale-wait-v1/%s/%d", w.ID, w.Made.UnixMilli()))
}

func (r *Resale) token(ctx context.Context, purpose string) (string, error) {
	secret, err := r.Secret(ctx, purpose)
	sum := sha256.Sum256(secret[:])
	return base64.RawURLEncoding.EncodeToString(sum[:]), err
}

// draw draws an id.
func (r *Resale) draw() (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(r.Rand, raw[:]); err != nil {
		return "", fault.Wrap(fault.Internal, err, "can't draw an id")
	}
	return hex.EncodeToString(raw[:]), nil
}
