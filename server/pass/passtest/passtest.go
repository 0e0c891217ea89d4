// Package passtest makes, for tests, what Apple and Google give an operator: a pass
// certificate and a service account, of nobody. It is for tests only.
package passtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"sync"
	"time"
)

// T is a test, or whoever else has no use for what can't be made.
type T interface {
	Helper()
	Fatal(...any)
}

// Type and Team are whose the pass certificate is.
const (
	Type = "pass.example.usher"
	Team = "TEAM123456"
)

// Authority is who issues certificates.
type Authority struct {
	Cert *x509.Certificate
	key  crypto.Signer
}

// Pool has the authority's certificate.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.Cert)
	return p
}

// Issue makes a certificate for a subject, good from a day ago for a year.
func (a *Authority) Issue(t T, subject pkix.Name, key crypto.Signer) *x509.Certificate {
	t.Helper()
	now := time.Now()
	made := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: subject, NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(365 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"},
	}
	parent, signer := a.Cert, a.key
	if parent == nil {
		made.IsCA, made.BasicConstraintsValid, made.KeyUsage = true, true, x509.KeyUsageCertSign
		parent, signer = made, key
	}
	der, err := x509.CreateCertificate(rand.Reader, made, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// NewAuthority makes one.
func NewAuthority(t T) *Authority {
	t.Helper()
	key := ECKey(t)
	a := &Authority{key: key}
	a.Cert = a.Issue(t, pkix.Name{CommonName: "Worldwide Relations of Nobody"}, key)
	return a
}

// ECKey makes a key of the kind that is made quickly.
func ECKey(t T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// RSAKey gives a key of the kind that Apple and Google issue, the same for all tests of
// a package.
func RSAKey(t T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Subject is that of a pass certificate.
func Subject() pkix.Name {
	return pkix.Name{
		CommonName: "Pass Type ID: " + Type, OrganizationalUnit: []string{Team},
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, Value: Type}},
	}
}

// Identity gives a file with a pass certificate, its key and who issued it.
func Identity(t T, a *Authority) []byte {
	t.Helper()
	key := RSAKey(t)
	return append(PEM(t, a.Issue(t, Subject(), key), a.Cert), KeyPEM(t, key)...)
}

// PEM writes certificates.
func PEM(t T, certs ...*x509.Certificate) (text []byte) {
	t.Helper()
	for _, c := range certs {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return text
}

// KeyPEM writes a key.
func KeyPEM(t T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// Email is the service account's.
const Email = "tickets@nobody.iam.gserviceaccount.com"

// Account gives the key file of a service account that gets its tokens at an address.
func Account(t T, tokenURL string) []byte {
	t.Helper()
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": Email, "private_key": string(KeyPEM(t, RSAKey(t))), "token_uri": tokenURL,
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}
