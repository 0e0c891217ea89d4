package grant

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
)

func TestSecretOpensForItsDeviceOnly(t *testing.T) {
	code, pub, secret := Code{1}, []byte("the device's public key"), []byte("thirty-two bytes of a guest key.")
	sealed, err := SealSecret(rand.Reader, code, pub, secret)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, secret) {
		t.Error("the secret can be read")
	}
	if got, err := OpenSecret(code, pub, sealed); err != nil || !bytes.Equal(got, secret) {
		t.Fatalf("%q, %v", got, err)
	}
	bent := bytes.Clone(sealed)
	bent[len(bent)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another code":   func() ([]byte, error) { return OpenSecret(Code{2}, pub, sealed) },
		"another device": func() ([]byte, error) { return OpenSecret(code, []byte("x"), sealed) },
		"changed":        func() ([]byte, error) { return OpenSecret(code, pub, bent) },
		"cut short":      func() ([]byte, error) { return OpenSecret(code, pub, sealed[:10]) },
		"nothing":        func() ([]byte, error) { return OpenSecret(code, pub, nil) },
		"too long":       func() ([]byte, error) { return OpenSecret(code, pub, make([]byte, 10_000)) },
	} {
		if got, err := open(); !errors.Is(err, ErrSecret) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := SealSecret(rand.Reader, code, pub, make([]byte, MaxSecret+1)); err == nil {
		t.Error("a secret over the limit was sealed")
	}
}
