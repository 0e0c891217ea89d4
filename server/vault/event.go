package vault

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"
	"time"

	"usher/crypto/keyring"
	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/guests"
	"usher/sync/journal"
	"usher/sync/sealed"
	"usher/sync/staff"
)

const (
	// early is how long before it is made a key counts as good, so that a gate
	// whose clock is behind takes it. It gives a thief nothing: what bounds a
	// stolen key is its state.
	early = 24 * time.Hour
	// draws is how many keys may collide before something is wrong with the
	// randomness: even in a full ring a single collision is one in four million.
	draws = 8
)

// CreateEvent makes the issuing key and the journal key of a new event, good
// until expires, and the ring that has them. fault.Exists when the event has
// keys.
func (v *Vault) CreateEvent(ctx context.Context, tx *sqldb.Tx, event string, expires time.Time) (*keyring.SignedRing, error) {
	if err := keyring.CheckEvent(event); err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "the keys of an event can't be made: its code is wrong")
	}
	return v.next(ctx, tx, func(ring *keyring.Ring) error {
		for _, k := range ring.Keys {
			if k.For(event) {
				return fault.New(fault.Exists, "event %s has keys already", event)
			}
		}
		for _, role := range []keyring.Role{keyring.RoleIssuer, keyring.RoleJournal} {
			if _, err := v.add(ctx, tx, ring, role, event, expires.Unix()); err != nil {
				return err
			}
		}
		return nil
	})
}

// add draws a key, keeps it and puts it into the ring.
func (v *Vault) add(ctx context.Context, tx *sqldb.Tx, ring *keyring.Ring, role keyring.Role, event string, expires int64) (keyring.Key, error) {
	how, err := v.access()
	if err != nil {
		return keyring.Key{}, err
	}
	signer, err := v.drawFor(ring)
	if err != nil {
		return keyring.Key{}, fmt.Errorf("making the %s key of event %s: %w", role, event, err)
	}
	kept, err := v.keep(signer, how)
	if err != nil {
		return keyring.Key{}, fmt.Errorf("making the %s key of event %s: %w", role, event, err)
	}
	if err := insertSecret(ctx, tx, secret{kid: signer.ID(), role: role.String(), event: event, kept: kept}, v.now()); err != nil {
		return keyring.Key{}, err
	}
	v.remember(signer)
	key := keyring.Key{
		ID: signer.ID(), Public: signer.Public(), Role: role, Events: []string{event},
		NotBefore: max(0, v.now().Add(-early).Unix()), Expires: expires,
	}
	ring.Keys = append(ring.Keys, key)
	return key, nil
}

// drawFor draws a key whose id is free in the ring.
func (v *Vault) drawFor(ring *keyring.Ring) (*keyring.Signer, error) {
	for range draws {
		signer, err := v.draw()
		if err != nil {
			return nil, err
		}
		_, taken := ring.Key(signer.ID())
		root := slices.ContainsFunc(ring.Roots, func(pub ed25519.PublicKey) bool { return keyring.IDOf(pub) == signer.ID() })
		if !taken && !root {
			return signer, nil
		}
	}
	return nil, fault.New(fault.Internal, "%d keys in a row had ids that are taken: the source of randomness is broken", draws)
}

// Extend makes the event's keys good until expires, where they would end
// earlier. It gives no ring when there is nothing to do.
func (v *Vault) Extend(ctx context.Context, tx *sqldb.Tx, event string, expires time.Time) (*keyring.SignedRing, error) {
	last, err := newestRing(ctx, tx)
	if err != nil {
		return nil, err
	}
	short := func(k keyring.Key) bool {
		return k.For(event) && k.State != keyring.Revoked && k.Expires < expires.Unix()
	}
	if !slices.ContainsFunc(last.Ring.Keys, short) {
		return nil, nil
	}
	return v.next(ctx, tx, func(ring *keyring.Ring) error {
		for i := range ring.Keys {
			if short(ring.Keys[i]) {
				ring.Keys[i].Expires = expires.Unix()
			}
		}
		return nil
	})
}

// Issuer gives the key that signs the event's tickets now. fault.NotFound for an
// event without keys, fault.NotReady while the vault is locked.
func (v *Vault) Issuer(ctx context.Context, event string) (*keyring.Signer, error) {
	return v.IssuerIn(ctx, v.db.Read(), event)
}

// IssuerIn is Issuer as q sees it: inside a transaction that made the event.
func (v *Vault) IssuerIn(ctx context.Context, q sqldb.Queryer, event string) (*keyring.Signer, error) {
	s, err := findSecret(ctx, q, roleIssuer, event)
	if err != nil {
		return nil, err
	}
	return v.signer(s)
}

// AskIssuer is IssuerIn by Tx.Later: the function gives the key after the flush.
func (v *Vault) AskIssuer(ctx context.Context, tx *sqldb.Tx, event string) (func() (*keyring.Signer, error), error) {
	find, err := askSecret(ctx, tx, roleIssuer, event)
	return func() (*keyring.Signer, error) {
		s, err := find()
		if err != nil {
			return nil, err
		}
		return v.signer(s)
	}, err
}

// Author gives who writes the server's journal of the event. Errors are those
// of Issuer.
func (v *Vault) Author(ctx context.Context, event string) (*journal.Author, error) {
	return v.AuthorIn(ctx, v.db.Read(), event)
}

// AuthorIn is Author as q sees it: inside a transaction that made the event.
func (v *Vault) AuthorIn(ctx context.Context, q sqldb.Queryer, event string) (*journal.Author, error) {
	s, err := findSecret(ctx, q, roleJournal, event)
	if err != nil {
		return nil, err
	}
	return v.author(s)
}

// AskAuthor is AuthorIn by Tx.Later: the function gives the author after the flush.
func (v *Vault) AskAuthor(ctx context.Context, tx *sqldb.Tx, event string) (func() (*journal.Author, error), error) {
	find, err := askSecret(ctx, tx, roleJournal, event)
	return func() (*journal.Author, error) {
		s, err := find()
		if err != nil {
			return nil, err
		}
		return v.author(s)
	}, err
}

func (v *Vault) author(s secret) (*journal.Author, error) {
	signer, err := v.signer(s)
	if err != nil {
		return nil, err
	}
	return &journal.Author{Signer: signer, Epoch: s.epoch}, nil
}

// GuestKeyIn gives the event's guest key as q sees the event: the key that the
// names at the gates are sealed with. It follows from the journal key, so there is
// nothing more to keep.
func (v *Vault) GuestKeyIn(ctx context.Context, q sqldb.Queryer, event string) (guests.Key, error) {
	author, err := v.AuthorIn(ctx, q, event)
	if err != nil {
		return guests.Key{}, err
	}
	return GuestKey(author, event)
}

// GuestKey is GuestKeyIn for who has the author already.
func GuestKey(author *journal.Author, event string) (guests.Key, error) {
	return listKey(author, event, "usher-guests-v1/", "guest")
}

// StaffKeyIn gives the event's staff key likewise: the key that the staff list at
// the gates is sealed with.
func (v *Vault) StaffKeyIn(ctx context.Context, q sqldb.Queryer, event string) (staff.Key, error) {
	author, err := v.AuthorIn(ctx, q, event)
	if err != nil {
		return staff.Key{}, err
	}
	return listKey(author, event, "usher-staff-v1/", "staff")
}

func listKey(author *journal.Author, event, label, what string) (sealed.Key, error) {
	key, err := author.Signer.Derive(label + event)
	if err != nil {
		return sealed.Key{}, fault.Wrap(fault.Internal, err, "can't make the %s key of event %s", what, event)
	}
	return key, nil
}

// BeginEpoch makes the server's journal of the event go on in its next epoch:
// for data restored from a backup, when others hold records that these data have
// lost.
func (v *Vault) BeginEpoch(ctx context.Context, tx *sqldb.Tx, event string) (*journal.Author, error) {
	_, err := tx.ExecContext(ctx, `update secret set epoch = epoch + 1 where event = $1 and role = $2 and retired_at is null`,
		event, roleJournal)
	if err != nil {
		return nil, fmt.Errorf("beginning an epoch of the journal of event %s: %w", event, err)
	}
	return v.AuthorIn(ctx, tx, event)
}
