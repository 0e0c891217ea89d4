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
	"usher/server/catalog"
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

// Leave takes whoever a link was mailed to off the waiting list. Doing it again changes
// nothing.
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
	return w, stored(r.DB.Exec(ctx, `update resale_wait set remaining = 0, changed_at = $2 where id = $1`, id, r.Now().UnixMilli()), "taking somebody off the waiting list")
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

// keepFor keeps a listing for the first who waits and isn't its seller, and mails them
// how to buy it. Where nobody waits it stays for everybody.
func (r *Resale) keepFor(ctx context.Context, tx *sqldb.Tx, l *Listing, policy *catalog.Resale) error {
	until := r.Now().Add(policy.OfferFor()).UTC()
	for {
		var id string
		err := tx.QueryRowContext(ctx, `select id from resale_wait where event = $1 and remaining > 0 and email <> $2 and id <> $3 order by made_at, id limit 1`,
			l.Event, strings.ToLower(l.SellerEmail), l.KeptFor).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			l.KeptFor, l.KeptUntil = "", time.Time{}
			return nil
		}
		if err != nil {
			return stored(err, "looking who waits")
		}
		done, err := tx.ExecContext(ctx, `update resale_wait set remaining = remaining - 1, changed_at = $2 where id = $1 and remaining > 0`, id, r.Now().UnixMilli())
		if err != nil {
			return stored(err, "offering a ticket to who waits")
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			if err != nil {
				return err
			}
			continue // they were offered another at the same moment
		}
		w, err := r.waiter(ctx, tx, id)
		if err != nil {
			return err
		}
		l.KeptFor, l.KeptUntil = id, until.Truncate(time.Millisecond)
		return r.Post.Queue(ctx, tx, post.Mail{
			ID: fmt.Sprintf("%s/%s/%s/%d", mailOffer, l.ID, id, l.KeptUntil.UnixMilli()), Kind: mailOffer, Detail: fmt.Sprintf("%s %s %d", l.ID, id, l.KeptUntil.UnixMilli()), To: w.Email,
		})
	}
}

// passOn offers what was kept for somebody who didn't buy it to the next, or to all.
func (r *Resale) passOn(ctx context.Context) error {
	due, err := listings(ctx, r.DB.Read(), `where kept_for <> '' and state = 'open' and kept_until <= $1 order by kept_until, id limit $2`, r.Now().UnixMilli(), atOnce)
	if err != nil {
		return err
	}
	var all []error
	for i := range due {
		all = append(all, r.passOnOne(ctx, &due[i]))
	}
	return errors.Join(all...)
}

func (r *Resale) passOnOne(ctx context.Context, l *Listing) error {
	shop, err := r.Catalog.Shop(ctx, l.Event)
	if err != nil || shop.Resale == nil {
		return err // Look ends it
	}
	free, err := r.Stock.FreeAside(ctx, l.Event)
	if err != nil || !free[l.pool()] {
		return err // whoever it is kept for is buying it
	}
	err = r.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		now, err := touch(ctx, tx, l.ID)
		if err != nil || now.State != Open || now.KeptFor != l.KeptFor || !now.KeptUntil.Equal(l.KeptUntil) {
			return err
		}
		if shop.Resale.WaitlistFirst {
			err = r.keepFor(ctx, tx, &now, shop.Resale)
		} else {
			now.KeptFor, now.KeptUntil = "", time.Time{}
		}
		if err != nil {
			return err
		}
		until := int64(0)
		if now.KeptFor != "" {
			until = now.KeptUntil.UnixMilli()
		}
		_, err = tx.ExecContext(ctx, `update resale_listing set kept_for = $2, kept_until = $3 where id = $1`, l.ID, now.KeptFor, until)
		return err
	})
	return r.wakes(stored(err, "offering a ticket to the next"))
}

// Claim gives the listing that a mailed link is to, while it is kept for whom it was
// mailed to; fault.Expired afterwards.
func (r *Resale) Claim(ctx context.Context, link string) (Listing, error) {
	l, err := r.claimed(ctx, link)
	if err != nil {
		return l, err
	}
	if l.State != Open || !r.Now().Before(l.KeptUntil) {
		return l, fault.New(fault.Expired, "this offer is over")
	}
	return l, nil
}

// claimed gives the listing that a link is to.
func (r *Resale) claimed(ctx context.Context, link string) (Listing, error) {
	id, given, _ := strings.Cut(link, ".")
	l, err := r.Listing(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return l, badLink()
	}
	if err != nil {
		return l, err
	}
	waiter, until := l.KeptFor, l.KeptUntil
	if waiter == "" {
		return l, fault.New(fault.Expired, "this offer is over")
	}
	want, err := r.offerToken(ctx, id, waiter, until)
	if err != nil {
		return l, err
	}
	if !hmac.Equal([]byte(given), []byte(want)) {
		return l, fault.New(fault.Expired, "this offer is over, or the link isn't whole")
	}
	return l, nil
}

// offerToken is what opens one offer of a listing to somebody who waits. It follows from
// the server's secret, so nothing of it is kept.
func (r *Resale) offerToken(ctx context.Context, listing, waiter string, until time.Time) (string, error) {
	return r.token(ctx, fmt.Sprintf("usher-resale-offer-v1/%s/%s/%d", listing, waiter, until.UnixMilli()))
}

func (r *Resale) leaveToken(ctx context.Context, w *Waiter) (string, error) {
	return r.token(ctx, fmt.Sprintf("usher-resale-wait-v1/%s", w.ID))
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
