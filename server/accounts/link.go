package accounts

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"usher/migrations/sqldb"
	"usher/server/post"
	"usher/sync/fault"
)

// Ask mails a link to an address. asker is the network address that asks. The answer
// doesn't tell whether anybody has tickets under the address, and neither does what
// it takes: that is found out when the mail is written.
func (a *Accounts) Ask(ctx context.Context, email, language, asker string) error {
	l, err := a.newLink(ctx, email, language)
	if err != nil {
		return err
	}
	now := a.Now()
	err = a.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, `delete from sign_in where asked_at < $1`, now.Add(-remember).UnixMilli()); err != nil {
			return err
		}
		since := now.Add(-time.Hour).UnixMilli()
		asked, err := count(ctx, tx, `select count(*) from sign_in where asker = $1 and asked_at > $2`, asker, since)
		if err != nil {
			return err
		}
		if asked >= perAsker {
			return fault.New(fault.TooMany, "too many links were asked for from here; try again in an hour")
		}
		// Those that stand in letters of ours were not asked for.
		sent, err := count(ctx, tx, `select count(*) from sign_in where email = $1 and asked_at > $2 and asker <> ''`, l.email, since)
		if err != nil {
			return err
		}
		if err := l.keep(ctx, tx, asker, now); err != nil || sent >= perAddress {
			return err
		}
		return a.Post.Queue(ctx, tx, post.Mail{ID: "sign-in/" + l.id, Kind: MailKind, Detail: l.id, To: l.email})
	})
	a.Post.Wake()
	return stored(err, "keeping a link")
}

// Link makes a link for somebody whose mail is being written anyway, and gives its whole
// address. It is as good, and for as long, as one that is asked for.
func (a *Accounts) Link(ctx context.Context, email, language string) (string, error) {
	l, err := a.newLink(ctx, email, language)
	if err != nil {
		return "", err
	}
	err = a.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error { return l.keep(ctx, tx, "", a.Now()) })
	return a.Public(ctx) + Path + l.token, stored(err, "keeping a link")
}

// drawn is a link that is kept nowhere yet.
type drawn struct {
	link
	token string // what it says
}

func (a *Accounts) newLink(ctx context.Context, email, language string) (l drawn, err error) {
	l.language = language
	if l.email, err = Address(email); err != nil {
		return l, err
	}
	raw, err := a.draw(16)
	if err != nil {
		return l, err
	}
	l.id = hex.EncodeToString(raw)
	l.token, err = a.token(ctx, l.id)
	return l, err
}

// keep keeps a link, which is good from now on. asker is the network address that asked
// for it; "" for nobody.
func (l *drawn) keep(ctx context.Context, tx *sqldb.Tx, asker string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `insert into sign_in (id, token, email, language, asker, asked_at, until, used_at) values ($1, $2, $3, $4, $5, $6, $7, 0)`,
		l.id, hashOf(l.token), l.email, l.language, asker, now.UnixMilli(), now.Add(LinkLife).UnixMilli())
	return err
}

func count(ctx context.Context, q sqldb.Queryer, query string, args ...any) (n int, err error) {
	err = q.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}

// token is what the link with an id says.
func (a *Accounts) token(ctx context.Context, id string) (string, error) {
	secret, err := a.Secret(ctx, "usher-sign-in-v1/"+id)
	return secretText(secret[:]), err
}

// Compose writes the mail with a link. It is a post.Composer. There is no mail where
// nobody has tickets under the address, or the link is over.
func (a *Accounts) Compose(ctx context.Context, m post.Mail) (post.Letter, error) {
	l, err := a.linkBy(ctx, `id = $1`, m.Detail)
	if err != nil {
		return post.Letter{}, err
	}
	if err := l.good(a.Now()); err != nil {
		return post.Letter{}, err
	}
	known, err := a.Known(ctx, l.email)
	if err != nil {
		return post.Letter{}, err
	}
	if !known {
		return post.Letter{}, fault.New(fault.Expired, "nobody has tickets under this address")
	}
	token, err := a.token(ctx, l.id)
	if err != nil {
		return post.Letter{}, err
	}
	return a.Letter(Invitation{Language: l.language, Link: a.Public(ctx) + Path + token, Until: l.until})
}

// link is a link as it is kept.
type link struct {
	id, email, language string
	until               time.Time
	used                bool
}

// Messages of links that open nothing. The two that were good once are fault.Expired.
const (
	sayUsed    = "this link was used already; ask for a new one"
	sayOver    = "this link is over; ask for a new one"
	sayUnknown = "this link is none of ours, or part of it is missing"
)

// good says whether the link may be used.
func (l *link) good(now time.Time) error {
	switch {
	case l.used:
		return fault.New(fault.Expired, sayUsed)
	case !now.Before(l.until):
		return fault.New(fault.Expired, sayOver)
	}
	return nil
}

func (a *Accounts) linkBy(ctx context.Context, where, value string) (l link, err error) {
	return scanLink(a.DB.Read().QueryRowContext(ctx, `select `+linkColumns+` from sign_in where `+where, value))
}

const linkColumns = `id, email, language, until, used_at`

func scanLink(row *sql.Row) (l link, err error) {
	var until, used int64
	err = row.Scan(&l.id, &l.email, &l.language, &until, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return l, fault.New(fault.NotFound, sayUnknown)
	}
	l.until, l.used = time.UnixMilli(until).UTC(), used != 0
	return l, stored(err, "reading a link")
}

// Peek gives the address that a link was mailed to, and leaves it good: programs that
// check mail open every link in it, and a person decides on the page.
func (a *Accounts) Peek(ctx context.Context, token string) (email string, err error) {
	l, err := a.linkBy(ctx, `token = $1`, hashOf(token))
	if err != nil {
		return "", err
	}
	return l.email, l.good(a.Now())
}

// Enter uses a link up and signs a browser in: it gets a new secret, and its session
// before, by the secret prior, is over. Orders that were opened in that one are in the
// new one too.
func (a *Accounts) Enter(ctx context.Context, token, prior, agent string) (s Session, secret string, err error) {
	raw, err := a.draw(secretSize)
	if err != nil {
		return Session{}, "", err
	}
	secret = secretText(raw)
	err = a.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		// Of two that use one link at once the second finds it used.
		row := tx.QueryRowContext(ctx, `update sign_in set used_at = used_at where token = $1 returning `+linkColumns, hashOf(token))
		l, err := scanLink(row)
		if err != nil {
			return err
		}
		now := a.Now()
		if err := l.good(now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update sign_in set used_at = $2 where id = $1`, l.id, now.UnixMilli()); err != nil {
			return err
		}
		before, err := a.endIn(ctx, tx, prior)
		if err != nil {
			return err
		}
		s, err = a.beginIn(ctx, tx, secret, Session{Email: l.email, Orders: before.Orders, Agent: agent})
		return err
	})
	if err != nil {
		return Session{}, "", stored(err, "signing in")
	}
	return s, secret, nil
}
