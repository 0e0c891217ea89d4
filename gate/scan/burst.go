package scan

import (
	"errors"
	"strings"

	"usher/crypto/base45"
	"usher/crypto/keyring"
	"usher/crypto/ticket"
)

// suffixLook is how far behind the longest ticket a suffix is looked for, so that
// what a burst costs grows no faster than its length.
const suffixLook = 16

// Burst finds the ticket in what a hand-held reader typed in one go. Readers put
// prefixes and suffixes of their owners' choice around a code, a key pressed by
// hand may come just before it, and so may another code whose end got lost. None of
// that is the code's, so Burst gives the last whole ticket: a text that has a
// ticket's prefix and envelope from its first byte to its last. A suffix has to
// begin with a character that no ticket has.
//
// A ticket can hold the letters of a prefix by chance, about one in ten thousand
// does, so a prefix alone says nothing. Without a whole ticket Burst gives all
// from the first prefix on, for what is wrong with it to be said, or without a
// prefix the text as it is; both without the noise that Wedge takes off.
func Burst(keys string) string {
	text := cleaned(keys)
	first := nextPrefix(text, 0)
	if first < 0 {
		return text
	}
	found := text[first:]
	for at := first; at >= 0; at = nextPrefix(text, at+1) {
		if token := upToSuffix(text[at:min(at+ticket.MaxChars+suffixLook, len(text))]); whole(token) {
			found = token
		}
	}
	return found
}

// nextPrefix is where the next ticket's prefix at or after from is, or -1.
func nextPrefix(text string, from int) int {
	for at := from; at < len(text); at++ {
		if rest := text[at:]; strings.HasPrefix(rest, ticket.PrefixStatic) || strings.HasPrefix(rest, ticket.PrefixPresentation) {
			return at
		}
	}
	return -1
}

// upToSuffix cuts a text before its first character that is not in a ticket, and
// takes off spaces at the end, which no ticket has there.
func upToSuffix(text string) string {
	if end := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune(base45.Alphabet, r) }); end >= 0 {
		text = text[:end]
	}
	return strings.TrimRight(text, " ")
}

// whole reports whether nothing is missing from a ticket and nothing too much:
// its envelope is read to the end before its key is asked for.
func whole(text string) bool {
	_, err := ticket.Verify(text, noKeys{})
	return errors.Is(err, ticket.ReasonKid)
}

// noKeys is a ring without keys.
type noKeys struct{}

func (noKeys) Key(keyring.KeyID) (keyring.Key, bool) { return keyring.Key{}, false }
