package vault

import (
	"context"
	"fmt"

	"usher/crypto/keyring"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Rotate gives the event a new issuing key. The old one signs no more and keeps
// verifying until it expires or is revoked.
func (v *Vault) Rotate(ctx context.Context, tx *sqldb.Tx, event string) (keyring.Key, *keyring.SignedRing, error) {
	var made keyring.Key
	ring, err := v.next(ctx, tx, func(ring *keyring.Ring) error {
		old, err := findSecret(ctx, tx, roleIssuer, event)
		if err != nil {
			return err
		}
		before, ok := ring.Key(old.kid)
		if !ok {
			return fault.New(fault.Internal, "issuing key %s of event %s is missing in the key ring", old.kid, event)
		}
		if err := v.retire(ctx, tx, old.kid); err != nil {
			return err
		}
		made, err = v.add(ctx, tx, ring, keyring.RoleIssuer, event, before.Expires)
		return err
	})
	return made, ring, err
}

func (v *Vault) retire(ctx context.Context, tx *sqldb.Tx, kid keyring.KeyID) error {
	_, err := tx.ExecContext(ctx, `update secret set retired_at = $1 where kid = $2`, v.now().UnixMilli(), kid.String())
	if err != nil {
		return fmt.Errorf("retiring key %s: %w", kid, err)
	}
	return nil
}

// SetState changes how far an issuing key is believed. The key that signs now
// has to be rotated out first, and a revoked key stays revoked: fault.Refused. A
// key that is in the state already gives the newest ring and changes nothing.
func (v *Vault) SetState(ctx context.Context, tx *sqldb.Tx, kid keyring.KeyID, state keyring.State) (*keyring.SignedRing, error) {
	last, err := newestRing(ctx, tx)
	if err != nil {
		return nil, err
	}
	key, ok := last.Ring.Key(kid)
	if !ok {
		return nil, fault.New(fault.NotFound, "no key %s in the key ring", kid)
	}
	if key.State == state {
		return last, nil
	}
	return v.next(ctx, tx, func(ring *keyring.Ring) error {
		for i := range ring.Keys {
			if ring.Keys[i].ID != kid {
				continue
			}
			if err := mayTurn(ctx, tx, ring.Keys[i], state); err != nil {
				return err
			}
			ring.Keys[i].State = state
		}
		return nil
	})
}

func mayTurn(ctx context.Context, q sqldb.Queryer, key keyring.Key, state keyring.State) error {
	if key.Role != keyring.RoleIssuer {
		return fault.New(fault.Refused, "key %s is the %s key of its event: only issuing keys can be made %s", key.ID, key.Role, state)
	}
	if key.State == keyring.Revoked {
		return fault.New(fault.Refused, "key %s is revoked, and stays so", key.ID)
	}
	signing, err := findSecret(ctx, q, roleIssuer, key.Events[0])
	if err != nil {
		return err
	}
	if signing.kid == key.ID {
		return fault.New(fault.Refused, "key %s signs the tickets of event %s now: rotate it first", key.ID, key.Events[0])
	}
	return nil
}
