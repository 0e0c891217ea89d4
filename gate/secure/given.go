package secure

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"strings"
	"sync"
	"time"

	"usher/sync/fault"
)

// lookEvery is how often a real certificate's files are looked at for a newer one.
const lookEvery = time.Minute

// Given is an identity that somebody gave in files: a real certificate, which
// phones trust without being told to.
type Given struct {
	cert, key string
	now       func() time.Time

	mu      sync.Mutex // covers what follows
	shown   *tls.Certificate
	looked  time.Time
	changed time.Time // of the certificate's file, when it was read
}

// Load reads a certificate with its chain, and its key, both PEM. A newer one that
// is put in their place is taken within a minute; until it can be read the one
// before goes on.
func Load(cert, key string, now func() time.Time) (*Given, error) {
	g := &Given{cert: cert, key: key, now: now}
	shown, err := g.read()
	if err != nil {
		return nil, err
	}
	if at := now(); at.After(shown.Leaf.NotAfter) {
		return nil, fault.New(fault.Expired, "the certificate in %s ended at %s", cert, shown.Leaf.NotAfter.UTC().Format(time.DateTime+" MST"))
	}
	if len(shown.Leaf.DNSNames) == 0 && len(shown.Leaf.IPAddresses) == 0 {
		return nil, fault.New(fault.BadInput, "the certificate in %s names no host; browsers want one in its subject alternative names", cert)
	}
	g.shown, g.looked, g.changed = shown, now(), g.time()
	return g, nil
}

func (g *Given) read() (*tls.Certificate, error) {
	for _, path := range []string{g.cert, g.key} {
		if _, err := os.Stat(path); err != nil {
			return nil, fault.Wrap(fault.BadInput, err, "can't read %s", path)
		}
	}
	c, err := tls.LoadX509KeyPair(g.cert, g.key)
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "%s and %s are no certificate and its key in PEM", g.cert, g.key)
	}
	return &c, nil
}

// time is when the certificate's file was written last.
func (g *Given) time() time.Time {
	info, err := os.Stat(g.cert)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// Certificate implements Identity.
func (g *Given) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := g.now(); now.Sub(g.looked).Abs() >= lookEvery {
		g.looked = now
		if at := g.time(); !at.IsZero() && !at.Equal(g.changed) {
			if newer, err := g.read(); err == nil {
				g.shown, g.changed = newer, at
			}
		}
	}
	return g.shown, nil
}

// Authority implements Identity: phones know the real one's.
func (g *Given) Authority() *x509.Certificate { return nil }

// Host implements Identity: the first name in the certificate that is one host's.
func (g *Given) Host() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range g.shown.Leaf.DNSNames {
		if !strings.HasPrefix(name, "*.") {
			return name
		}
	}
	return ""
}
