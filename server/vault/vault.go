// Package vault keeps the organiser's private keys and publishes their public
// halves as a chain of signed rings.
//
// # Keys
//
// There is one root key, which signs rings and nothing else, and for each event
// an issuing key, which signs its tickets, and a journal key, which signs what
// the server says to its gates. No key is used for a second event. Every key's
// id is unlike those of all others of the ring: one that collides is drawn
// again.
//
// # At rest
//
// Private keys lie in the database sealed under a passphrase ([keyring.Seal]).
// [Vault.Unlock] checks the passphrase against the root key; the others are
// opened when they are first needed, since each costs a quarter of a second on
// purpose. Only demo data keeps its keys bare, see [Vault.UnlockUnsealed], and
// stays marked as demo data for ever.
//
// # The ring
//
// Every change of keys is a new ring that names the one before and is signed by
// the root; numbers only go up, and no ring is ever dropped from the chain.
// [Vault.Rotate] gives an event a new issuing key while the old one keeps
// verifying; a revoked key stays revoked.
//
// # Several processes
//
// Nothing about the state of keys is remembered in memory but the opened keys
// themselves, by id: which key signs is read from the database each time. So
// two processes on one database agree, and a rotation by one is used by the
// other at once.
package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"usher/crypto/keyring"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Vault gives out the keys of one database. It may be used by several goroutines.
type Vault struct {
	db        *sqldb.DB
	now       func() time.Time
	organiser string
	params    keyring.Params

	randMu sync.Mutex
	rand   io.Reader

	mu         sync.Mutex // of what follows; held while a key is opened, which bounds the memory that takes
	open       map[keyring.KeyID]*keyring.Signer
	unlocked   bool
	unsealed   bool
	passphrase []byte
}

// New gives the vault of a migrated database; it is locked. The organiser's name
// is written into the rings of a new vault, 1 to keyring.MaxOrganiser bytes.
func New(db *sqldb.DB, rand io.Reader, now func() time.Time, organiser string) *Vault {
	return &Vault{
		db: db, rand: rand, now: now, organiser: organiser, params: keyring.DefaultParams,
		open: make(map[keyring.KeyID]*keyring.Signer),
	}
}

// Unlock makes the keys usable. The first use on a database creates the root key
// and the first ring. A wrong passphrase gives fault.Forbidden; demo data, whose
// keys no passphrase protects, give fault.Refused.
func (v *Vault) Unlock(ctx context.Context, passphrase []byte) error {
	if len(passphrase) == 0 {
		return fault.New(fault.BadInput, "the passphrase of the keys is empty")
	}
	return v.unlock(ctx, &access{passphrase: slices.Clone(passphrase)})
}

// UnlockUnsealed makes the keys of demo data usable, which rest bare in the
// database. It marks a new database as demo data for ever. A database whose keys
// are sealed gives fault.Forbidden.
func (v *Vault) UnlockUnsealed(ctx context.Context) error {
	return v.unlock(ctx, &access{unsealed: true})
}

// access is how an unlocking wants to reach the keys.
type access struct {
	passphrase []byte
	unsealed   bool
}

func (v *Vault) unlock(ctx context.Context, a *access) error {
	have, err := v.marked(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		if err := v.found(ctx, a); err != nil {
			return fmt.Errorf("making the first keys: %w", err)
		}
		have, err = v.marked(ctx)
	}
	if err != nil {
		return fmt.Errorf("reading the vault: %w", err)
	}
	switch {
	case have && !a.unsealed:
		return fault.New(fault.Refused, "these are demo data: their keys rest unsealed for ever, and a passphrase would protect nothing; sell real tickets from new data")
	case !have && a.unsealed:
		return fault.New(fault.Forbidden, "the keys of these data are sealed: their passphrase is needed")
	}
	return v.admit(ctx, a)
}

// admit opens the root key, the proof that the passphrase is right, and checks
// that it is the root of the newest ring.
func (v *Vault) admit(ctx context.Context, a *access) error {
	row, err := findSecret(ctx, v.db.Read(), roleRoot, "")
	if err != nil {
		return err
	}
	root, err := row.open(a)
	if err != nil {
		return err
	}
	ring, err := newestRing(ctx, v.db.Read())
	if err != nil {
		return err
	}
	if err := ring.VerifyPinned(keyring.PinsOf([]publicKey{root.Public()})); err != nil {
		return fault.Wrap(fault.Internal, err, "the newest key ring was not signed by this vault's root key")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.unlocked, v.unsealed, v.passphrase = true, a.unsealed, a.passphrase
	v.open[root.ID()] = root
	return nil
}

// marked says whether the database is marked as demo data.
func (v *Vault) marked(ctx context.Context) (unsealed bool, err error) {
	var mark int
	err = v.db.Read().QueryRowContext(ctx, `select unsealed from vault where only_row = 1`).Scan(&mark)
	return mark != 0, err
}

// found makes the root key and the first ring. Of several processes that try at
// once, one succeeds and the others find its work.
func (v *Vault) found(ctx context.Context, a *access) error {
	root, err := v.draw()
	if err != nil {
		return err
	}
	kept, err := v.keep(root, a)
	if err != nil {
		return err
	}
	at := v.now()
	first, err := keyring.Ring{
		Seq: 1, Organiser: v.organiser, IssuedAt: at.Unix(), Expires: at.Add(ringLife).Unix(),
		Roots: []publicKey{root.Public()}, Threshold: 1,
	}.Sign(root)
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "the first key ring of organiser %.100q can't be made", v.organiser)
	}
	return v.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		done, err := tx.ExecContext(ctx, `insert into vault (only_row, organiser, unsealed, ring_seq, created_at)
			values (1, $1, $2, 1, $3) on conflict do nothing`, v.organiser, number(a.unsealed), at.UnixMilli())
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := insertSecret(ctx, tx, secret{kid: root.ID(), role: roleRoot, kept: kept}, at); err != nil {
			return err
		}
		return insertRing(ctx, tx, first)
	})
}

// draw makes a new private key.
func (v *Vault) draw() (*keyring.Signer, error) {
	v.randMu.Lock()
	defer v.randMu.Unlock()
	return keyring.Generate(v.rand)
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
