package vault

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"usher/crypto/keyring"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

type publicKey = ed25519.PublicKey

// Roles of private keys. The root's is no role of the ring.
const (
	roleRoot    = "root"
	roleIssuer  = "issuer"
	roleJournal = "journal"
)

// secret is a private key as it rests.
type secret struct {
	kid   keyring.KeyID
	role  string
	event string
	epoch uint64
	kept  []byte // sealed, or the bare seed in demo data
}

func insertSecret(ctx context.Context, q sqldb.Queryer, s secret, at time.Time) error {
	_, err := q.ExecContext(ctx, `insert into secret (kid, role, event, epoch, kept, created_at) values ($1, $2, $3, $4, $5, $6)`,
		s.kid.String(), s.role, s.event, int64(s.epoch), s.kept, at.UnixMilli())
	if err != nil {
		return fmt.Errorf("keeping %s key %s: %w", s.role, s.kid, err)
	}
	return nil
}

// secretInUse asks for the key that is in use for a role of an event.
const secretInUse = `select kid, epoch, kept from secret where event = $1 and role = $2 and retired_at is null`

// findSecret reads the key that is in use for a role of an event.
func findSecret(ctx context.Context, q sqldb.Queryer, role, event string) (secret, error) {
	s := secret{role: role, event: event}
	var kid string
	err := q.QueryRowContext(ctx, secretInUse, event, role).Scan(&kid, &s.epoch, &s.kept)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return s, s.missing()
	case err != nil:
		return s, s.unread(err)
	}
	return s, s.named(kid)
}

// askSecret is findSecret by Tx.Later: find gives what was found after the flush.
func askSecret(ctx context.Context, tx *sqldb.Tx, role, event string) (find func() (secret, error), err error) {
	s := &secret{role: role, event: event}
	var kid string
	var found bool
	err = tx.Later(ctx, sqldb.Call{Query: secretInUse, Args: []any{event, role}, Each: sqldb.One(&found, &kid, &s.epoch, &s.kept), Wrap: s.unread})
	return func() (secret, error) {
		if !found {
			return *s, s.missing()
		}
		return *s, s.named(kid)
	}, err
}

func (s *secret) missing() error {
	if s.role == roleRoot {
		return fault.New(fault.NotReady, "the vault has no keys yet: unlock it first")
	}
	return fault.New(fault.NotFound, "event %s has no %s key: there is no such event here", s.event, s.role)
}

func (s *secret) unread(err error) error {
	return fmt.Errorf("reading the %s key of event %s: %w", s.role, s.event, err)
}

// named takes the key's id in.
func (s *secret) named(kid string) (err error) {
	if s.kid, err = keyring.ParseKeyID(kid); err != nil {
		return fault.Wrap(fault.Internal, err, "the %s key of event %s has a damaged id", s.role, s.event)
	}
	return nil
}

// open turns a key at rest into one in memory.
func (s secret) open(a *access) (*keyring.Signer, error) {
	if !a.unsealed {
		signer, err := keyring.Open(a.passphrase, s.kept, s.kid)
		switch {
		case errors.Is(err, keyring.ErrPassphrase):
			return nil, fault.Wrap(fault.Forbidden, err, "wrong passphrase: it doesn't open the %s key %s", s.role, s.kid)
		case err != nil:
			return nil, fault.Wrap(fault.Internal, err, "the %s key %s is damaged", s.role, s.kid)
		}
		return signer, nil
	}
	signer, err := keyring.FromSeed(s.kept)
	if err == nil && signer.ID() != s.kid {
		err = fmt.Errorf("inside is key %s", signer.ID())
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the %s key %s is damaged", s.role, s.kid)
	}
	return signer, nil
}

// keep makes what rests of a key.
func (v *Vault) keep(s *keyring.Signer, a *access) ([]byte, error) {
	if a.unsealed {
		return s.Seed(), nil
	}
	v.randMu.Lock()
	defer v.randMu.Unlock()
	return keyring.Seal(v.rand, a.passphrase, s, v.params)
}

// access gives how the vault was unlocked, fault.NotReady when it wasn't.
func (v *Vault) access() (*access, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.unlocked {
		return nil, fault.New(fault.NotReady, "the keys are locked: unlock them with their passphrase first")
	}
	return &access{passphrase: v.passphrase, unsealed: v.unsealed}, nil
}

// signer gives the opened key, opening it at first need.
func (v *Vault) signer(s secret) (*keyring.Signer, error) {
	a, err := v.access()
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if have, ok := v.open[s.kid]; ok {
		return have, nil
	}
	opened, err := s.open(a)
	if err != nil {
		return nil, err
	}
	v.open[s.kid] = opened
	return opened, nil
}

// remember puts a key that was just made among the opened ones. Should its
// transaction fail, nothing in the database leads to it.
func (v *Vault) remember(s *keyring.Signer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open[s.ID()] = s
}
