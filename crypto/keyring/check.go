package keyring

import (
	"bytes"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// check refuses a ring that must not exist, whoever signed it. Lists have to be
// in the order that sorted gives.
func (r Ring) check() error {
	if err := r.checkHead(); err != nil {
		return err
	}
	if err := r.checkRoots(); err != nil {
		return err
	}
	return r.checkKeys()
}

func (r Ring) checkHead() error {
	switch {
	case r.Seq == 0:
		return errors.New("ring number is 0, the first is 1")
	case (r.Previous == nil) != (r.Seq == 1):
		return fmt.Errorf("ring %d: only the first ring, and every other, has to name no ring before it", r.Seq)
	case r.Organiser == "" || len(r.Organiser) > MaxOrganiser || !printable(r.Organiser):
		return fmt.Errorf("organiser %.120q: want 1 to %d bytes of printable text", r.Organiser, MaxOrganiser)
	}
	return checkSpan("ring", r.IssuedAt, r.Expires)
}

func printable(text string) bool {
	for _, c := range text {
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			return false
		}
	}
	return true
}

func checkSpan(what string, from, until int64) error {
	if from < 0 || until > MaxTime || from >= until {
		return fmt.Errorf("%s is good from %d until %d: want 0 ≤ from < until ≤ %d (Unix seconds)",
			what, from, until, int64(MaxTime))
	}
	return nil
}

func (r Ring) checkRoots() error {
	if n := len(r.Roots); n == 0 || n > MaxRoots {
		return fmt.Errorf("ring has %d roots, want 1 to %d", n, MaxRoots)
	}
	if r.Threshold < 1 || r.Threshold > len(r.Roots) {
		return fmt.Errorf("threshold is %d of %d roots", r.Threshold, len(r.Roots))
	}
	ids := make(map[KeyID]bool, len(r.Roots))
	for i, root := range r.Roots {
		id := IDOf(root)
		if err := CheckPublic(root); err != nil {
			return fmt.Errorf("root %s: %w", id, err)
		}
		if i > 0 && bytes.Compare(r.Roots[i-1], root) > 0 {
			return fmt.Errorf("root %s is not in sorted order", id)
		}
		if ids[id] {
			return fmt.Errorf("two roots have the id %s", id)
		}
		ids[id] = true
	}
	return nil
}

func (r Ring) checkKeys() error {
	if len(r.Keys) > MaxKeys {
		return fmt.Errorf("ring has %d keys, want at most %d", len(r.Keys), MaxKeys)
	}
	for i, key := range r.Keys {
		if err := key.check(); err != nil {
			return fmt.Errorf("key %s: %w", key.ID, err)
		}
		if i > 0 {
			switch bytes.Compare(r.Keys[i-1].ID[:], key.ID[:]) {
			case 0:
				return fmt.Errorf("two keys have the id %s", key.ID)
			case 1:
				return fmt.Errorf("key %s is not in sorted order", key.ID)
			}
		}
		for _, root := range r.Roots {
			if IDOf(root) == key.ID {
				return fmt.Errorf("key %s is a root: roots sign rings and nothing else", key.ID)
			}
		}
	}
	return nil
}

func (k Key) check() error {
	if err := CheckPublic(k.Public); err != nil {
		return err
	}
	if k.ID != IDOf(k.Public) {
		return fmt.Errorf("its public key has the id %s", IDOf(k.Public))
	}
	if k.Role < RoleIssuer || k.Role > RoleEnrolment {
		return fmt.Errorf("unknown %s", k.Role)
	}
	if k.State > Revoked {
		return fmt.Errorf("unknown %s", k.State)
	}
	if err := k.checkEvents(); err != nil {
		return err
	}
	return checkSpan("key", k.NotBefore, k.Expires)
}

func (k Key) checkEvents() error {
	if n := len(k.Events); n == 0 || n > MaxEvents {
		return fmt.Errorf("key is for %d events, want 1 to %d", n, MaxEvents)
	}
	for i, code := range k.Events {
		if err := CheckEvent(code); err != nil {
			return err
		}
		if i > 0 && k.Events[i-1] >= code {
			return fmt.Errorf("event %s is named twice or not in sorted order", code)
		}
	}
	return nil
}
