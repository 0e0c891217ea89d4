package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"usher/crypto/keyring"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// ringLife is how long a ring is good at least. A ring also outlives each of its
// keys, so that it is never the ring that stops a key from being used.
const ringLife = 2 * 365 * 24 * time.Hour

func insertRing(ctx context.Context, q sqldb.Queryer, r *keyring.SignedRing) error {
	_, err := q.ExecContext(ctx, `insert into ring (seq, signed, issued_at) values ($1, $2, $3)`,
		int64(r.Ring.Seq), r.Bytes(), r.Ring.IssuedAt*1000)
	if err != nil {
		return fmt.Errorf("keeping ring %d: %w", r.Ring.Seq, err)
	}
	return nil
}

func newestRing(ctx context.Context, q sqldb.Queryer) (*keyring.SignedRing, error) {
	var signed []byte
	err := q.QueryRowContext(ctx, `select signed from ring order by seq desc limit 1`).Scan(&signed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotReady, "the vault has no keys yet: unlock it first")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the newest key ring: %w", err)
	}
	return parseKept(signed)
}

func parseKept(signed []byte) (*keyring.SignedRing, error) {
	r, err := keyring.ParseSigned(signed)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a key ring in the database is damaged")
	}
	return r, nil
}

// Ring gives the newest ring. It needs no unlocking, but a vault that was
// unlocked once: fault.NotReady otherwise, as with Chain, Keys and Pins.
func (v *Vault) Ring(ctx context.Context) (*keyring.SignedRing, error) {
	return newestRing(ctx, v.db.Read())
}

// Chain gives all rings, oldest first.
func (v *Vault) Chain(ctx context.Context) ([]*keyring.SignedRing, error) {
	chain, err := v.ChainAfter(ctx, v.db.Read(), 0)
	if err == nil && len(chain) == 0 {
		return nil, fault.New(fault.NotReady, "the vault has no keys yet: unlock it first")
	}
	return chain, err
}

// ChainAfter gives the rings with numbers over seq, oldest first, as q sees them.
func (v *Vault) ChainAfter(ctx context.Context, q sqldb.Queryer, seq uint64) (chain []*keyring.SignedRing, err error) {
	rows, err := q.QueryContext(ctx, `select signed from ring where seq > $1 order by seq`, int64(seq))
	if err != nil {
		return nil, fmt.Errorf("reading the key rings: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var signed []byte
		if err := rows.Scan(&signed); err != nil {
			return nil, fmt.Errorf("reading the key rings: %w", err)
		}
		r, err := parseKept(signed)
		if err != nil {
			return nil, err
		}
		chain = append(chain, r)
	}
	return chain, rows.Err()
}

// Pins gives what gates pin when they are enrolled: the roots of the newest ring.
func (v *Vault) Pins(ctx context.Context) (keyring.Pins, error) {
	r, err := v.Ring(ctx)
	if err != nil {
		return nil, err
	}
	return keyring.PinsOf(r.Ring.Roots), nil
}

// next signs and keeps the ring that follows the newest one, after change was
// applied to a copy of it. Its first act is to touch the vault's row, so that
// rivals wait.
func (v *Vault) next(ctx context.Context, tx *sqldb.Tx, change func(*keyring.Ring) error) (*keyring.SignedRing, error) {
	if _, err := v.access(); err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `update vault set ring_seq = ring_seq + 1 where only_row = 1`); err != nil {
		return nil, fmt.Errorf("beginning a new key ring: %w", err)
	}
	root, err := v.root(ctx, tx)
	if err != nil {
		return nil, err
	}
	last, err := newestRing(ctx, tx)
	if err != nil {
		return nil, err
	}
	ring := v.after(last)
	if err := change(&ring); err != nil {
		return nil, err
	}
	for _, k := range ring.Keys {
		ring.Expires = max(ring.Expires, k.Expires)
	}
	signed, err := ring.Sign(root)
	if err != nil {
		return nil, fault.Wrap(fault.Refused, err, "key ring %d can't be made", ring.Seq)
	}
	return signed, insertRing(ctx, tx, signed)
}

func (v *Vault) root(ctx context.Context, q sqldb.Queryer) (*keyring.Signer, error) {
	s, err := findSecret(ctx, q, roleRoot, "")
	if err != nil {
		return nil, err
	}
	return v.signer(s)
}

// Derive gives a secret that only the holder of the root key can make, the same for
// ever, another for each label (keyring.Signer.Derive).
func (v *Vault) Derive(ctx context.Context, label string) ([32]byte, error) {
	root, err := v.root(ctx, v.db.Read())
	if err != nil {
		return [32]byte{}, err
	}
	return root.Derive(label)
}

// after gives the ring that follows last and says the same. Time never runs back
// along the chain, whatever the clock does.
func (v *Vault) after(last *keyring.SignedRing) keyring.Ring {
	ring, hash := last.Ring, last.Hash()
	now := v.now()
	ring.Seq++
	ring.Previous = &hash
	ring.IssuedAt = max(now.Unix(), last.Ring.IssuedAt)
	ring.Expires = max(now.Add(ringLife).Unix(), last.Ring.Expires)
	ring.Keys = append([]keyring.Key(nil), last.Ring.Keys...)
	return ring
}
