package grant

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// secretContext separates the key that a code gives from its other uses.
const secretContext = "usher-enrol-secret-v1"

// MaxSecret bounds a secret that travels with an enrolment, in bytes.
const MaxSecret = 256

// ErrSecret means that a sealed secret doesn't open: another code or device, or
// changed bytes.
var ErrSecret = errors.New("the secret does not open with this card's code")

// SealSecret encrypts a secret for the device with the public key pub that proved
// a card's code, so that whoever listens on the way learns nothing:
// XChaCha20-Poly1305 under HKDF-SHA256(code, 'usher-enrol-secret-v1' ‖ pub), the
// nonce in front. It draws the nonce from rand.
func SealSecret(rand io.Reader, code Code, pub, secret []byte) ([]byte, error) {
	if len(secret) > MaxSecret {
		return nil, fmt.Errorf("a secret of %d bytes, limit %d", len(secret), MaxSecret)
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return nil, fmt.Errorf("drawing randomness for a secret: %w", err)
	}
	key, err := secretKey(code, pub)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("sealing a secret: %w", err)
	}
	return aead.Seal(nonce, nonce, secret, []byte(secretContext)), nil
}

// OpenSecret decrypts what [SealSecret] made. The error is ErrSecret.
func OpenSecret(code Code, pub, sealed []byte) ([]byte, error) {
	if len(sealed) < chacha20poly1305.NonceSizeX || len(sealed) > MaxSecret+chacha20poly1305.NonceSizeX+chacha20poly1305.Overhead {
		return nil, ErrSecret
	}
	key, err := secretKey(code, pub)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("opening a secret: %w", err)
	}
	nonce, body := sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:]
	secret, err := aead.Open(nil, nonce, body, []byte(secretContext))
	if err != nil {
		return nil, ErrSecret
	}
	return secret, nil
}

func secretKey(code Code, pub []byte) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, code[:], nil, secretContext+string(pub), chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("deriving a secret's key: %w", err)
	}
	return key, nil
}
