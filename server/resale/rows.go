package resale

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

const columns = `id, event, ticket, state, offer, product, name, names, home, seat, face, price, seller_fee, buyer_fee, fee_tax, currency,
	seller_order, seller_name, seller_email, own, account, language, made_at, changed_at, why, kept_for, kept_until, buyer_order, bought_back,
	payout, card, hand, hand_paid, hand_at, hand_how`

func scan(row func(...any) error) (l Listing, err error) {
	var id string
	var made, changed, kept, hand int64
	err = row(&l.ID, &l.Event, &id, &l.State, &l.Offer, &l.Product, &l.Name, &l.Names, &l.Home, &l.Seat, &l.Face, &l.Price, &l.Kept, &l.OnTop, &l.FeeTax, &l.Currency,
		&l.SellerOrder, &l.SellerName, &l.SellerEmail, &l.Own, &l.Account, &l.Language, &made, &changed, &l.Why, &l.KeptFor, &kept, &l.BuyerOrder, &l.BoughtBack,
		&l.Payout, &l.Card, &l.Hand, &l.HandPaid, &hand, &l.HandHow)
	if err != nil {
		return l, err
	}
	l.Made, l.Changed, l.KeptUntil, l.HandAt = instant(made), instant(changed), instant(kept), instant(hand)
	if l.Ticket, err = ticket.ParseID(id); err != nil {
		return l, fault.Wrap(fault.Internal, err, "listing %s in the database is damaged", l.ID)
	}
	return l, nil
}

// instant reads Unix milliseconds; 0 is the zero time.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func (l *Listing) insert(ctx context.Context, tx *sqldb.Tx) error {
	_, err := tx.ExecContext(ctx, `insert into resale_listing (`+columns+`)
		values ($1, $2, $3, 'open', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $22, '', '', 0, '', 0, '', 0, 0, 0, 0, '')`,
		l.ID, l.Event, l.Ticket.String(), l.Offer, l.Product, l.Name, flag(l.Names), l.Home, l.Seat, l.Face, l.Price, l.Kept, l.OnTop, l.FeeTax, l.Currency,
		l.SellerOrder, l.SellerName, l.SellerEmail, flag(l.Own), l.Account, l.Language, l.Made.UnixMilli())
	return err
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

// listings reads several.
func listings(ctx context.Context, q sqldb.Queryer, where string, args ...any) (list []Listing, err error) {
	rows, err := q.QueryContext(ctx, `select `+columns+` from resale_listing `+where, args...)
	if err != nil {
		return nil, stored(err, "reading listings")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		l, err := scan(rows.Scan)
		if err != nil {
			return nil, stored(err, "reading listings")
		}
		list = append(list, l)
	}
	return list, stored(rows.Err(), "reading listings")
}

// one reads the listing that is looked for; fault.NotFound when there is none.
func one(ctx context.Context, q sqldb.Queryer, where string, args ...any) (Listing, error) {
	list, err := listings(ctx, q, where, args...)
	if err != nil {
		return Listing{}, err
	}
	if len(list) == 0 {
		return Listing{}, fault.New(fault.NotFound, "there is no such listing")
	}
	return list[0], nil
}

// Listing gives a listing by its id.
func (r *Resale) Listing(ctx context.Context, id string) (Listing, error) {
	return one(ctx, r.DB.Read(), `where id = $1`, id)
}

// touch gives a listing that nobody else changes until tx is over.
func touch(ctx context.Context, tx *sqldb.Tx, id string) (Listing, error) {
	l, err := scan(tx.QueryRowContext(ctx, `update resale_listing set changed_at = changed_at where id = $1 returning `+columns, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return l, fault.New(fault.NotFound, "there is no such listing")
	}
	return l, stored(err, "changing a listing")
}

// Of gives the newest listing of a ticket, and whether it has one. Of those that were
// made at the same instant the open one is the newest.
func (r *Resale) Of(ctx context.Context, event string, id ticket.ID) (Listing, bool, error) {
	l, err := one(ctx, r.DB.Read(), `where event = $1 and ticket = $2 order by made_at desc, case state when 'open' then 0 else 1 end, id desc limit 1`, event, id.String())
	if fault.KindOf(err) == fault.NotFound {
		return l, false, nil
	}
	return l, err == nil, err
}

// in writes a list of parameters that begin after those before, and gives both.
func in[T ~string](list []T, before ...any) (places string, args []any) {
	args = before
	names := make([]string, len(list))
	for i, v := range list {
		args = append(args, string(v))
		names[i] = fmt.Sprintf("$%d", len(args))
	}
	return strings.Join(names, ", "), args
}

// stored gives a failed statement a kind; faults pass as they are.
func stored(err error, doing string) error {
	var known *fault.Error
	var kind fault.Kind
	switch {
	case err == nil || errors.As(err, &known) || errors.As(err, &kind):
		return err
	case sqldb.IsBusy(err):
		return fault.Wrap(fault.Unavailable, err, "%s: the database is busy", doing)
	case sqldb.IsFull(err):
		return fault.Wrap(fault.Unavailable, err, "%s: the disk is full or can't be written to", doing)
	}
	return fault.Wrap(fault.Internal, err, "%s failed", doing)
}
