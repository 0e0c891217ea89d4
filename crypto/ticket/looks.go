package ticket

import (
	"strings"

	"usher/crypto/base45"
)

// Looks is what a text that is no good ticket seems to be: a stable word.
type Looks string

// What a text may look like.
const (
	LooksEmpty     Looks = "empty"
	LooksTicket    Looks = "ticket"     // the shape is right: something else is wrong
	LooksCutShort  Looks = "cut-short"  // the start of a ticket
	LooksLowerCase Looks = "lower-case" // a ticket, typed or sent in lower case
	LooksKeyboard  Looks = "keyboard"   // a ticket, garbled by a reader set to another keyboard layout
	LooksNewer     Looks = "newer"      // a version that this usher doesn't know
	LooksCard      Looks = "card"       // a gate's enrolment card
	LooksURL       Looks = "url"
	LooksOther     Looks = "other" // some other code
)

// Hint says it in a sentence for the person at the door.
func (l Looks) Hint() string {
	switch l {
	case LooksEmpty:
		return "The code is empty."
	case LooksTicket:
		return "It has the shape of a ticket, but is damaged or not genuine."
	case LooksCutShort:
		return "It is the start of a ticket, cut short. Scan it again."
	case LooksLowerCase:
		return "It is a ticket in lower case. Set the reader to send upper case, or switch off caps lock."
	case LooksKeyboard:
		return "The reader is set to another keyboard layout than this device."
	case LooksNewer:
		return "It is a newer kind of ticket. This gate needs an update."
	case LooksCard:
		return "It is an enrolment card for a gate, not a ticket."
	case LooksURL:
		return "It is a web address, not a ticket."
	}
	return "It is some other code, not a ticket."
}

// LooksLike says what a refused text, already clean, seems to be. It is a guess
// for a screen, never a reason to let anyone in.
func LooksLike(text string) Looks {
	upper := strings.ToUpper(text[:min(len(text), MaxChars)])
	switch {
	case text == "":
		return LooksEmpty
	case hasPrefix(text):
		return looksInside(text)
	case hasPrefix(upper):
		return LooksLowerCase
	case isNewer(upper):
		return LooksNewer
	case strings.HasPrefix(upper, "UE1:"):
		return LooksCard
	case strings.Contains(upper, "://") || strings.HasPrefix(upper, "WWW."):
		return LooksURL
	case isGarbled(upper):
		return LooksKeyboard
	case strings.HasPrefix(PrefixStatic, text) || strings.HasPrefix(PrefixPresentation, text):
		return LooksCutShort
	}
	return LooksOther
}

func hasPrefix(text string) bool {
	return strings.HasPrefix(text, PrefixStatic) || strings.HasPrefix(text, PrefixPresentation)
}

// looksInside judges what follows a good prefix.
func looksInside(text string) Looks {
	body := text[prefixLen:]
	outside := strings.TrimLeft(body, base45.Alphabet)
	switch {
	case outside == "":
		return looksComplete(text, body)
	case strings.TrimLeft(strings.ToUpper(body), base45.Alphabet) == "":
		return LooksLowerCase
	}
	return LooksKeyboard
}

// looksComplete tells a text that ends too early from one that is otherwise
// wrong.
func looksComplete(text, body string) Looks {
	raw, err := base45.Decode(nil, body)
	if err != nil { // a text cut anywhere may end in a group that overflows
		raw, err = base45.Decode(nil, body[:len(body)-len(body)%3])
	}
	if err != nil || len(text) > MaxChars {
		return LooksTicket
	}
	c := cursor{b: raw, end: len(raw)}
	if strings.HasPrefix(text, PrefixPresentation) {
		c.presentation()
	}
	if c.err == nil {
		c.envelope()
	}
	if c.cut {
		return LooksCutShort
	}
	return LooksTicket
}

// isNewer recognises UT and UP with another number.
func isNewer(upper string) bool {
	if !strings.HasPrefix(upper, "UT") && !strings.HasPrefix(upper, "UP") {
		return false
	}
	digits := strings.TrimLeft(upper[2:], "0123456789")
	return len(digits) < len(upper)-2 && strings.HasPrefix(digits, ":")
}

// isGarbled recognises a token through a keyboard of another layout. Letters of
// the prefix stay what they are on all but a few; the digit may come without its
// shift, the colon becomes a letter of the country.
func isGarbled(upper string) bool {
	const shortest = 100 // characters; less is some other code
	if len(upper) < shortest || !strings.HasPrefix(upper, "UT") && !strings.HasPrefix(upper, "UP") {
		return false
	}
	third := []rune(upper)[2]
	return third == '1' || third == '&' || third == '!' || third == '+'
}
