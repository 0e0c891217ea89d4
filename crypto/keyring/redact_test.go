package keyring

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// leaks says whether out shows the secret in any of the usual ways of writing
// bytes.
func leaks(out string, s *Signer) bool {
	seed := s.Seed()
	decimal := strings.Trim(fmt.Sprint(seed[:8]), "[]")
	for _, form := range []string{
		string(seed[:8]), hex.EncodeToString(seed[:8]), strings.ToUpper(hex.EncodeToString(seed[:8])), decimal,
		strings.ReplaceAll(decimal, " ", ","), strings.ReplaceAll(decimal, " ", ", "), fmt.Sprintf("%#v", seed[:8])[7:40],
		base64.StdEncoding.EncodeToString(seed)[:8],
	} {
		if strings.Contains(out, form) {
			return true
		}
	}
	return false
}

// holderOfKey is how a Signer may be found inside something that is printed.
type holderOfKey struct {
	Name     string
	Exported *Signer
	Value    Signer
	hidden   *Signer
	value    Signer
	list     []Signer
	any      any
}

func TestSignerIsNeverPrinted(t *testing.T) {
	seed := []byte("\x91\x82\x73\x64\x55\x46\x37\x28 a secret of 32 bytes.!!")[:SeedSize]
	s, err := FromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	holder := holderOfKey{"box", s, *s, s, *s, []Signer{*s}, *s}
	for _, v := range []any{s, *s, holder, &holder, []*Signer{s}, map[string]Signer{"k": *s}, errors.Join(fmt.Errorf("with %v", s))} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%T", "%p", "%c", "%o", "%b"} {
			if out := fmt.Sprintf(verb, v); leaks(out, s) {
				t.Errorf("%s of %T: %s", verb, v, out)
			}
		}
	}
	if out := fmt.Sprintf("%v", s); !strings.Contains(out, s.ID().String()) || !strings.Contains(out, "redacted") {
		t.Errorf("printed as %q", out)
	}
	if out := fmt.Sprintf("%v %#v", Signer{}, Signer{}); !strings.Contains(out, "none") {
		t.Errorf("the zero Signer is printed as %q", out)
	}
}

func TestSignerIsNeverMarshalled(t *testing.T) {
	s, err := FromSeed([]byte("\x91\x82\x73\x64\x55\x46\x37\x28 a secret of 32 bytes.!!")[:SeedSize])
	if err != nil {
		t.Fatal(err)
	}
	holder := holderOfKey{"box", s, *s, s, *s, []Signer{*s}, *s}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).With("with", s).Info("x", "pointer", s, "value", *s, "holder", holder, "list", []*Signer{s}, slog.Group("g", "s", s))
	}
	text, err := json.Marshal(map[string]any{"s": s, "v": *s, "h": holder})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := cbor.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	var gobs bytes.Buffer
	_ = gob.NewEncoder(&gobs).Encode(s)
	for name, out := range map[string]string{
		"slog": log.String(), "JSON": string(text), "text": string(plain), "CBOR": string(binary), "gob": gobs.String(),
	} {
		if leaks(out, s) {
			t.Errorf("%s: %s", name, out)
		}
	}
	if n := strings.Count(log.String(), s.String()); n < 8 {
		t.Errorf("the log names the key %d times: %s", n, log.String())
	}
}

// TestLeaksFindsALeak makes sure that the tests above can fail.
func TestLeaksFindsALeak(t *testing.T) {
	s := signer(t, 0x5a)
	for _, verb := range []string{"%v", "%x", "%X", "%s", "%d", "%#v"} {
		if !leaks(fmt.Sprintf(verb, s.Seed()), s) {
			t.Errorf("a seed printed with %s is not noticed", verb)
		}
	}
}

func TestSignerKeepsItsOwnBytes(t *testing.T) {
	s := signer(t, 1)
	s.Seed()[0] ^= 1
	s.Public()[0] ^= 1
	if !bytes.Equal(s.Seed(), signer(t, 1).Seed()) || IDOf(s.Public()) != s.ID() {
		t.Error("a caller changed the key")
	}
	if _, err := FromSeed(make([]byte, 31)); err == nil {
		t.Error("31 bytes are a seed")
	}
	if _, err := Generate(strings.NewReader("too little")); err == nil {
		t.Error("a key was made of too little randomness")
	}
	if g, err := Generate(bytes.NewReader(s.Seed())); err != nil || g.ID() != s.ID() {
		t.Errorf("Generate doesn't use what it is given: %v, %v", g, err)
	}
}
