package grant

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/crypto/base45"
	"usher/crypto/canonical"
	"usher/crypto/crockford"
	"usher/crypto/keyring"
)

// PrefixCard starts the text of a card's QR code and names the format's version.
const PrefixCard = "UE1:"

// Limits of a card's fields.
const (
	MaxServer = 200  // bytes of the server's address
	MaxGate   = 64   // bytes of a gate's name
	maxText   = 1500 // characters of a card's text

	digestSize   = len(Presented{}.PinsDigest)
	checksumSize = 1
	typedSize    = CodeSize + digestSize + checksumSize
	typedContext = "usher-card-v1"
	groupSize    = 4
)

// Card is an invitation to one gate, as the server makes it.
type Card struct {
	Server  string       // address: http or https, a host, perhaps a path
	Pins    keyring.Pins // of the organiser's roots
	Event   string       // the event's code
	Gate    string
	Role    Role
	Code    Code
	Expires int64 // Unix seconds, exclusive
}

// Presented is a card as a gate gets it. Of a typed card only Code and PinsDigest
// are known: the server's address is asked for, the rest comes from the server.
type Presented struct {
	Code       Code
	PinsDigest [10]byte
	Typed      bool

	Server  string
	Pins    keyring.Pins
	Event   string
	Gate    string
	Role    Role
	Expires int64 // Unix seconds, exclusive; 0 if typed
}

type wireCard struct {
	Server  string   `cbor:"1,keyasint"`
	Pins    [][]byte `cbor:"2,keyasint"`
	Event   string   `cbor:"3,keyasint"`
	Gate    string   `cbor:"4,keyasint"`
	Role    Role     `cbor:"5,keyasint"`
	Code    []byte   `cbor:"6,keyasint"`
	Expires int64    `cbor:"7,keyasint"`
}

// Check refuses a card that no gate would read.
func (c Card) Check() error {
	if err := checkServer(c.Server); err != nil {
		return err
	}
	if err := checkPins(c.Pins); err != nil {
		return err
	}
	if err := keyring.CheckEvent(c.Event); err != nil {
		return err
	}
	if c.Gate == "" || len(c.Gate) > MaxGate || !printable(c.Gate) {
		return fmt.Errorf("gate %.80q: want 1 to %d bytes of printable text", c.Gate, MaxGate)
	}
	if _, err := ParseRole(string(c.Role)); err != nil {
		return err
	}
	if c.Expires <= 0 || c.Expires > keyring.MaxTime {
		return fmt.Errorf("expiry %d: want a time in Unix seconds", c.Expires)
	}
	return nil
}

func checkServer(address string) error {
	if len(address) > MaxServer {
		return fmt.Errorf("server address has %d bytes, want at most %d", len(address), MaxServer)
	}
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("server address: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return fmt.Errorf("server address %q: want http://HOST or https://HOST", address)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.String() != address {
		return fmt.Errorf("server address: want a host and perhaps a path, nothing else")
	}
	return nil
}

func checkPins(pins keyring.Pins) error {
	if n := len(pins); n == 0 || n > keyring.MaxRoots {
		return fmt.Errorf("%d pins, want 1 to %d", n, keyring.MaxRoots)
	}
	for i := 1; i < len(pins); i++ {
		if bytes.Compare(pins[i-1][:], pins[i][:]) >= 0 {
			return errors.New("the pins are not sorted, or two are one")
		}
	}
	return nil
}

func printable(text string) bool {
	for _, c := range text {
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			return false
		}
	}
	return true
}

// Text gives the card for a QR code in alphanumeric mode. The card must pass
// [Card.Check], or no gate will read it.
func (c Card) Text() string {
	w := wireCard{
		Server: c.Server, Event: c.Event, Gate: c.Gate, Role: c.Role,
		Code: c.Code[:], Expires: c.Expires,
	}
	for i := range c.Pins {
		w.Pins = append(w.Pins, c.Pins[i][:])
	}
	b, err := canonical.Marshal(w)
	if err != nil {
		panic("grant: texts and byte strings don't encode: " + err.Error())
	}
	return PrefixCard + base45.Encode(b)
}

// Typed gives what a person types where the QR code can't be read: 44 symbols of
// Crockford Base32 in groups of 4, which are the code, the digest of the pins and
// a checksum.
func (c Card) Typed() string {
	digest := c.Pins.Digest()
	b := append(c.Code[:], digest[:]...)
	b = append(b, checksum(b))
	symbols := crockford.Encode(b)
	var groups []string
	for ; len(symbols) > 0; symbols = symbols[groupSize:] {
		groups = append(groups, symbols[:groupSize])
	}
	return strings.Join(groups, "-")
}

func checksum(b []byte) byte {
	return sha256.Sum256(append([]byte(typedContext), b...))[0]
}

// ParseCard reads a card in either form. White space around it is forgiven; the
// typed form may be in any case, with hyphens and spaces anywhere. Whether it has
// expired is for the caller, who has a clock, and for the server to say.
func ParseCard(text string) (Presented, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxText {
		return Presented{}, fmt.Errorf("enrolment card: it has %d characters, want at most %d", len(text), maxText)
	}
	parse := parseTyped
	if strings.Contains(text, ":") {
		parse = parseText
	}
	p, err := parse(text)
	if err != nil {
		return Presented{}, fmt.Errorf("enrolment card: %w", err)
	}
	return p, nil
}

func parseTyped(text string) (Presented, error) {
	symbols, err := crockford.Clean(text, crockford.EncodedLen(typedSize))
	if err != nil {
		return Presented{}, err
	}
	b, err := crockford.Decode(symbols, typedSize)
	if err != nil {
		return Presented{}, err
	}
	if content := b[:typedSize-checksumSize]; checksum(content) != b[len(content)] {
		return Presented{}, errors.New("mistyped, its last symbols don't fit")
	}
	p := Presented{Code: Code(b[:CodeSize]), Typed: true}
	copy(p.PinsDigest[:], b[CodeSize:])
	return p, nil
}

func parseText(text string) (Presented, error) {
	body, ok := strings.CutPrefix(text, PrefixCard)
	if !ok {
		return Presented{}, fmt.Errorf("it starts with %.8q, want %s", text, PrefixCard)
	}
	b, err := base45.Decode(nil, body)
	if err != nil {
		return Presented{}, err
	}
	var w wireCard
	if err := canonical.Unmarshal(b, &w); err != nil {
		return Presented{}, err
	}
	card, err := w.card()
	if err != nil {
		return Presented{}, err
	}
	if err := card.Check(); err != nil {
		return Presented{}, err
	}
	return Presented{
		Code: card.Code, PinsDigest: card.Pins.Digest(),
		Server: card.Server, Pins: card.Pins, Event: card.Event, Gate: card.Gate,
		Role: card.Role, Expires: card.Expires,
	}, nil
}

func (w wireCard) card() (Card, error) {
	if len(w.Code) != CodeSize {
		return Card{}, fmt.Errorf("its code has %d bytes, want %d", len(w.Code), CodeSize)
	}
	c := Card{
		Server: w.Server, Event: w.Event, Gate: w.Gate, Role: w.Role,
		Code: Code(w.Code), Expires: w.Expires,
	}
	for _, pin := range w.Pins {
		if len(pin) != sha256.Size {
			return Card{}, fmt.Errorf("a pin has %d bytes, want %d", len(pin), sha256.Size)
		}
		c.Pins = append(c.Pins, [32]byte(pin))
	}
	return c, nil
}
