package keyring

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"usher/crypto/canonical"
)

const (
	fileBegin = "-----BEGIN USHER KEY RING-----\n"
	fileEnd   = "-----END USHER KEY RING-----\n"
	fileWidth = 64 // base64 characters a line
	// MaxFile is the most bytes a ring file may have.
	MaxFile = 16 << 20
	// MaxChain is the most rings a ring file may hold.
	MaxChain = MaxKeys
)

// FormatFile writes a chain of rings as the text of a ring file: the CBOR array
// of the signed rings in base64 (RFC 4648 §4) between two marker lines. The
// numbers of the rings have to rise by one.
func FormatFile(chain ...*SignedRing) ([]byte, error) {
	if err := checkChain(chain); err != nil {
		return nil, fmt.Errorf("writing a ring file: %w", err)
	}
	rings := make([][]byte, len(chain))
	for i, ring := range chain {
		rings[i] = ring.Bytes()
	}
	raw, err := canonical.Marshal(rings)
	if err != nil {
		return nil, fmt.Errorf("writing a ring file: %w", err)
	}
	text := armour(raw)
	if len(text) > MaxFile {
		return nil, fmt.Errorf("writing a ring file: it would have %d bytes, want at most %d", len(text), MaxFile)
	}
	return text, nil
}

// ParseFile reads a ring file. Line ends of either kind and white space around
// the whole are forgiven, as mail and editors add them; nothing else is. As with
// [ParseSigned] nothing of it is to be believed yet: verify the first ring
// against pins, then [Walk].
func ParseFile(b []byte) ([]*SignedRing, error) {
	raw, err := disarm(b)
	if err != nil {
		return nil, fmt.Errorf("reading a ring file: %w", err)
	}
	var rings [][]byte
	if err := canonical.Unmarshal(raw, &rings); err != nil {
		return nil, fmt.Errorf("reading a ring file: %w", err)
	}
	chain := make([]*SignedRing, len(rings))
	for i, ring := range rings {
		if chain[i], err = ParseSigned(ring); err != nil {
			return nil, fmt.Errorf("ring %d of the file: %w", i+1, err)
		}
	}
	if err := checkChain(chain); err != nil {
		return nil, fmt.Errorf("reading a ring file: %w", err)
	}
	return chain, nil
}

func checkChain(chain []*SignedRing) error {
	if n := len(chain); n == 0 || n > MaxChain {
		return fmt.Errorf("%d rings, want 1 to %d", n, MaxChain)
	}
	for i := 1; i < len(chain); i++ {
		if before, seq := chain[i-1].Ring.Seq, chain[i].Ring.Seq; seq != before+1 {
			return fmt.Errorf("ring %d comes after ring %d", seq, before)
		}
	}
	return nil
}

func armour(raw []byte) []byte {
	text := []byte(fileBegin)
	encoded := base64.StdEncoding.AppendEncode(nil, raw)
	for len(encoded) > 0 {
		n := min(fileWidth, len(encoded))
		text = append(append(text, encoded[:n]...), '\n')
		encoded = encoded[n:]
	}
	return append(text, fileEnd...)
}

// disarm gives the bytes of which armour makes b, white space forgiven as
// ParseFile says.
func disarm(b []byte) ([]byte, error) {
	if len(b) > MaxFile {
		return nil, fmt.Errorf("it has %d bytes, want at most %d", len(b), MaxFile)
	}
	text := append(bytes.TrimSpace(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))), '\n')
	inside, ok := bytes.CutPrefix(text, []byte(fileBegin))
	if !ok {
		return nil, fmt.Errorf("its first line is not %q", bytes.TrimSpace([]byte(fileBegin)))
	}
	if inside, ok = bytes.CutSuffix(inside, []byte(fileEnd)); !ok {
		return nil, fmt.Errorf("its last line is not %q: cut short?", bytes.TrimSpace([]byte(fileEnd)))
	}
	raw, err := base64.StdEncoding.AppendDecode(nil, bytes.ReplaceAll(inside, []byte("\n"), nil))
	if err != nil {
		return nil, fmt.Errorf("its base64 is damaged: %w", err)
	}
	if !bytes.Equal(armour(raw), text) {
		return nil, errors.New("its lines are not as usher writes them")
	}
	return raw, nil
}
