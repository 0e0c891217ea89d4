package vault_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/vault"
	"usher/sync/fault"
	"usher/sync/journal"
)

const (
	night = "NIGHT-1"
	other = "NIGHT-2"
)

var (
	start      = time.Date(2026, 7, 11, 18, 0, 0, 0, time.UTC)
	expires    = start.Add(1000 * time.Hour)
	passphrase = []byte("correct horse battery staple")
)

func locked(db *sqldb.DB) *vault.Vault {
	return vault.New(db, rand.Reader, func() time.Time { return start }, "Test Organiser").Cheap()
}

func unlocked(t *testing.T, db *sqldb.DB) *vault.Vault {
	t.Helper()
	v := locked(db)
	if err := v.Unlock(t.Context(), passphrase); err != nil {
		t.Fatal(err)
	}
	return v
}

func each(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, test)
}

func create(t *testing.T, db *sqldb.DB, v *vault.Vault, event string) *keyring.SignedRing {
	t.Helper()
	var ring *keyring.SignedRing
	inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		ring, err = v.CreateEvent(ctx, tx, event, expires)
		return err
	})
	return ring
}

func inTx(t *testing.T, db *sqldb.DB, do func(context.Context, *sqldb.Tx) error) {
	t.Helper()
	if err := db.InTx(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

func issuer(t *testing.T, v *vault.Vault, event string) *keyring.Signer {
	t.Helper()
	s, err := v.Issuer(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantKind(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: %v, want %s", what, err, kind)
	}
}

func TestUnlock(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		v := locked(db)
		_, err := v.Ring(t.Context())
		wantKind(t, "the ring of an empty vault", err, fault.NotReady)
		_, err = v.Chain(t.Context())
		wantKind(t, "the chain of an empty vault", err, fault.NotReady)
		wantKind(t, "an empty passphrase", v.Unlock(t.Context(), nil), fault.BadInput)
		if err := v.Unlock(t.Context(), passphrase); err != nil {
			t.Fatal(err)
		}
		create(t, db, v, night)
		key := issuer(t, v, night).ID()

		again := locked(db)
		_, err = again.Issuer(t.Context(), night)
		wantKind(t, "a key of a locked vault", err, fault.NotReady)
		err = again.Unlock(t.Context(), []byte("wrong"))
		wantKind(t, "a wrong passphrase", err, fault.Forbidden)
		if !strings.Contains(fault.Message(err), "wrong passphrase") {
			t.Errorf("a wrong passphrase is told as %q", fault.Message(err))
		}
		_, err = again.Issuer(t.Context(), night)
		wantKind(t, "a key after a wrong passphrase", err, fault.NotReady)
		if err := again.Unlock(t.Context(), passphrase); err != nil {
			t.Fatal(err)
		}
		if got := issuer(t, again, night).ID(); got != key {
			t.Errorf("after unlocking again the issuing key is %s, was %s", got, key)
		}
		wantKind(t, "sealed keys as demo data", again.UnlockUnsealed(t.Context()), fault.Forbidden)
	})
}

func TestUnlockUnsealedIsForEver(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		v := locked(db)
		if err := v.UnlockUnsealed(t.Context()); err != nil {
			t.Fatal(err)
		}
		create(t, db, v, night)
		again := locked(db)
		err := again.Unlock(t.Context(), passphrase)
		wantKind(t, "a passphrase for demo data", err, fault.Refused)
		if !strings.Contains(fault.Message(err), "demo data") {
			t.Errorf("told as %q", fault.Message(err))
		}
		if err := again.UnlockUnsealed(t.Context()); err != nil {
			t.Fatal(err)
		}
		if issuer(t, again, night).ID() != issuer(t, v, night).ID() {
			t.Error("the issuing keys differ")
		}
	})
}

// Neither a seed nor the passphrase is anywhere in the files of a sealed vault.
func TestSealedAtRest(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		v := unlocked(t, db)
		create(t, db, v, night)
		author, err := v.Author(t.Context(), night)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := db.Read().QueryContext(t.Context(), `select kept from secret`)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		n := 0
		for ; rows.Next(); n++ {
			var kept []byte
			if err := rows.Scan(&kept); err != nil {
				t.Fatal(err)
			}
			for _, secret := range [][]byte{issuer(t, v, night).Seed(), author.Signer.Seed(), passphrase} {
				if bytes.Contains(kept, secret) {
					t.Error("a secret lies open in the database")
				}
			}
		}
		if n != 3 || rows.Err() != nil {
			t.Errorf("%d keys, %v; want root, issuer and journal", n, rows.Err())
		}
	})
}

// Keys are opened when they are needed, since each costs its stretching.
func TestOpensLazily(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		v := unlocked(t, db)
		for i := range 5 {
			create(t, db, v, fmt.Sprint("E-", i))
		}
		again := unlocked(t, db)
		if n := again.Opened(); n != 1 {
			t.Errorf("%d keys are open after unlocking, want the root", n)
		}
		for range 3 {
			issuer(t, again, "E-3")
		}
		if n := again.Opened(); n != 2 {
			t.Errorf("%d keys are open after one was used", n)
		}
	})
}

func TestCreateEvent(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		v := unlocked(t, db)
		ring := create(t, db, v, night)
		create(t, db, v, other)
		author, err := v.Author(t.Context(), night)
		if err != nil {
			t.Fatal(err)
		}
		for id, role := range map[keyring.KeyID]keyring.Role{issuer(t, v, night).ID(): keyring.RoleIssuer, author.Signer.ID(): keyring.RoleJournal} {
			key, ok := ring.Ring.Key(id)
			if !ok || key.Role != role || !key.For(night) || key.For(other) || len(key.Events) != 1 {
				t.Errorf("the %s key in the ring: %+v", role, key)
			}
			if !key.ValidAt(start.Add(-time.Hour).Unix()) || !key.ValidAt(expires.Unix()-1) || key.ValidAt(expires.Unix()) {
				t.Errorf("the %s key is good from %d to %d", role, key.NotBefore, key.Expires)
			}
		}
		if author.Epoch != 0 || issuer(t, v, night).ID() == issuer(t, v, other).ID() {
			t.Error("two events share a key, or a journal begins late")
		}
		for name, c := range map[string]struct {
			event string
			want  fault.Kind
		}{"again": {night, fault.Exists}, "a bad code": {"night 1", fault.BadInput}} {
			err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
				_, err := v.CreateEvent(ctx, tx, c.event, expires)
				return err
			})
			wantKind(t, name, err, c.want)
		}
		_, err = v.Issuer(t.Context(), "NONE")
		wantKind(t, "the issuer of no event", err, fault.NotFound)
		_, err = v.Author(t.Context(), "NONE")
		wantKind(t, "the author of no event", err, fault.NotFound)
	})
}

// Inside a transaction that made an event its keys are there already; when the
// transaction fails they never were.
func TestCreateEventBelongsToTheTransaction(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		v := unlocked(t, db)
		failed := errors.New("something after it failed")
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			if _, err := v.CreateEvent(ctx, tx, night, expires); err != nil {
				return err
			}
			if _, err := v.AuthorIn(ctx, tx, night); err != nil {
				return err
			}
			if _, err := v.IssuerIn(ctx, tx, night); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		_, err = v.Issuer(t.Context(), night)
		wantKind(t, "after the transaction failed", err, fault.NotFound)
		if ring := create(t, db, v, night); ring.Ring.Seq != 2 {
			t.Errorf("the next ring has number %d", ring.Ring.Seq)
		}
	})
}

// The same key drawn twice is put aside the second time.
func TestCollidingKeysAreDrawnAgain(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		v := locked(db)
		if err := v.UnlockUnsealed(t.Context()); err != nil {
			t.Fatal(err)
		}
		seed := func(n byte) []byte { return bytes.Repeat([]byte{n}, keyring.SeedSize) }
		v.Draw(bytes.NewReader(bytes.Join([][]byte{seed(1), seed(1), seed(1), seed(2)}, nil)))
		ring := create(t, db, v, night)
		if n := len(ring.Ring.Keys); n != 2 {
			t.Errorf("%d keys in the ring", n)
		}
		v.Draw(bytes.NewReader(bytes.Repeat(seed(1), 100)))
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := v.CreateEvent(ctx, tx, other, expires)
			return err
		})
		wantKind(t, "randomness that always gives the same", err, fault.Internal)
	})
}

func TestBeginEpoch(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		v := unlocked(t, db)
		create(t, db, v, night)
		create(t, db, v, other)
		var author *journal.Author
		inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) (err error) {
			author, err = v.BeginEpoch(ctx, tx, night)
			return err
		})
		again, err := v.Author(t.Context(), night)
		if err != nil || author.Epoch != 1 || again.Epoch != 1 {
			t.Errorf("epochs %d and %d, %v", author.Epoch, again.Epoch, err)
		}
		if a, err := v.Author(t.Context(), other); err != nil || a.Epoch != 0 {
			t.Errorf("the other event: %v, %v", a, err)
		}
	})
}

// Two processes unlock new data at once, then make events at once: one root, one
// chain.
func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	const processes, events = 4, 3
	dbs := make([]*sqldb.DB, processes)
	vaults := make([]*vault.Vault, processes)
	for i := range vaults {
		db, err := sqldb.OpenSQLite(t.Context(), path, sqldb.Options{BusyTimeout: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := migrations.Up(t.Context(), db, migrations.Server); err != nil {
			t.Fatal(err)
		}
		dbs[i], vaults[i] = db, locked(db)
	}
	var group sync.WaitGroup
	errs := make([]error, processes)
	for i, v := range vaults {
		group.Go(func() {
			errs[i] = v.Unlock(t.Context(), passphrase)
			for n := 0; n < events && errs[i] == nil; n++ {
				errs[i] = dbs[i].InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
					_, err := v.CreateEvent(ctx, tx, fmt.Sprintf("E-%d-%d", i, n), expires)
					return err
				})
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	chain, err := vaults[0].Chain(t.Context())
	if err != nil || len(chain) != 1+processes*events {
		t.Fatalf("%d rings, %v", len(chain), err)
	}
	pins, err := vaults[1].Pins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := chain[0].VerifyPinned(pins); err != nil {
		t.Error(err)
	}
	if _, err := keyring.Walk(chain[0], chain[1:]...); err != nil {
		t.Error(err)
	}
	// What one process made another one uses.
	if issuer(t, vaults[0], "E-3-2").ID() != issuer(t, vaults[3], "E-3-2").ID() {
		t.Error("two processes sign with different keys")
	}
}
