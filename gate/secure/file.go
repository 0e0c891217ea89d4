package secure

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"usher/sync/fault"
)

// pair is a certificate with its key.
type pair struct {
	leaf *x509.Certificate
	key  *ecdsa.PrivateKey
}

// read reads a file that keep wrote: fault.NotFound where there is none.
func read(path string) (pair, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return pair{}, fault.Wrap(fault.NotFound, err, "there is no %s", path)
	}
	if err != nil {
		return pair{}, fault.Wrap(fault.Unavailable, err, "can't read %s", path)
	}
	p, err := parse(text)
	if err != nil {
		return pair{}, fault.Wrap(fault.Internal, err, "%s is damaged; take it away, and tell the phones to trust the new one", path)
	}
	return p, nil
}

func parse(text []byte) (p pair, err error) {
	certificate, rest := pem.Decode(text)
	if certificate == nil || certificate.Type != "CERTIFICATE" {
		return p, errors.New("want a certificate first")
	}
	private, rest := pem.Decode(rest)
	if private == nil || private.Type != "PRIVATE KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return p, errors.New("want a private key after the certificate, and nothing else")
	}
	if p.leaf, err = x509.ParseCertificate(certificate.Bytes); err != nil {
		return p, err
	}
	key, err := x509.ParsePKCS8PrivateKey(private.Bytes)
	if err != nil {
		return p, err
	}
	var is bool
	if p.key, is = key.(*ecdsa.PrivateKey); !is || !p.key.PublicKey.Equal(p.leaf.PublicKey) {
		return p, errors.New("the key is not the certificate's")
	}
	return p, nil
}

// keep writes a certificate and its key to a file that only its owner can read. A
// file that is there already is replaced in one step.
func keep(path string, der []byte, key *ecdsa.PrivateKey) (p pair, err error) {
	if p.leaf, err = x509.ParseCertificate(der); err != nil {
		return p, fault.Wrap(fault.Internal, err, "can't read the certificate that was just made")
	}
	p.key = key
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return p, fault.Wrap(fault.Internal, err, "can't write a key for TLS")
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	if err := replace(path, text); err != nil {
		return p, fault.Wrap(fault.Unavailable, err, "can't write %s", path)
	}
	return p, nil
}

func replace(path string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // for its owner alone
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // it says less than the error that led here
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
