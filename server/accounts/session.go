package accounts

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// maxOrders bounds the orders whose links were opened in one browser.
const maxOrders = 50

// Session is a browser that somebody has their tickets in.
type Session struct {
	ID     string   // what its owner knows it by; it opens nothing
	Email  string   // that was proved; "" where none was
	Orders []string // ids of orders that were opened by their link
	Agent  string   // what the browser calls itself
	Made   time.Time
	Seen   time.Time // to the hour
	Noted  bool      // it was noted just now that it is used: its cookie may last as long again
}

// ErrSignedOut is what a browser without a session is told, in a fault.Unauthorised.
var ErrSignedOut = errors.New("no session")

func signedOut() error {
	return fault.Wrap(fault.Unauthorised, ErrSignedOut, "you are not signed in here")
}

// Open has a browser hold the tickets of an order whose link it has. As with Enter it
// gets a new secret, and its session before is over; what that opened is open still.
func (a *Accounts) Open(ctx context.Context, order, prior, agent string) (s Session, secret string, err error) {
	raw, err := a.draw(secretSize)
	if err != nil {
		return Session{}, "", err
	}
	secret = secretText(raw)
	err = a.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		before, err := a.endIn(ctx, tx, prior)
		if err != nil {
			return err
		}
		orders := slices.DeleteFunc(before.Orders, func(id string) bool { return id == order })
		orders = append(orders, order)
		orders = orders[max(0, len(orders)-maxOrders):]
		s, err = a.beginIn(ctx, tx, secret, Session{Email: before.Email, Orders: orders, Agent: agent})
		return err
	})
	if err != nil {
		return Session{}, "", stored(err, "opening an order's tickets")
	}
	return s, secret, nil
}

// beginIn keeps a new session, and forgets those that nobody has used for long.
func (a *Accounts) beginIn(ctx context.Context, tx *sqldb.Tx, secret string, s Session) (Session, error) {
	raw, err := a.draw(8)
	if err != nil {
		return s, err
	}
	orders, err := json.Marshal(s.Orders)
	if err != nil {
		return s, fault.Wrap(fault.Internal, err, "a session's orders can't be written")
	}
	now := a.Now()
	s.ID, s.Made, s.Seen = hex.EncodeToString(raw), now, now
	s.Agent = strings.ToValidUTF8(s.Agent[:min(len(s.Agent), maxAgent)], "")
	if _, err := tx.ExecContext(ctx, `delete from wallet_session where seen_at < $1`, now.Add(-Idle).UnixMilli()); err != nil {
		return s, err
	}
	_, err = tx.ExecContext(ctx, `insert into wallet_session (id, secret, email, orders, agent, made_at, seen_at, challenge, answer_by)
		values ($1, $2, $3, $4, $5, $6, $6, '', 0)`, s.ID, hashOf(secret), s.Email, string(orders), s.Agent, now.UnixMilli())
	return s, err
}

// endIn ends the session of a secret, and gives what it was; the zero session where
// there is none, or it is over.
func (a *Accounts) endIn(ctx context.Context, tx *sqldb.Tx, secret string) (Session, error) {
	if secret == "" {
		return Session{}, nil
	}
	s, err := scanSession(tx.QueryRowContext(ctx, `delete from wallet_session where secret = $1 returning `+sessionColumns, hashOf(secret)).Scan)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Session{}, nil
	case err != nil:
		return Session{}, err
	case a.over(&s):
		return Session{}, nil
	}
	return s, nil
}

const sessionColumns = `id, email, orders, agent, made_at, seen_at`

func scanSession(scan func(...any) error) (s Session, err error) {
	var orders string
	var made, seen int64
	if err := scan(&s.ID, &s.Email, &orders, &s.Agent, &made, &seen); err != nil {
		return s, err
	}
	s.Made, s.Seen = time.UnixMilli(made).UTC(), time.UnixMilli(seen).UTC()
	return s, json.Unmarshal([]byte(orders), &s.Orders)
}

// over says whether the session was left alone for too long.
func (a *Accounts) over(s *Session) bool { return a.Now().Sub(s.Seen) > Idle }

// Session gives the session of a secret, or fault.Unauthorised. It is one even where it
// can't be noted that it is used: then the next request notes it.
func (a *Accounts) Session(ctx context.Context, secret string) (Session, error) {
	if secret == "" {
		return Session{}, signedOut()
	}
	s, err := scanSession(a.DB.Read().QueryRowContext(ctx, `select `+sessionColumns+` from wallet_session where secret = $1`, hashOf(secret)).Scan)
	if errors.Is(err, sql.ErrNoRows) || err == nil && a.over(&s) {
		return Session{}, signedOut()
	}
	if err != nil {
		return Session{}, stored(err, "reading a session")
	}
	if now := a.Now(); now.Sub(s.Seen) >= seenEvery {
		if err := a.DB.Exec(ctx, `update wallet_session set seen_at = $2 where id = $1`, s.ID, now.UnixMilli()); err != nil {
			a.Log.WarnContext(ctx, "it can't be noted that a session is used", "error", err)
			return s, nil
		}
		s.Seen, s.Noted = now, true
	}
	return s, nil
}

// Sessions lists where somebody is signed in: with the same address as s, s among
// them, the one used last first. Without an address s is the only one.
func (a *Accounts) Sessions(ctx context.Context, s Session) (list []Session, err error) {
	if s.Email == "" {
		return []Session{s}, nil
	}
	rows, err := a.DB.Read().QueryContext(ctx, `select `+sessionColumns+` from wallet_session where email = $1 and seen_at >= $2 order by seen_at desc, id`,
		s.Email, a.Now().Add(-Idle).UnixMilli())
	if err != nil {
		return nil, stored(err, "listing sessions")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one, err := scanSession(rows.Scan)
		if err != nil {
			return nil, stored(err, "listing sessions")
		}
		list = append(list, one)
	}
	return list, stored(rows.Err(), "listing sessions")
}

// End ends a session by its id: s itself, or another of the same address. Of one that
// is over, or somebody else's, it says nothing.
func (a *Accounts) End(ctx context.Context, s Session, id string) error {
	err := a.DB.Exec(ctx, `delete from wallet_session where id = $1 and ($1 = $2 or $3 <> '' and email = $3)`, id, s.ID, s.Email)
	return stored(err, "ending a session")
}

// Challenge draws what the session's browser is to sign next, to show that it has a
// key. It is good once.
func (a *Accounts) Challenge(ctx context.Context, s Session) (string, error) {
	raw, err := a.draw(secretSize)
	if err != nil {
		return "", err
	}
	challenge := secretText(raw)
	err = a.DB.Exec(ctx, `update wallet_session set challenge = $2, answer_by = $3 where id = $1`,
		s.ID, hashOf(challenge), a.Now().Add(ChallengeLife).UnixMilli())
	return challenge, stored(err, "keeping a challenge")
}

// Answered uses the session's challenge up; fault.Refused when it isn't this one, or
// is over.
func (a *Accounts) Answered(ctx context.Context, s Session, challenge string) error {
	used := false
	err := a.DB.ExecReturning(ctx, func(rows *sql.Rows) error {
		used = true
		return rows.Scan(new(string))
	}, `update wallet_session set challenge = '' where id = $1 and challenge = $2 and answer_by > $3 returning id`,
		s.ID, hashOf(challenge), a.Now().UnixMilli())
	if err == nil && !used {
		err = fault.At(fault.Refused, "challenge", "this was signed for another time; try again")
	}
	return stored(err, "using a challenge up")
}
