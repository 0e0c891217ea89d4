package ticket

import (
	"encoding/hex"
	"fmt"

	"usher/crypto/crockford"
)

// ID is a ticket's id (cti): random, and the same for life.
type ID [8]byte

// shortSymbols is the length of a short code: 13 symbols of the id, one to check.
const shortSymbols = 14

// String gives the id as 16 lower-case hex digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads the form of [ID.String].
func ParseID(text string) (ID, error) {
	var id ID
	err := id.UnmarshalText([]byte(text))
	return id, err
}

// MarshalText writes the form of [ID.String].
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the form of [ID.String]: lower-case hex, nothing else.
func (id *ID) UnmarshalText(text []byte) error {
	var parsed ID
	if len(text) != hex.EncodedLen(len(parsed)) {
		return fmt.Errorf("ticket id %.20q has %d characters, want 16 hex digits", text, len(text))
	}
	if _, err := hex.Decode(parsed[:], text); err != nil || parsed.String() != string(text) {
		return fmt.Errorf("ticket id %q: want 16 lower-case hex digits", text)
	}
	*id = parsed
	return nil
}

// Short gives the code that a person can type where no camera works: Crockford
// Base32 in groups of 4, 4 and 5 symbols, and a check symbol. It carries no
// signature, so it counts only where the roster knows the id.
func (id ID) Short() string {
	symbols := crockford.Encode(id[:])
	return crockford.Group(symbols+string(crockford.Check(symbols)), 4, 4, 5)
}

// ParseShort reads a short code as typed: in any case, with hyphens and spaces
// anywhere, O for 0, I and L for 1. One wrong symbol or two swapped ones are
// noticed.
func ParseShort(text string) (ID, error) {
	symbols, err := crockford.Clean(text, shortSymbols)
	if err != nil {
		return ID{}, fmt.Errorf("short code: %w", err)
	}
	if len(symbols) != shortSymbols {
		return ID{}, fmt.Errorf("short code: it has %d symbols, want %d", len(symbols), shortSymbols)
	}
	if !crockford.Checked(symbols) {
		return ID{}, fmt.Errorf("short code: mistyped, its last symbol doesn't fit")
	}
	b, err := crockford.Decode(symbols[:shortSymbols-1], len(ID{}))
	if err != nil {
		return ID{}, fmt.Errorf("short code: %w", err)
	}
	return ID(b), nil
}
