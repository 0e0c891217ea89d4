package secure

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"usher/sync/fault"
)

// The files of an authority, in the gate's folder.
const (
	authorityFile = "tls-authority.pem"
	shownFile     = "tls-shown.pem"
)

// What an agent shows lives for less than the 398 days that browsers allow, and is
// made anew long before its end: a device may lie in a drawer between two events.
const (
	shownFor   = 180 * 24 * time.Hour
	renewAhead = 60 * 24 * time.Hour
	// behind is how far the clock of a phone may be behind the device's.
	behind = 24 * time.Hour
)

// An authority is good for longer than a device, whatever the device's clock says.
var (
	authorityFrom  = time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	authorityUntil = time.Date(2049, time.December, 31, 23, 59, 59, 0, time.UTC)
)

// private are the networks that an authority may speak for.
var private = []string{
	"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
	"::1/128", "fc00::/7", "fe80::/10",
}

// Device is what a device is called, as far as it knows.
type Device struct {
	Names     []string // without a dot, or under .local
	Addresses []netip.Addr
}

// Config is what an authority needs.
type Config struct {
	Dir    string           // the gate's folder
	Gate   string           // what people call the gate
	Device func() Device    // what the device is called now
	Now    func() time.Time // corrected, as far as the gate can
}

// Own is the identity of an agent that is its own authority.
type Own struct {
	Config
	root    *x509.Certificate
	rootKey *ecdsa.PrivateKey

	mu    sync.Mutex // covers what follows
	shown *tls.Certificate
}

// Open reads the authority of a gate, and makes it the first time.
func Open(cfg Config) (*Own, error) {
	o := &Own{Config: cfg}
	kept, err := read(filepath.Join(cfg.Dir, authorityFile))
	switch {
	case fault.KindOf(err) == fault.NotFound:
		if kept, err = o.found(); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case !kept.leaf.IsCA:
		return nil, fault.New(fault.Internal, "%s holds no authority; take it away, and tell the phones to trust the new one", filepath.Join(cfg.Dir, authorityFile))
	}
	o.root, o.rootKey = kept.leaf, kept.key
	before, err := read(filepath.Join(cfg.Dir, shownFile))
	if err == nil && before.leaf.CheckSignatureFrom(o.root) == nil {
		o.shown = o.chain(before)
	}
	// One that is damaged or of another authority is made anew, which costs no trust.
	return o, nil
}

// found makes the authority.
func (o *Own) found() (pair, error) {
	key, err := newKey()
	if err != nil {
		return pair{}, err
	}
	serial, err := newSerial()
	if err != nil {
		return pair{}, err
	}
	device := o.Device()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: subject(strings.TrimSpace("usher gate "+o.Gate) + ", authority"), NotBefore: authorityFrom, NotAfter: authorityUntil,
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{"localhost", "local"},
	}
	for _, name := range device.Names {
		if !slices.Contains(template.PermittedDNSDomains, name) && !strings.HasSuffix(name, ".local") {
			template.PermittedDNSDomains = append(template.PermittedDNSDomains, name)
		}
	}
	for _, block := range private {
		_, network, err := net.ParseCIDR(block)
		if err != nil {
			return pair{}, fmt.Errorf("the network %s: %w", block, err)
		}
		template.PermittedIPRanges = append(template.PermittedIPRanges, network)
	}
	for _, addr := range device.Addresses {
		if !permits(template, addr) { // a venue may use public addresses inside
			template.PermittedIPRanges = append(template.PermittedIPRanges, &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(addr.BitLen(), addr.BitLen())})
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return pair{}, fault.Wrap(fault.Internal, err, "can't make a certificate authority")
	}
	return keep(filepath.Join(o.Dir, authorityFile), der, key)
}

// Authority implements Identity.
func (o *Own) Authority() *x509.Certificate { return o.root }

// Host implements Identity: an address does.
func (o *Own) Host() string { return "" }

// Certificate implements Identity. It makes a new certificate where the one before
// nears its end, or does not name the address that was called.
func (o *Own) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	called := calledBy(hello)
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.Now()
	if o.shown != nil && good(o.shown.Leaf, now) && (!called.IsValid() || !permits(o.root, called) || names(o.shown.Leaf, called)) {
		return o.shown, nil
	}
	return o.renew(now, called)
}

// calledBy is the address of this device to which somebody connected; the zero one
// where a page's address could not hold it.
func calledBy(hello *tls.ClientHelloInfo) netip.Addr {
	if hello == nil || hello.Conn == nil {
		return netip.Addr{}
	}
	at, err := netip.ParseAddrPort(hello.Conn.LocalAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	if addr := at.Addr().Unmap(); usable(addr) {
		return addr
	}
	return netip.Addr{}
}

// usable reports whether a page's address may hold an address: a link-local one of
// IPv6 needs a zone.
func usable(addr netip.Addr) bool { return addr.Is4() || !addr.IsLinkLocalUnicast() }

// good reports whether a certificate has time left.
func good(c *x509.Certificate, now time.Time) bool {
	return now.After(c.NotBefore) && now.Add(renewAhead).Before(c.NotAfter)
}

// renew makes what is shown, with the key of the one before. It runs under the lock.
func (o *Own) renew(now time.Time, called netip.Addr) (*tls.Certificate, error) {
	var key *ecdsa.PrivateKey
	if o.shown != nil {
		key, _ = o.shown.PrivateKey.(*ecdsa.PrivateKey)
	}
	if key == nil {
		var err error
		if key, err = newKey(); err != nil {
			return nil, err
		}
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: subject("usher gate " + o.Gate), NotBefore: now.Add(-behind), NotAfter: now.Add(shownFor),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	device := o.Device()
	for _, name := range append([]string{"localhost"}, device.Names...) {
		if permitsName(o.root, name) && !slices.Contains(template.DNSNames, name) {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	for _, addr := range append(slices.Clone(device.Addresses), called) {
		if addr.IsValid() && permits(o.root, addr) && !names(template, addr) {
			template.IPAddresses = append(template.IPAddresses, addr.AsSlice())
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, o.root, key.Public(), o.rootKey)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "can't make a certificate")
	}
	made, err := keep(filepath.Join(o.Dir, shownFile), der, key)
	if err != nil {
		return nil, err
	}
	o.shown = o.chain(made)
	return o.shown, nil
}

// chain is what goes over the wire: the certificate, and the authority for those
// who want to look at it.
func (o *Own) chain(p pair) *tls.Certificate {
	return &tls.Certificate{Certificate: [][]byte{p.leaf.Raw, o.root.Raw}, PrivateKey: p.key, Leaf: p.leaf}
}

// permits reports whether an authority may speak for an address.
func permits(root *x509.Certificate, addr netip.Addr) bool {
	return slices.ContainsFunc(root.PermittedIPRanges, func(n *net.IPNet) bool { return n.Contains(addr.AsSlice()) })
}

// permitsName reports whether an authority may speak for a name.
func permitsName(root *x509.Certificate, name string) bool {
	return slices.ContainsFunc(root.PermittedDNSDomains, func(domain string) bool {
		return name == domain || strings.HasSuffix(name, "."+domain)
	})
}

// names reports whether a certificate names an address.
func names(c *x509.Certificate, addr netip.Addr) bool {
	return slices.ContainsFunc(c.IPAddresses, func(ip net.IP) bool { return ip.Equal(net.IP(addr.AsSlice())) })
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "can't make a key for TLS")
	}
	return key, nil
}

func newSerial() (*big.Int, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "can't draw a certificate's number")
	}
	return serial.Add(serial, big.NewInt(1)), nil
}

// subject is a name of at most 64 characters, as certificates want it.
func subject(name string) pkix.Name {
	const most = 64
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most])
	}
	return pkix.Name{CommonName: name, Organization: []string{"usher"}}
}

// ThisDevice is what this machine is called: its name and its addresses.
func ThisDevice(hostname func() (string, error), interfaces func() ([]net.Addr, error)) Device {
	var d Device
	if name, err := hostname(); err == nil {
		if name, _, _ = strings.Cut(strings.ToLower(name), "."); validLabel(name) {
			d.Names = []string{name, name + ".local"}
		}
	}
	addrs, err := interfaces()
	if err != nil {
		return d
	}
	for _, a := range addrs {
		network, is := a.(*net.IPNet)
		if !is {
			continue
		}
		if addr, ok := netip.AddrFromSlice(network.IP); ok && usable(addr.Unmap()) {
			d.Addresses = append(d.Addresses, addr.Unmap())
		}
	}
	slices.SortFunc(d.Addresses, func(a, b netip.Addr) int { return cmp.Compare(a.String(), b.String()) })
	return d
}

// validLabel reports whether a name can stand in a certificate.
func validLabel(name string) bool {
	return name != "" && len(name) <= 63 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && name[0] != '-' && name[len(name)-1] != '-'
}
