package resale

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/post"
	"usher/sync/fault"
)

// keepFor keeps a listing that is in the database for the first who waits, wasn't offered
// it before and isn't its seller, and mails them how to buy it. Where nobody is left it is
// for everybody. What is offered is over when the time to sell on is.
func (r *Resale) keepFor(ctx context.Context, tx *sqldb.Tx, l *Listing, shop *catalog.Shop) error {
	now := r.Now().UTC()
	until := now.Add(shop.Resale.OfferFor()).Truncate(time.Millisecond)
	if over := time.Unix(min(shop.Resale.Until, shop.About.Ends), 0).UTC(); over.Before(until) {
		until = over
	}
	w, err := r.next(ctx, tx, l)
	if err != nil {
		return err
	}
	if w.ID == "" {
		l.KeptFor, l.KeptUntil = "", time.Time{}
		_, err := tx.ExecContext(ctx, `update resale_listing set kept_for = '', kept_until = 0 where id = $1`, l.ID)
		return err
	}
	l.KeptFor, l.KeptUntil = w.ID, until
	if _, err := tx.ExecContext(ctx, `update resale_listing set kept_for = $2, kept_until = $3 where id = $1`, l.ID, w.ID, until.UnixMilli()); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `insert into resale_offer (listing, waiter, made_at) values ($1, $2, $3)`, l.ID, w.ID, now.UnixMilli()); err != nil {
		return err
	}
	return r.Post.Queue(ctx, tx, post.Mail{
		ID: fmt.Sprintf("%s/%s/%s", mailOffer, l.ID, w.ID), Kind: mailOffer, Detail: fmt.Sprintf("%s %s %d", l.ID, w.ID, until.UnixMilli()), To: w.Email,
	})
}

// next takes the next on the waiting list to whom a listing may be offered; with no ID
// there is none.
func (r *Resale) next(ctx context.Context, tx *sqldb.Tx, l *Listing) (w Waiter, err error) {
	for {
		var id string
		err := tx.QueryRowContext(ctx, `select id from resale_wait w where event = $1 and remaining > 0 and email <> $2
			and not exists (select 1 from resale_offer o where o.listing = $3 and o.waiter = w.id) order by made_at, id limit 1`,
			l.Event, strings.ToLower(l.SellerEmail), l.ID).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return w, nil
		}
		if err != nil {
			return w, stored(err, "looking who waits")
		}
		w, err = scanWaiter(tx.QueryRowContext(ctx, `update resale_wait set remaining = remaining - 1, changed_at = $2 where id = $1 and remaining > 0 returning `+waitColumns,
			id, r.Now().UnixMilli()).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			continue // they were offered another at the same moment, or have left
		}
		return w, stored(err, "offering a ticket to who waits")
	}
}

// passOn offers what was kept for somebody who didn't buy it to the next, or to all.
func (r *Resale) passOn(ctx context.Context) error {
	due, err := listings(ctx, r.DB.Read(), `where kept_for <> '' and state = 'open' and kept_until <= $1 order by kept_until, id limit $2`, r.Now().UnixMilli(), atOnce)
	if err != nil {
		return err
	}
	var all []error
	free := map[string]map[string]bool{} // the pools of each event
	for i := range due {
		l := &due[i]
		if free[l.Event] == nil {
			if free[l.Event], err = r.Stock.FreeAside(ctx, l.Event); err != nil {
				return errors.Join(append(all, err)...)
			}
		}
		if free[l.Event][l.pool()] { // else whoever it is kept for is buying it
			all = append(all, r.passOnOne(ctx, l))
		}
	}
	return errors.Join(all...)
}

func (r *Resale) passOnOne(ctx context.Context, l *Listing) error {
	shop, err := r.Catalog.Shop(ctx, l.Event)
	if err != nil || r.closed(shop.About, shop) != "" {
		return err // Look ends it
	}
	err = r.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		now, err := touch(ctx, tx, l.ID)
		if err != nil || now.State != Open || now.KeptFor != l.KeptFor || !now.KeptUntil.Equal(l.KeptUntil) {
			return err // another server was faster
		}
		if shop.Resale.WaitlistFirst {
			return r.keepFor(ctx, tx, &now, shop)
		}
		_, err = tx.ExecContext(ctx, `update resale_listing set kept_for = '', kept_until = 0 where id = $1`, l.ID)
		return err
	})
	return r.wakes(stored(err, "offering a ticket to the next"))
}

// releaseIn gives whoever a listing is kept for, which ended or was bought by somebody
// else, their place on the waiting list back, and tells them: the offer was good still, and
// it was no fault of theirs.
func (r *Resale) releaseIn(ctx context.Context, tx *sqldb.Tx, l *Listing) error {
	if l.KeptFor == "" || !r.Now().Before(l.KeptUntil) {
		return nil
	}
	_, err := tx.ExecContext(ctx, `update resale_wait set remaining = remaining + 1, changed_at = $2 where id = $1 and remaining < wanted`, l.KeptFor, r.Now().UnixMilli())
	if err != nil {
		return stored(err, "giving somebody their place on the waiting list back")
	}
	w, err := r.waiter(ctx, tx, l.KeptFor)
	if err != nil {
		return err
	}
	return r.Post.Queue(ctx, tx, post.Mail{ID: fmt.Sprintf("%s/%s/%s", mailGone, l.ID, w.ID), Kind: mailGone, Detail: l.ID + " " + w.ID, To: w.Email})
}

// isOffered says whether an order was begun after a listing was offered to whom it is kept
// for: then it is theirs, as nobody else could begin one.
func isOffered(ctx context.Context, tx *sqldb.Tx, l *Listing, begun time.Time) (theirs bool, err error) {
	err = tx.QueryRowContext(ctx, `select made_at <= $3 from resale_offer where listing = $1 and waiter = $2`, l.ID, l.KeptFor, begun.UnixMilli()).Scan(&theirs)
	return theirs, stored(err, "looking what was offered")
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
