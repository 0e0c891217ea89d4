package keyring

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// The methods below have value receivers, so that a Signer passed by value is as
// silent as one passed by pointer.

// String names the key without showing it.
func (s Signer) String() string {
	if s.private == nil {
		return "redacted Ed25519 key (none)"
	}
	return "redacted Ed25519 key " + s.ID().String()
}

// GoString is [Signer.String], for %#v.
func (s Signer) GoString() string { return s.String() }

// Format writes [Signer.String] whatever the verb and flags.
func (s Signer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is [Signer.String], for slog.
func (s Signer) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is [Signer.String]; it can't be read back.
func (s Signer) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON is [Signer.String] as a JSON string; it can't be read back.
func (s Signer) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }
