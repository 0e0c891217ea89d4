package grant

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

// Code is a card's one-time code. It is a secret: printing and marshalling give
// its handle instead.
type Code [CodeSize]byte

// NewCode draws a code from rand.
func NewCode(rand io.Reader) (Code, error) {
	var code Code
	if _, err := io.ReadFull(rand, code[:]); err != nil {
		return Code{}, fmt.Errorf("drawing randomness for a card: %w", err)
	}
	return code, nil
}

// Handle gives the name by which the server finds a card without seeing its
// code: hex of SHA-256('usher-enrol-handle-v1' ‖ code)[0:8].
func Handle(code Code) string {
	sum := sha256.Sum256(append([]byte(handleContext), code[:]...))
	return hex.EncodeToString(sum[:handleSize])
}

// MAC proves to the server that a gate with the public key pub has the code:
// HMAC-SHA256(code, 'usher-enrol-v1' ‖ pub ‖ nonce).
func MAC(code Code, pub, nonce []byte) [32]byte {
	h := hmac.New(sha256.New, code[:])
	h.Write([]byte(macContext))
	h.Write(pub)
	h.Write(nonce)
	return [32]byte(h.Sum(nil))
}

// CheckMAC says in constant time whether mac is what [MAC] gives.
func CheckMAC(code Code, pub, nonce, mac []byte) bool {
	want := MAC(code, pub, nonce)
	return hmac.Equal(want[:], mac)
}

// AuthorityMAC proves likewise that the gate with the public key pub has an authority
// of this fingerprint: HMAC-SHA256(code, 'usher-enrol-authority-v1' ‖ pub ‖ nonce ‖
// fingerprint).
func AuthorityMAC(code Code, pub, nonce []byte, authority Fingerprint) [32]byte {
	h := hmac.New(sha256.New, code[:])
	h.Write([]byte(authorityContext))
	h.Write(pub)
	h.Write(nonce)
	h.Write(authority[:])
	return [32]byte(h.Sum(nil))
}

// CheckAuthorityMAC says in constant time whether mac is what [AuthorityMAC] gives.
func CheckAuthorityMAC(code Code, pub, nonce []byte, authority Fingerprint, mac []byte) bool {
	want := AuthorityMAC(code, pub, nonce, authority)
	return hmac.Equal(want[:], mac)
}

// String names the code without showing it.
func (c Code) String() string { return "redacted code " + Handle(c) }

// GoString is [Code.String], for %#v.
func (c Code) GoString() string { return c.String() }

// Format writes [Code.String] whatever the verb and flags.
func (c Code) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue is [Code.String], for slog.
func (c Code) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText is [Code.String], for JSON and the like; it can't be read back.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
