package ticketing

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"usher/crypto/canonical"
	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Binding is the phone that shows a ticket. The ticket has no code of its own then:
// a gate lets it in with a fresh signature of the phone's key and nothing else.
type Binding struct {
	Holder ed25519.PublicKey
	Code   []byte // the signed ticket with the key in it, which the phone presents; see ticket.Present
	Bound  time.Time
}

// Claim is what a phone says that wants to show a ticket from now on.
type Claim struct {
	Holder     ed25519.PublicKey
	Generation uint16 // the ticket's newest, as the phone knows it: the code that becomes void
	TakeOver   bool   // from the phone that shows it now
	Challenge  []byte // what it was asked to sign, which the caller drew and uses up
	Signature  []byte // see ClaimPayload
}

const (
	claimAAD     = "usher-bind-v1"
	maxChallenge = 64
)

// wireClaim is what a phone signs.
type wireClaim struct {
	_          struct{} `cbor:",toarray"`
	Challenge  []byte
	Event      string
	Ticket     []byte
	Generation uint16
}

// ClaimPayload is what a phone signs to have a ticket, as COSE_Sign1 does: over the
// Sig_structure ["Signature1", h'a10127', 'usher-bind-v1', payload].
func ClaimPayload(challenge []byte, event string, id ticket.ID, generation uint16) ([]byte, error) {
	b, err := canonical.Marshal(wireClaim{Challenge: challenge, Event: event, Ticket: id[:], Generation: generation})
	if err != nil {
		return nil, fmt.Errorf("writing a claim: %w", err)
	}
	return b, nil
}

// check says whether the phone has the key, and a key that may be one.
func (c *Claim) check(t *Ticket) error {
	if err := keyring.CheckPublic(c.Holder); err != nil {
		return fault.At(fault.BadInput, "holder", "%v", err)
	}
	if len(c.Challenge) == 0 || len(c.Challenge) > maxChallenge {
		return fault.At(fault.BadInput, "challenge", "it has %d bytes, want 1 to %d", len(c.Challenge), maxChallenge)
	}
	payload, err := ClaimPayload(c.Challenge, t.Event, t.ID, c.Generation)
	if err != nil {
		return err
	}
	if !keyring.Verify(c.Holder, keyring.ProtectedEdDSA, claimAAD, payload, c.Signature) {
		return fault.At(fault.Forbidden, "signature", "the phone has not shown that it has its key")
	}
	return nil
}

// Bind makes a phone the one that shows the ticket: with a new generation that has
// the phone's key in its code. The code before, printed or on another phone, is void
// in the same act. A phone that asks again for what it has gets the same again.
//
// fault.Exists means that another phone shows the ticket, and TakeOver wasn't asked
// for; fault.Refused that it has changed since the phone looked, is in other hands than
// those in which the caller has seen it, or is void.
func (o *Office) Bind(ctx context.Context, t Ticket, c Claim) (Ticket, Binding, error) {
	if err := c.check(&t); err != nil {
		return t, Binding{}, err
	}
	key, err := o.vault.Issuer(ctx, t.Event)
	if err != nil {
		return t, Binding{}, err
	}
	var b Binding
	seen := t
	t, err = o.change(ctx, t, func(ctx context.Context, tx *sqldb.Tx, t *Ticket) (err error) {
		if err := t.SameHands(&seen); err != nil {
			return err
		}
		b, err = o.bindIn(ctx, tx, t, &c, key)
		return err
	})
	return t, b, err
}

func (o *Office) bindIn(ctx context.Context, tx *sqldb.Tx, t *Ticket, c *Claim, key *keyring.Signer) (Binding, error) {
	if t.Bound() {
		now, there, err := bindingOf(ctx, tx, t)
		switch {
		case err != nil || there && t.State == Valid && now.Holder.Equal(c.Holder):
			return now, err
		case there && !c.TakeOver && t.Generation == c.Generation:
			return now, fault.New(fault.Exists, "another phone shows ticket %s since %s", t.ID.Short(), now.Bound.Format(time.RFC3339))
		}
	}
	if t.Generation != c.Generation {
		return Binding{}, fault.New(fault.Refused, "ticket %s has a newer code than this phone knows of; load your tickets again", t.ID.Short())
	}
	b := Binding{Holder: slices.Clone(c.Holder)}
	t.binding = &b
	err := o.renew(ctx, tx, t, key, journal.NoteBound)
	t.binding = nil
	if err != nil {
		return Binding{}, err
	}
	b.Bound = t.Changed
	_, err = tx.ExecContext(ctx, `insert into ticket_binding (event, ticket, generation, holder, code, bound_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (event, ticket) do update set generation = excluded.generation, holder = excluded.holder, code = excluded.code, bound_at = excluded.bound_at`,
		t.Event, t.ID.String(), t.Generation, hex.EncodeToString(b.Holder), hex.EncodeToString(b.Code), b.Bound.UnixMilli())
	return b, stored(err, "binding ticket %s", t.ID.Short())
}

// Bound says whether the ticket is shown by a phone. It has no code to be printed then.
func (t *Ticket) Bound() bool { return t.Token == "" }

// signBound makes the code of a ticket that a phone is to show.
func (t *Ticket) signBound(key *keyring.Signer) (err error) {
	claims := t.claims()
	claims.Holder = t.binding.Holder
	t.Token = ""
	t.binding.Code, err = ticket.IssueBound(claims, key)
	return err
}

// Binding gives the phone that shows a ticket; false where none does.
func (o *Office) Binding(ctx context.Context, t Ticket) (Binding, bool, error) {
	return bindingOf(ctx, o.db.Read(), &t)
}

func bindingOf(ctx context.Context, q sqldb.Queryer, t *Ticket) (b Binding, there bool, err error) {
	var holder, code string
	var at int64
	err = q.QueryRowContext(ctx, `select holder, code, bound_at from ticket_binding where event = $1 and ticket = $2 and generation = $3`,
		t.Event, t.ID.String(), t.Generation).Scan(&holder, &code, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return b, false, nil
	}
	if err == nil {
		b.Holder, err = hex.DecodeString(holder)
	}
	if err == nil {
		b.Code, err = hex.DecodeString(code)
	}
	b.Bound = time.UnixMilli(at).UTC()
	return b, err == nil, stored(err, "reading which phone shows ticket %s", t.ID.Short())
}

// maxHeld bounds the tickets that HeldBy gives.
const maxHeld = 500

// HeldBy gives the tickets of all events that somebody has under an e-mail address,
// in lower case; 500 at most, those first that changed last.
func (o *Office) HeldBy(ctx context.Context, email string) ([]Ticket, error) {
	if email == "" {
		return nil, nil // that many have none is no address of theirs
	}
	return all(ctx, o.db.Read(), `where lower(email) = $1 order by changed_at desc, event, id limit $2`, email, maxHeld)
}

// Holds says whether somebody has tickets under an e-mail address, in lower case.
func (o *Office) Holds(ctx context.Context, email string) (bool, error) {
	var n int
	err := o.db.Read().QueryRowContext(ctx, `select count(*) from (select id from ticket where lower(email) = $1 and email <> '' limit 1) as one`, email).Scan(&n)
	return n > 0, stored(err, "looking who has tickets")
}
