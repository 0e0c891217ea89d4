package post

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
	gomail "github.com/wneessen/go-mail"

	"usher/sync/fault"
)

// Signer signs mail for its sender's domain (DKIM, RFC 6376), so that receivers know it
// from forged mail.
type Signer struct {
	domain, selector string
	key              crypto.Signer
}

// leastRSA is the size of an RSA key that receivers take (RFC 8301), in bits.
const leastRSA = 1024

var selector = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)

// NewSigner makes the signer of a domain with a private key in PEM, Ed25519 or RSA; its
// public half stands in DNS under the selector. The error doesn't show the key.
func NewSigner(domain, name string, keyPEM []byte) (*Signer, error) {
	if len(name) > 100 || !selector.MatchString(name) {
		return nil, fault.New(fault.BadInput, "%.40q is no DKIM selector: want letters, digits and dashes such as usher", name)
	}
	if domain == "" {
		return nil, fault.New(fault.BadInput, "mail is signed for the domain that it is from, and nobody said whom it is from")
	}
	block, _ := pem.Decode(keyPEM)
	if block == nil {
		return nil, fault.New(fault.BadInput, "the DKIM key is no private key in PEM, as openssl genpkey makes it")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, fault.New(fault.BadInput, "the DKIM key is no private key that is Ed25519 or RSA")
	}
	switch key := parsed.(type) {
	case ed25519.PrivateKey:
		return &Signer{domain, name, key}, nil
	case *rsa.PrivateKey:
		if key.N.BitLen() < leastRSA {
			return nil, fault.New(fault.BadInput, "the DKIM key has %d bits: receivers want %d at least, and 2048 is good", key.N.BitLen(), leastRSA)
		}
		return &Signer{domain, name, key}, nil
	}
	return nil, fault.New(fault.BadInput, "the DKIM key is neither Ed25519 nor RSA")
}

// Record gives the name and the text of the TXT record that has to stand in DNS.
func (s *Signer) Record() (name, text string, err error) {
	name = s.selector + "._domainkey." + s.domain
	if public, is := s.key.Public().(ed25519.PublicKey); is {
		return name, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public), nil
	}
	der, err := x509.MarshalPKIXPublicKey(s.key.Public())
	if err != nil {
		return "", "", fmt.Errorf("writing the DKIM record: %w", err)
	}
	return name, "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), nil
}

// signed are the headers that the signature covers. From and Subject stand twice, so
// that nobody adds another.
var signed = []string{
	"From", "From", "To", "Subject", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type", "Content-Language", "Auto-Submitted",
}

// sign adds the signature to a message, which is written the same each time from now on.
func (s *Signer) sign(msg *gomail.Msg) error {
	signing, err := dkim.NewSigner(&dkim.SignOptions{
		Domain: s.domain, Selector: s.selector, Signer: s.key, HeaderKeys: signed,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		return fmt.Errorf("signing a mail: %w", err)
	}
	_, err = msg.WriteTo(signing)
	if closed := signing.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("signing a mail: %w", err)
	}
	_, value, _ := strings.Cut(strings.TrimRight(signing.Signature(), "\r\n"), ":")
	msg.SetGenHeaderPreformatted("DKIM-Signature", strings.TrimSpace(value))
	return nil
}
