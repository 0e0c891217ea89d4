package grant

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/crypto/crockford"
)

// PrefixRoleCard starts the text of a role card's QR code and names the format's
// version.
const PrefixRoleCard = "US1:"

const (
	roleCardContext = "usher-role-card-v1"
	// leastOfRoleCard is from how many symbols on a text with a role card's prefix is
	// one, if a garbled one.
	leastOfRoleCard = 16
)

// ErrRoleCard means that a text is meant to be a role card and can't be read. It
// holds nothing of the text.
var ErrRoleCard = errors.New("this is a role card, and the reader garbled it: its symbols don't fit; type it, or mend the scanner's keyboard layout")

// RoleCardText gives the text of a role card: its code as Crockford Base32 with a
// check symbol. It goes into a QR code in alphanumeric mode, and can be typed.
func RoleCardText(code Code) string {
	symbols := crockford.Encode(code[:])
	return PrefixRoleCard + symbols + string(crockford.Check(symbols))
}

// RoleCardHash is what is kept of a role card and travels to gates. The code has
// 128 bits, so nobody finds it by trying.
func RoleCardHash(code Code) [sha256.Size]byte {
	return sha256.Sum256(append([]byte(roleCardContext), code[:]...))
}

// IsRoleCard reports whether a text is meant to be a role card, whatever readers
// put around it and made of it: a wrong case, a colon that another keyboard layout
// types as something else, symbols lost. Such a text is a secret: it is shown to
// nobody and kept nowhere.
func IsRoleCard(text string) bool {
	_, found := roleCardBody(text)
	return found
}

// ParseRoleCard reads a role card in any case, with hyphens and spaces anywhere
// and noise before it. The error is ErrRoleCard, or says that the text is none.
func ParseRoleCard(text string) (Code, error) {
	body, found := roleCardBody(text)
	if !found {
		return Code{}, fmt.Errorf("this is no role card: it does not begin with %s", PrefixRoleCard)
	}
	symbols, err := crockford.Clean(body, crockford.EncodedLen(CodeSize)+1)
	if err != nil || len(symbols) != crockford.EncodedLen(CodeSize)+1 || !crockford.Checked(symbols) {
		return Code{}, ErrRoleCard
	}
	b, err := crockford.Decode(symbols[:len(symbols)-1], CodeSize)
	if err != nil {
		return Code{}, ErrRoleCard
	}
	return Code(b), nil
}

// roleCardBody gives what follows the prefix of a role card.
func roleCardBody(text string) (body string, found bool) {
	name := PrefixRoleCard[:len(PrefixRoleCard)-1]
	for at := 0; at+len(name) < len(text); at++ {
		if !strings.EqualFold(text[at:at+len(name)], name) {
			continue
		}
		rest := text[at+len(name):]
		mark, size := utf8.DecodeRuneInString(rest)
		if mark == '/' || mark < utf8.RuneSelf && (unicode.IsLetter(mark) || unicode.IsDigit(mark)) {
			continue // part of a word, or of an address
		}
		if body = strings.TrimSpace(rest[size:]); symbolsIn(body) >= leastOfRoleCard {
			return body, true
		}
	}
	return "", false
}

// symbolsIn counts the letters and digits that a text begins with, hyphens and
// spaces between them aside.
func symbolsIn(text string) (n int) {
	for _, c := range text {
		switch {
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			n++
		case c == '-' || c == ' ':
		default:
			return n
		}
	}
	return n
}
