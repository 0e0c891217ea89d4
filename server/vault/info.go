package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"usher/crypto/keyring"
)

// Info says what the vault has of a key, without the key.
type Info struct {
	ID        keyring.KeyID `json:"id"`
	Role      string        `json:"role"`            // root, issuer, journal
	Event     string        `json:"event,omitempty"` // none for the root
	State     string        `json:"state"`           // active, roster-only, revoked
	Signs     bool          `json:"signs"`           // false: it was rotated out
	Created   time.Time     `json:"created"`
	NotBefore time.Time     `json:"not_before,omitzero"`
	Expires   time.Time     `json:"expires,omitzero"`
}

// Keys lists the keys: the root, then by event, role and age.
func (v *Vault) Keys(ctx context.Context) (list []Info, err error) {
	ring, err := v.Ring(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := v.db.Read().QueryContext(ctx,
		`select kid, role, event, created_at, retired_at is null from secret order by event, role, created_at, kid`)
	if err != nil {
		return nil, fmt.Errorf("listing the keys: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var info Info
		var kid string
		var created int64
		if err := rows.Scan(&kid, &info.Role, &info.Event, &created, &info.Signs); err != nil {
			return nil, fmt.Errorf("listing the keys: %w", err)
		}
		if info.ID, err = keyring.ParseKeyID(kid); err != nil {
			return nil, fmt.Errorf("listing the keys: %w", err)
		}
		info.Created = time.UnixMilli(created).UTC()
		info.describe(ring)
		list = append(list, info)
	}
	return list, rows.Err()
}

// describe adds what the ring says of the key.
func (i *Info) describe(ring *keyring.SignedRing) {
	i.State = keyring.Active.String()
	if key, ok := ring.Ring.Key(i.ID); ok {
		i.State = key.State.String()
		i.NotBefore = time.Unix(key.NotBefore, 0).UTC()
		i.Expires = time.Unix(key.Expires, 0).UTC()
	}
}

// Demo says whether the database is marked as demo data, whose keys rest bare.
// It is false before the first Unlock made any keys.
func (v *Vault) Demo(ctx context.Context) (bool, error) {
	unsealed, err := v.marked(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return unsealed, err
}

// Unlocked says whether the keys can be used.
func (v *Vault) Unlocked() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.unlocked
}
