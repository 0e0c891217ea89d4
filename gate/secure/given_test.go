package secure

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/sync/fault"
)

// write makes a certificate as an authority elsewhere would, in two files.
func write(t *testing.T, dir string, ends time.Time, hosts ...string) (cert, key string) {
	t.Helper()
	private, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	serial, err := newSerial()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial, NotBefore: opening.AddDate(-1, 0, 0), NotAfter: ends, DNSNames: hosts}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	both := filepath.Join(dir, "both.pem")
	if _, err := keep(both, der, private); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(both)
	if err != nil {
		t.Fatal(err)
	}
	first, second, _ := strings.Cut(string(text), "-----BEGIN PRIVATE")
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, text := range map[string]string{cert: first, key: "-----BEGIN PRIVATE" + second} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestLoad(t *testing.T) {
	cert, key := write(t, t.TempDir(), opening.AddDate(0, 1, 0), "*.venue.example", "gate7.venue.example")
	_, otherKey := write(t, t.TempDir(), opening.AddDate(0, 1, 0), "gate7.venue.example")
	ended, endedKey := write(t, t.TempDir(), opening.Add(-time.Second), "gate7.venue.example")
	nameless, namelessKey := write(t, t.TempDir(), opening.AddDate(0, 1, 0))
	now := func() time.Time { return opening }
	for name, c := range map[string]struct {
		cert, key string
		kind      fault.Kind
		says      string
	}{
		"good":           {cert, key, "", ""},
		"another's key":  {cert, otherKey, fault.BadInput, otherKey},
		"turned round":   {key, cert, fault.BadInput, cert},
		"no certificate": {"/nowhere/cert.pem", key, fault.BadInput, "/nowhere/cert.pem"},
		"no key":         {cert, "/nowhere/key.pem", fault.BadInput, "/nowhere/key.pem"},
		"ended":          {ended, endedKey, fault.Expired, "2026-07-04 16:59:59 UTC"},
		"names no host":  {nameless, namelessKey, fault.BadInput, "names no host"},
	} {
		g, err := Load(c.cert, c.key, now)
		if c.kind == "" {
			if err != nil || g.Host() != "gate7.venue.example" || g.Authority() != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if fault.KindOf(err) != c.kind || !strings.Contains(fault.Message(err), c.says) {
			t.Errorf("%s: %v, want %s with %s", name, err, c.kind, c.says)
		}
	}
}

// A newer certificate is taken while the agent runs; one that can't be read isn't.
func TestGivenIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	now := opening
	cert, key := write(t, dir, opening.AddDate(0, 1, 0), "gate7.venue.example")
	g, err := Load(cert, key, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	shown := func() *ecdsa.PrivateKey {
		c, err := g.Certificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.PrivateKey.(*ecdsa.PrivateKey)
	}
	first := shown()
	replaced := func(after time.Duration) {
		at := time.Now().Add(after)
		if err := os.Chtimes(cert, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, opening.AddDate(0, 3, 0), "gate7.venue.example")
	replaced(time.Hour)
	if !shown().Equal(first) {
		t.Error("the files are read at each connection")
	}
	now = now.Add(lookEvery)
	second := shown()
	if second.Equal(first) {
		t.Error("the newer certificate is not taken")
	}
	if err := os.WriteFile(cert, []byte("half of it"), 0o600); err != nil {
		t.Fatal(err)
	}
	replaced(2 * time.Hour)
	now = now.Add(lookEvery)
	if !shown().Equal(second) {
		t.Error("a file that can't be read took the certificate away")
	}
}
