package vault_test

import (
	"context"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/migrations/sqldb"
	"usher/server/vault"
	"usher/sync/fault"
)

func rotate(t *testing.T, db *sqldb.DB, v *vault.Vault, event string) (keyring.Key, *keyring.SignedRing) {
	t.Helper()
	var key keyring.Key
	var ring *keyring.SignedRing
	inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		key, ring, err = v.Rotate(ctx, tx, event)
		return err
	})
	return key, ring
}

func setState(t *testing.T, db *sqldb.DB, v *vault.Vault, kid keyring.KeyID, state keyring.State) (*keyring.SignedRing, error) {
	t.Helper()
	var ring *keyring.SignedRing
	err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) (err error) {
		ring, err = v.SetState(ctx, tx, kid, state)
		return err
	})
	return ring, err
}

func TestRotate(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		v, elsewhere := unlocked(t, db), unlocked(t, db)
		before := create(t, db, v, night)
		old := issuer(t, v, night)
		if issuer(t, elsewhere, night).ID() != old.ID() {
			t.Fatal("two vaults of one database sign with different keys")
		}
		made, ring := rotate(t, db, v, night)
		for _, one := range []*vault.Vault{v, elsewhere} {
			if got := issuer(t, one, night).ID(); got != made.ID || got == old.ID() {
				t.Errorf("tickets are signed with %s, want %s", got, made.ID)
			}
		}
		if err := ring.VerifyAfter(before); err != nil {
			t.Error(err)
		}
		kept, ok := ring.Ring.Key(old.ID())
		if was, _ := before.Ring.Key(old.ID()); !ok || kept.State != keyring.Active || kept.Expires != was.Expires {
			t.Errorf("the old key became %+v", kept)
		}
		if in, ok := ring.Ring.Key(made.ID); !ok || in.Role != keyring.RoleIssuer || !in.For(night) || in.Expires != kept.Expires {
			t.Errorf("the new key is %+v", in)
		}
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			_, _, err := v.Rotate(ctx, tx, "NONE")
			return err
		})
		wantKind(t, "rotating the key of no event", err, fault.NotFound)
	})
}

func TestSetState(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		v := unlocked(t, db)
		first := create(t, db, v, night)
		old := issuer(t, v, night).ID()
		author, err := v.Author(t.Context(), night)
		if err != nil {
			t.Fatal(err)
		}
		_, err = setState(t, db, v, old, keyring.Revoked)
		wantKind(t, "revoking the key that signs", err, fault.Refused)
		_, err = setState(t, db, v, author.Signer.ID(), keyring.Revoked)
		wantKind(t, "revoking the journal key", err, fault.Refused)
		_, err = setState(t, db, v, keyring.KeyID{1, 2, 3, 4}, keyring.Revoked)
		wantKind(t, "revoking no key", err, fault.NotFound)
		if same, err := setState(t, db, v, old, keyring.Active); err != nil || same.Ring.Seq != first.Ring.Seq {
			t.Errorf("a state that a key has gives ring %v, %v", same, err)
		}
		_, last := rotate(t, db, v, night)
		for _, state := range []keyring.State{keyring.RosterOnly, keyring.Active, keyring.RosterOnly, keyring.Revoked} {
			ring, err := setState(t, db, v, old, state)
			if err != nil {
				t.Fatal(err)
			}
			if err := ring.VerifyAfter(last); err != nil {
				t.Error(err)
			}
			if key, _ := ring.Ring.Key(old); key.State != state {
				t.Errorf("the key is %s, want %s", key.State, state)
			}
			last = ring
		}
		for _, state := range []keyring.State{keyring.Active, keyring.RosterOnly} {
			_, err := setState(t, db, v, old, state)
			wantKind(t, "giving a revoked key back", err, fault.Refused)
		}
		if ring, err := v.Ring(t.Context()); err != nil || ring.Hash() != last.Hash() {
			t.Errorf("the newest ring is another one, %v", err)
		}
	})
}

func TestExtend(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		v := unlocked(t, db)
		create(t, db, v, other)
		create(t, db, v, night)
		stolen := issuer(t, v, night).ID()
		rotate(t, db, v, night)
		last, err := setState(t, db, v, stolen, keyring.Revoked)
		if err != nil {
			t.Fatal(err)
		}
		extend := func(until time.Time) (ring *keyring.SignedRing) {
			inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) (err error) {
				ring, err = v.Extend(ctx, tx, night, until)
				return err
			})
			return ring
		}
		if ring := extend(expires); ring != nil {
			t.Error("keys that last long enough give a new ring")
		}
		later := expires.Add(5000 * 24 * time.Hour)
		ring := extend(later)
		if err := ring.VerifyAfter(last); err != nil {
			t.Fatal(err)
		}
		for _, key := range ring.Ring.Keys {
			want := expires.Unix()
			if key.For(night) && key.State == keyring.Active {
				want = later.Unix()
			}
			if key.Expires != want {
				t.Errorf("%s %s key of %v expires at %d, want %d", key.State, key.Role, key.Events, key.Expires, want)
			}
		}
		if ring.Ring.Expires < later.Unix() {
			t.Error("the ring ends before its keys")
		}
	})
}

// A clock that is set back doesn't bring the chain of rings out of order.
func TestClockSetBack(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		first := create(t, db, unlocked(t, db), night)
		v := vault.New(db, noRandomness{t}, func() time.Time { return start.Add(-time.Hour) }, "Another Name").Cheap()
		if err := v.Unlock(t.Context(), passphrase); err != nil {
			t.Fatal(err)
		}
		inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
			ring, err := v.Extend(ctx, tx, night, expires.Add(time.Hour))
			if err != nil {
				return err
			}
			if ring.Ring.Organiser != first.Ring.Organiser {
				t.Errorf("the organiser became %q", ring.Ring.Organiser)
			}
			return ring.VerifyAfter(first)
		})
	})
}

// noRandomness fails a test that draws.
type noRandomness struct{ t *testing.T }

func (n noRandomness) Read([]byte) (int, error) {
	n.t.Error("randomness was drawn")
	return 0, context.Canceled
}

func TestKeys(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		v := unlocked(t, db)
		create(t, db, v, night)
		old := issuer(t, v, night).ID()
		rotate(t, db, v, night)
		if _, err := setState(t, db, v, old, keyring.RosterOnly); err != nil {
			t.Fatal(err)
		}
		list, err := locked(db).Keys(t.Context())
		if err != nil || len(list) != 4 {
			t.Fatalf("%d keys, %v", len(list), err)
		}
		if root := list[0]; root.Role != "root" || root.Event != "" || root.State != "active" || !root.Expires.IsZero() {
			t.Errorf("the root is listed as %+v", root)
		}
		signing := 0
		for _, info := range list[1:] {
			if info.Event != night || !info.Expires.Equal(expires) || !info.Created.Equal(start) {
				t.Errorf("listed: %+v", info)
			}
			if rotated := info.ID == old; rotated != !info.Signs || rotated != (info.State == "roster-only") {
				t.Errorf("listed: %+v", info)
			}
			if info.Signs && info.Role == "issuer" {
				signing++
			}
		}
		if signing != 1 {
			t.Errorf("%d keys sign tickets", signing)
		}
	})
}
