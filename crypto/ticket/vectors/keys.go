package vectors

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
)

// key is an issuing key as a file writes it.
type key struct {
	name string
	kid  keyring.KeyID // as stated, which may be a lie
	keyring.Key
}

type wireKey struct {
	Name       string         `json:"name"`
	Pub        string         `json:"pub"`
	Kid        *keyring.KeyID `json:"kid"`
	Aud        oneOrMore      `json:"aud"`
	NotBefore  *int64         `json:"nbf"`
	Expires    *int64         `json:"exp"`
	Revoked    bool           `json:"revoked"`
	RosterOnly bool           `json:"roster_only"`
	State      string         `json:"state"`
	Role       string         `json:"role"`
	Seed       string         `json:"seed"` // for who makes vectors
	Note       string         `json:"note"`
}

// oneOrMore is a text or a list of texts.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]string)(o))
	}
	*o = make([]string, 1)
	return json.Unmarshal(b, &(*o)[0])
}

// parseKeys reads a list of keys. A text in it names one of the known keys.
func parseKeys(value json.RawMessage, known []key) ([]key, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(value, &list); err != nil {
		return nil, err
	}
	keys := make([]key, len(list))
	for i, raw := range list {
		var err error
		if keys[i], err = parseKey(raw, known); err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
	}
	return keys, nil
}

func parseKey(raw json.RawMessage, known []key) (key, error) {
	if raw[0] == '"' {
		var name string
		if err := json.Unmarshal(raw, &name); err != nil {
			return key{}, err
		}
		at := slices.IndexFunc(known, func(k key) bool { return k.name == name })
		if at < 0 {
			return key{}, fmt.Errorf("no key is named %q", name)
		}
		return known[at], nil
	}
	var w wireKey
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return key{}, err
	}
	return w.key()
}

func (w wireKey) key() (key, error) {
	pub, err := hex.DecodeString(w.Pub)
	if err != nil || len(pub) != ed25519.PublicKeySize {
		return key{}, fmt.Errorf("pub %.80q: want 64 hex digits", w.Pub)
	}
	id := keyring.IDOf(pub)
	k := key{name: w.Name, kid: id, Key: keyring.Key{
		ID: id, Public: pub, Events: w.Aud, Expires: keyring.MaxTime,
	}}
	if w.Kid != nil {
		k.kid = *w.Kid
	}
	if w.NotBefore != nil {
		k.NotBefore = *w.NotBefore
	}
	if w.Expires != nil {
		k.Expires = *w.Expires
	}
	if k.State, err = w.state(); err != nil {
		return key{}, err
	}
	k.Role, err = w.role()
	return k, err
}

func (w wireKey) state() (keyring.State, error) {
	switch {
	case w.Revoked || w.State == keyring.Revoked.String():
		return keyring.Revoked, nil
	case w.RosterOnly || w.State == keyring.RosterOnly.String():
		return keyring.RosterOnly, nil
	case w.State == "" || w.State == keyring.Active.String():
		return keyring.Active, nil
	}
	return 0, fmt.Errorf("unknown state %q", w.State)
}

func (w wireKey) role() (keyring.Role, error) {
	if w.Role == "" {
		return keyring.RoleIssuer, nil
	}
	for _, role := range []keyring.Role{keyring.RoleIssuer, keyring.RoleJournal, keyring.RoleEnrolment} {
		if w.Role == role.String() {
			return role, nil
		}
	}
	return 0, fmt.Errorf("unknown role %q", w.Role)
}

// ring holds the keys of a context that a ring could hold: a key under an id that
// is not its own, and two under one id, can't be in any ring, so no ticket of
// theirs is good.
type ring map[keyring.KeyID]keyring.Key

var _ ticket.Keys = ring(nil)

func (c context) ring() ring {
	r := make(ring, len(c.keys))
	seen := make(map[keyring.KeyID]int, len(c.keys))
	for _, k := range c.keys {
		if seen[k.ID]++; seen[k.ID] > 1 || k.kid != k.ID {
			delete(r, k.ID)
			continue
		}
		r[k.ID] = k.Key
	}
	return r
}

// Key finds a key by its id.
func (r ring) Key(id keyring.KeyID) (keyring.Key, bool) {
	k, ok := r[id]
	return k, ok
}
