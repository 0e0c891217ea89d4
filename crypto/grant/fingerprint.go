package grant

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Fingerprint is the SHA-256 of the certificate of a device's own authority, which
// phones that open its door page have to trust. The zero Fingerprint is none.
type Fingerprint [sha256.Size]byte

// ReadFingerprint gives the fingerprint in a record; none where that holds none.
func ReadFingerprint(b []byte) (f Fingerprint) {
	if len(b) == len(f) {
		copy(f[:], b)
	}
	return f
}

// IsZero reports whether there is none.
func (f Fingerprint) IsZero() bool { return f == Fingerprint{} }

// String gives the fingerprint as phones write it: pairs of hexadecimal digits; "" for
// none.
func (f Fingerprint) String() string {
	if f.IsZero() {
		return ""
	}
	pairs := make([]string, len(f))
	for i, b := range f {
		pairs[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(pairs, " ")
}

// MarshalText is [Fingerprint.String].
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what [Fingerprint.MarshalText] writes.
func (f *Fingerprint) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(strings.ReplaceAll(string(text), " ", ""))
	if err != nil || len(b) != len(f) && len(b) != 0 {
		return fmt.Errorf("%.100q is no fingerprint: want %d pairs of hexadecimal digits", text, len(f))
	}
	*f = Fingerprint{}
	copy(f[:], b)
	return nil
}
