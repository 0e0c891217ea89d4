package grant

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"

	"usher/crypto/canonical"
	"usher/crypto/keyring"
)

// LinkKeySize is the length of the key that links are signed with.
const LinkKeySize = 32

const (
	linkContext = "usher-link-v1"
	linkMAC     = 16 // bytes of the HMAC that travel
	maxSubject  = 64 // bytes
	maxLink     = 200
)

// Kinds of links: what whoever has one may do.
const (
	// LinkOrder opens an order's page: look, pay, leave, take the tickets.
	LinkOrder = "order"
)

// Link says what a signed link opens. Whoever has its text has what it opens, so
// the text goes to whom it is for, over TLS, and into no log.
type Link struct {
	Kind    string // one of those above
	Subject string // what it opens: an order's id
	Expires int64  // Unix s, exclusive
}

// ErrLink means a text that is no link of the key: forged, damaged, or of
// another kind. It holds nothing of the text.
var ErrLink = errors.New("this link is not one of ours, or part of it is missing")

// ErrLinkExpired means a link that was good once.
var ErrLinkExpired = errors.New("this link has expired")

// LinkKey signs links and checks them. It is a secret: printing and marshalling
// don't show it.
type LinkKey [LinkKeySize]byte

// wireLink is what a link's text says, before its MAC.
type wireLink struct {
	_       struct{} `cbor:",toarray"`
	Kind    string
	Subject string
	Expires int64
}

var (
	linkKind    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,15}$`)
	linkSubject = regexp.MustCompile(fmt.Sprintf(`^[0-9A-Za-z._-]{1,%d}$`, maxSubject))
)

// Sign gives the text of a link: letters, digits, hyphens and underscores, to be
// one step of a URL's path.
func (k LinkKey) Sign(l Link) (string, error) {
	if err := l.check(); err != nil {
		return "", err
	}
	b, err := canonical.Marshal(wireLink{Kind: l.Kind, Subject: l.Subject, Expires: l.Expires})
	if err != nil {
		return "", fmt.Errorf("writing a link: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append(b, k.mac(b)...)), nil
}

// Open reads a link of a kind, at a time in Unix seconds. A link has one
// accepted text. The error is ErrLink, or of a link of the key and kind
// ErrLinkExpired; the link is given with the latter too, so that a page can say
// more to who had a right to it.
func (k LinkKey) Open(text, kind string, now int64) (Link, error) {
	if len(text) > maxLink {
		return Link{}, ErrLink
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) <= linkMAC || base64.RawURLEncoding.EncodeToString(b) != text { // the decoder skips line breaks
		return Link{}, ErrLink
	}
	body, mac := b[:len(b)-linkMAC], b[len(b)-linkMAC:]
	if !hmac.Equal(k.mac(body), mac) {
		return Link{}, ErrLink
	}
	var w wireLink
	if err := canonical.Unmarshal(body, &w); err != nil {
		return Link{}, ErrLink
	}
	l := Link{Kind: w.Kind, Subject: w.Subject, Expires: w.Expires}
	switch {
	case l.check() != nil || l.Kind != kind:
		return Link{}, ErrLink
	case now >= l.Expires:
		return l, ErrLinkExpired
	}
	return l, nil
}

func (l Link) check() error {
	switch {
	case !linkKind.MatchString(l.Kind):
		return fmt.Errorf("kind %.40q of a link: want small letters, digits and hyphens, 16 at most", l.Kind)
	case !linkSubject.MatchString(l.Subject):
		return fmt.Errorf("subject %.80q of a link: want letters, digits, '.', '_' and '-', %d at most", l.Subject, maxSubject)
	case l.Expires <= 0 || l.Expires > keyring.MaxTime:
		return fmt.Errorf("expiry %d of a link: want a time in Unix seconds", l.Expires)
	}
	return nil
}

func (k LinkKey) mac(body []byte) []byte {
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte(linkContext))
	h.Write(body)
	return h.Sum(nil)[:linkMAC]
}

const redactedLinkKey = "redacted link key"

// String doesn't show the key.
func (k LinkKey) String() string { return redactedLinkKey }

// GoString is [LinkKey.String], for %#v.
func (k LinkKey) GoString() string { return redactedLinkKey }

// Format writes [LinkKey.String] whatever the verb and flags.
func (k LinkKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedLinkKey) }

// LogValue is [LinkKey.String], for slog.
func (k LinkKey) LogValue() slog.Value { return slog.StringValue(redactedLinkKey) }

// MarshalText is [LinkKey.String], for JSON and the like; it can't be read back.
func (k LinkKey) MarshalText() ([]byte, error) { return []byte(redactedLinkKey), nil }
