package secure

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/sync/fault"
)

var opening = time.Date(2026, time.July, 4, 17, 0, 0, 0, time.UTC)

// rig is an authority whose clock and addresses the test sets.
type rig struct {
	t      *testing.T
	dir    string
	now    time.Time
	device Device
}

func newRig(t *testing.T) *rig {
	return &rig{t: t, dir: t.TempDir(), now: opening, device: Device{
		Names: []string{"handheld", "handheld.local"}, Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.168.1.20")},
	}}
}

func (r *rig) open() *Own {
	r.t.Helper()
	o, err := Open(Config{Dir: r.dir, Gate: "north", Device: func() Device { return r.device }, Now: r.clock})
	if err != nil {
		r.t.Fatal(err)
	}
	return o
}

// at is a connection to an address of the device.
type at struct {
	net.Conn
	addr string
}

func (a at) LocalAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(a.addr), 8430))
}

// shown is what a phone sees that calls an address.
func (r *rig) shown(o *Own, addr string) *x509.Certificate {
	r.t.Helper()
	c, err := o.Certificate(&tls.ClientHelloInfo{Conn: at{addr: addr}})
	if err != nil {
		r.t.Fatal(err)
	}
	return c.Leaf
}

// trusts reports whether a phone that trusts the authority believes a certificate
// to be that of a host.
func trusts(root, c *x509.Certificate, host string, now time.Time) error {
	pool := x509.NewCertPool()
	pool.AddCert(root)
	_, err := c.Verify(x509.VerifyOptions{Roots: pool, DNSName: host, CurrentTime: now})
	return err
}

func TestTrustedByEveryName(t *testing.T) {
	r := newRig(t)
	r.device.Addresses = append(r.device.Addresses, netip.MustParseAddr("fd00::20"), netip.MustParseAddr("203.0.113.9"))
	o := r.open()
	c := r.shown(o, "192.168.1.20")
	for _, host := range []string{"localhost", "handheld", "handheld.local", "127.0.0.1", "192.168.1.20", "[fd00::20]", "203.0.113.9"} {
		if err := trusts(o.Authority(), c, host, r.now); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, host := range []string{"other.local", "192.168.1.21", "usher.example", "8.8.8.8"} {
		if err := trusts(o.Authority(), c, host, r.now); err == nil {
			t.Errorf("it is taken for %s", host)
		}
	}
	if key, is := c.PublicKey.(*ecdsa.PublicKey); !is || key.Curve != elliptic.P256() {
		t.Errorf("the key is a %T, want ECDSA P-256, which every browser takes", c.PublicKey)
	}
	if life := c.NotAfter.Sub(c.NotBefore); life > 398*24*time.Hour {
		t.Errorf("it lives for %s, browsers allow 398 days", life)
	}
}

// Whoever got hold of the key could speak for the gate, and for nobody else.
func TestAuthorityIsForTheVenueAlone(t *testing.T) {
	r := newRig(t)
	o := r.open()
	for host, want := range map[string]bool{
		"bank.example": false, "8.8.8.8": false, "2001:db8::1": false, "localhost.example": false,
		"any.local": true, "10.1.2.3": true,
	} {
		key, err := newKey()
		if err != nil {
			t.Fatal(err)
		}
		serial, err := newSerial()
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: serial, NotBefore: r.now.Add(-time.Hour), NotAfter: r.now.Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = []net.IP{ip}
		} else {
			template.DNSNames = []string{host}
		}
		der, err := x509.CreateCertificate(rand.Reader, template, o.root, key.Public(), o.rootKey)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if err := trusts(o.root, c, host, r.now); (err == nil) != want {
			t.Errorf("%s: %v, want trust: %v", host, err, want)
		}
	}
	if root := o.Authority(); !root.IsCA || !root.MaxPathLenZero || !root.PermittedDNSDomainsCritical {
		t.Error("it may make further authorities, or a phone may pass over what it is for")
	}
}

// What is shown is made anew in time, and when the device has another address. The
// key stays, and so does the phones' trust.
func TestRenewal(t *testing.T) {
	r := newRig(t)
	o := r.open()
	first := r.shown(o, "192.168.1.20")
	for _, step := range []struct {
		name   string
		change func()
		addr   string
		anew   bool
	}{
		{"at once", func() {}, "192.168.1.20", false},
		{"an address of nobody's pages", func() {}, "fe80::1", false},
		{"an address it may not speak for", func() {}, "8.8.8.8", false},
		{"after a restart", func() { o = r.open() }, "192.168.1.20", false},
		{"another network", func() { r.device.Addresses[1] = netip.MustParseAddr("10.0.0.7") }, "10.0.0.7", true},
		{"an address it hears of by the call", func() {}, "172.16.5.5", true},
		{"119 days later", func() { r.now = r.now.Add(119 * 24 * time.Hour) }, "10.0.0.7", false},
		{"120 days later", func() { r.now = r.now.Add(24*time.Hour + time.Second) }, "10.0.0.7", true},
		{"after years in a drawer", func() { r.now = r.now.AddDate(5, 0, 0) }, "10.0.0.7", true},
		{"the clock set back", func() { r.now = r.now.AddDate(-2, 0, 0) }, "10.0.0.7", true},
	} {
		before := r.shown(o, "127.0.0.1")
		step.change()
		c := r.shown(o, step.addr)
		if anew := !c.Equal(before); anew != step.anew {
			t.Errorf("%s: made anew: %v, want %v", step.name, anew, step.anew)
		}
		if !c.PublicKey.(*ecdsa.PublicKey).Equal(first.PublicKey) {
			t.Errorf("%s: the key changed", step.name)
		}
		host := step.addr
		if !slices.ContainsFunc(c.IPAddresses, net.ParseIP(step.addr).Equal) {
			host = "localhost"
		}
		if err := trusts(o.Authority(), c, host, r.now); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
	}
}

func TestFilesAreTheOwners(t *testing.T) {
	r := newRig(t)
	r.shown(r.open(), "127.0.0.1")
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %s", e.Name(), info.Mode())
		}
	}
	if len(entries) != 2 {
		t.Errorf("%d files, want the authority and what it shows: %v", len(entries), entries)
	}
}

// A damaged authority is no reason to make another one in silence: phones trust it.
// What is shown can be made anew whenever it is damaged.
func TestDamagedFiles(t *testing.T) {
	r := newRig(t)
	o := r.open()
	r.shown(o, "127.0.0.1")
	root := o.Authority()
	authority, shown := filepath.Join(r.dir, authorityFile), filepath.Join(r.dir, shownFile)
	good, err := os.ReadFile(authority)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := os.ReadFile(shown)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"nothing": nil, "words": []byte("words"), "cut short": good[:len(good)-40], "more behind it": append(bytes.Clone(good), good...),
		"no authority": leaf, "another's key": append(bytes.Clone(good[:bytes.Index(good, []byte("-----BEGIN PRIVATE"))]), leaf[bytes.Index(leaf, []byte("-----BEGIN PRIVATE")):]...),
	} {
		if err := os.WriteFile(authority, text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(o.Config)
		if fault.KindOf(err) != fault.Internal || !strings.Contains(fault.Message(err), authority) {
			t.Errorf("%s: %v, want a fault that names %s", name, err, authority)
		}
	}
	if err := errors.Join(os.WriteFile(authority, good, 0o600), os.WriteFile(shown, []byte("words"), 0o600)); err != nil {
		t.Fatal(err)
	}
	o = r.open()
	if c := r.shown(o, "127.0.0.1"); trusts(root, c, "localhost", r.now) != nil {
		t.Error("what is shown was damaged, and phones trust the gate no more")
	}
}

func TestFingerprint(t *testing.T) {
	o := newRig(t).open()
	sum := sha256.Sum256(o.Authority().Raw)
	got := FingerprintOf(o.Authority()).String()
	if want := strings.ToUpper(hex.EncodeToString(sum[:])); strings.ReplaceAll(got, " ", "") != want || len(got) != 95 {
		t.Errorf("%q, want the pairs of %s", got, want)
	}
}

func TestThisDevice(t *testing.T) {
	network := func(s string) net.Addr {
		ip, n, err := net.ParseCIDR(s)
		if err != nil {
			t.Fatal(err)
		}
		return &net.IPNet{IP: ip, Mask: n.Mask}
	}
	addrs := []net.Addr{network("192.168.1.20/24"), network("fe80::1/64"), network("fd00::1/64"), network("127.0.0.1/8"), &net.UnixAddr{Name: "x"}}
	for name, c := range map[string]struct {
		host string
		err  error
		want string
	}{
		"plain":       {"Gate-7", nil, "gate-7 gate-7.local"},
		"qualified":   {"gate7.venue.example", nil, "gate7 gate7.local"},
		"unspeakable": {"gate_7!", nil, ""},
		"nameless":    {"", nil, ""},
		"unknown":     {"gate", errors.New("no"), ""},
	} {
		d := ThisDevice(func() (string, error) { return c.host, c.err }, func() ([]net.Addr, error) { return addrs, nil })
		if got := strings.Join(d.Names, " "); got != c.want {
			t.Errorf("%s: names %q, want %q", name, got, c.want)
		}
		want := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.168.1.20"), netip.MustParseAddr("fd00::1")}
		if !slices.Equal(d.Addresses, want) {
			t.Errorf("%s: addresses %v, want %v", name, d.Addresses, want)
		}
	}
	if d := ThisDevice(func() (string, error) { return "gate", nil }, func() ([]net.Addr, error) { return nil, errors.New("no") }); len(d.Addresses) > 0 {
		t.Errorf("addresses %v", d.Addresses)
	}
}

func (r *rig) clock() time.Time { return r.now }
