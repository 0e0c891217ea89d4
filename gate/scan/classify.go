package scan

import (
	"strings"

	"usher/crypto/grant"
	"usher/crypto/ticket"
)

// Kind is what an input is, as far as its text tells.
type Kind string

// The kinds of input.
const (
	// Token is a ticket's text, "UT1:…" or "UP1:…", to be verified.
	Token Kind = "token"
	// ShortCode is a ticket's id as people type it, to be looked up in the roster.
	ShortCode Kind = "short_code"
	// RoleCard is what somebody signs in with. It is a secret: its text is not given.
	RoleCard Kind = "role_card"
	// Other is none of these; Looks says what it resembles.
	Other Kind = "other"
)

// Input is a text from any input and what it is.
type Input struct {
	Kind  Kind
	Text  string       // without the noise of readers; of a Token, what ticket.Verify takes
	ID    ticket.ID    // of a ShortCode
	Looks ticket.Looks // of an Other

	// Mistyped is set on an Other that would be a short code but for a symbol
	// wrong, missing or too many.
	Mistyped bool
}

// Classify tells tickets, short codes, role cards and other things apart. It is no judgement:
// a Token may turn out to be malformed or forged.
func Classify(text string) Input {
	in := Input{Text: ticket.CleanInput(text)}
	if strings.HasPrefix(in.Text, ticket.PrefixStatic) || strings.HasPrefix(in.Text, ticket.PrefixPresentation) {
		in.Kind = Token
		return in
	}
	if grant.IsRoleCard(in.Text) {
		return Input{Kind: RoleCard}
	}
	if id, err := ticket.ParseShort(in.Text); err == nil {
		in.Kind, in.ID = ShortCode, id
		return in
	}
	in.Kind, in.Looks, in.Mistyped = Other, ticket.LooksLike(in.Text), nearlyShort(in.Text)
	return in
}

// nearlyShort reports whether somebody seems to have meant a short code: about as
// many letters and digits, and nothing but hyphens and spaces between.
func nearlyShort(text string) bool {
	const symbols, slips = 14, 2
	n := 0
	for i := range len(text) {
		switch c := text[i] | 0x20; {
		case '0' <= text[i] && text[i] <= '9', 'a' <= c && c <= 'z':
			n++
		case text[i] == '-' || text[i] == ' ':
		default:
			return false
		}
	}
	return n >= symbols-slips && n <= symbols+slips
}
