// Package apple makes passes for Apple Wallet and tells devices that they changed: the
// signed file (.pkpass), and the push that has a device fetch it anew. It knows nothing
// of tickets; server/pass says what stands on a pass.
//
// # Identity
//
// A pass is signed with the operator's pass certificate, which Apple issues for a pass
// type ("pass.example.tickets") and a team. Both stand in the certificate, so that one
// file is all there is to configure. The same certificate is what pushes are sent with.
//
// # What is signed
//
// A pass is a ZIP archive: pass.json, pictures, texts by language, and manifest.json
// with the SHA-1 sum of each of them, as Apple defines it. The signature beside it is
// PKCS #7, detached, over the manifest, with SHA-256, and holds Apple's intermediate
// certificate.
package apple

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"io"
	"strings"
	"time"

	"usher/sync/fault"
)

// MaxIdentity bounds the file of an identity, in bytes.
const MaxIdentity = 64 << 10

// Identity is who signs passes.
type Identity struct {
	passType, team string
	leaf           *x509.Certificate
	key            crypto.Signer
	chain          []*x509.Certificate // above leaf
}

// userID is the object identifier of UID (RFC 4519), where a pass certificate has its
// pass type.
var userID = asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}

// ParseIdentity reads a PEM file with the pass certificate, its private key without a
// passphrase, and Apple's intermediate certificate (WWDR), in any order.
func ParseIdentity(text []byte) (*Identity, error) {
	var certs []*x509.Certificate
	i := &Identity{}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		switch {
		case block.Type == "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fault.Wrap(fault.BadInput, err, "certificate %d of the pass file can't be read", len(certs)+1)
			}
			certs = append(certs, c)
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			if i.key != nil {
				return nil, fault.New(fault.BadInput, "the pass file holds two private keys")
			}
			key, err := parseKey(block)
			if err != nil {
				return nil, err
			}
			i.key = key
		default:
			return nil, fault.New(fault.BadInput, "the pass file holds a %.40q, which doesn't belong there", block.Type)
		}
	}
	if i.key == nil {
		return nil, fault.New(fault.BadInput, "the pass file holds no private key in PEM")
	}
	if err := i.arrange(certs); err != nil {
		return nil, err
	}
	return i, nil
}

func parseKey(block *pem.Block) (crypto.Signer, error) {
	if strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
		return nil, fault.New(fault.BadInput, "the private key of the pass file has a passphrase; take it away (openssl pkey) and keep the file for the server alone")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if rsa, other := x509.ParsePKCS1PrivateKey(block.Bytes); other == nil {
			return rsa, nil
		}
		if ec, other := x509.ParseECPrivateKey(block.Bytes); other == nil {
			return ec, nil
		}
		return nil, fault.New(fault.BadInput, "the private key of the pass file can't be read") // no cause: it may quote the key
	}
	signer, is := key.(crypto.Signer)
	if !is {
		return nil, fault.New(fault.BadInput, "the private key of the pass file can't sign")
	}
	return signer, nil
}

// arrange finds the certificate of the key among those of the file.
func (i *Identity) arrange(certs []*x509.Certificate) error {
	type comparable interface{ Equal(crypto.PublicKey) bool }
	for _, c := range certs {
		if pub, is := c.PublicKey.(comparable); is && pub.Equal(i.key.Public()) {
			i.leaf = c
		} else {
			i.chain = append(i.chain, c)
		}
	}
	switch {
	case i.leaf == nil:
		return fault.New(fault.BadInput, "the pass file holds no certificate of its private key")
	case len(i.chain) == 0:
		return fault.New(fault.BadInput, "the pass file lacks Apple's intermediate certificate (WWDR), without which no device takes a pass")
	}
	for _, name := range i.leaf.Subject.Names {
		if text, is := name.Value.(string); is && name.Type.Equal(userID) {
			i.passType = text
		}
	}
	if len(i.leaf.Subject.OrganizationalUnit) > 0 {
		i.team = i.leaf.Subject.OrganizationalUnit[0]
	}
	if !strings.HasPrefix(i.passType, "pass.") || i.team == "" {
		return fault.New(fault.BadInput, "the certificate of the pass file is none for passes: its subject names no pass type (UID pass.…) or no team (OU)")
	}
	return nil
}

// Type is the pass type that the identity signs.
func (i *Identity) Type() string { return i.passType }

// Until is when the certificate ends. Devices refuse passes that are signed later.
func (i *Identity) Until() time.Time { return i.leaf.NotAfter }

// certificate is the identity as TLS has it.
func (i *Identity) certificate() tls.Certificate {
	c := tls.Certificate{Certificate: [][]byte{i.leaf.Raw}, PrivateKey: i.key, Leaf: i.leaf}
	for _, above := range i.chain {
		c.Certificate = append(c.Certificate, above.Raw)
	}
	return c
}

// Format keeps the key out of whatever is printed, however it is printed.
func (i *Identity) Format(s fmt.State, _ rune) {
	if i == nil {
		_, _ = io.WriteString(s, "no pass identity")
		return
	}
	_, _ = fmt.Fprintf(s, "the identity of %s", i.passType)
}
