// Package secure lets phones open an agent's page over TLS, which a browser wants
// before it gives a page a camera.
//
// # Whose certificate
//
// A venue's network has no name that a public authority would vouch for, and no
// network to ask one. So an agent is its own authority: [Open] makes one the first
// time, for as long as a device lives, and has it sign the certificate that
// the agent shows. A phone trusts the authority once. What the agent shows is made
// anew, with the same key, before it ends and whenever the device gets another
// address, and no phone notices.
//
// An authority that phones trust could speak for any site to them. This one can't:
// it is made for the device's own names and for the addresses of private networks,
// and no phone takes its word for more. Its key stays in the gate's folder, readable
// to its owner alone.
//
// A phone's card carries the authority's fingerprint, to be compared before the phone
// trusts it. The authority is made when the device is enrolled, and the enrolment says
// its fingerprint, so that the server and every other gate can print that card too.
//
// Who has a real certificate gives its files to [Load] instead, and no phone has to
// be told anything.
//
// # One port
//
// [Listen] takes TLS and plain HTTP on one port and tells them apart by their first
// byte. What the device itself and other gates ask in plain text goes on as before;
// [Front] answers anybody else with the way to the encrypted page.
package secure

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"

	"usher/crypto/grant"
)

// Identity is what an agent shows to those who connect.
type Identity interface {
	// Certificate is what is shown to one of them. It may be called by several
	// goroutines.
	Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Authority is the certificate that a phone has to be told to trust; nil: none.
	Authority() *x509.Certificate
	// Host is the name by which a phone reaches the agent; "": by any address.
	Host() string
}

// FingerprintOf gives the fingerprint of a certificate, as phones show it.
func FingerprintOf(c *x509.Certificate) grant.Fingerprint { return sha256.Sum256(c.Raw) }

// config is how connections are encrypted.
func config(id Identity) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: id.Certificate}
}
