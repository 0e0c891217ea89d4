package ticket

import (
	"strings"
	"unicode"
)

// eciUTF8 is how readers that report the character set announce UTF-8 (ECI 26).
const eciUTF8 = `\000026`

// CleanInput takes off what readers put around a code: leading white space and
// byte order mark, an AIM symbology identifier such as "]Q1", an ECI prefix, and
// CR, LF, TAB and spaces at the end. It changes nothing inside, because space is
// a Base45 digit; that is safe because a token starts with U and its last
// character is never a space.
func CleanInput(text string) string {
	text = trimStart(text)
	if isSymbology(text) {
		text = trimStart(text[3:])
	}
	text = trimStart(strings.TrimPrefix(text, eciUTF8))
	return strings.TrimRight(text, "\r\n\t ")
}

func trimStart(text string) string {
	const byteOrderMark = '\ufeff'
	return strings.TrimLeftFunc(text, func(c rune) bool { return unicode.IsSpace(c) || c == byteOrderMark })
}

// isSymbology recognises a QR code's symbology identifier, ]Q0 to ]Q6 (ISO/IEC
// 15424).
func isSymbology(text string) bool {
	return len(text) >= 3 && text[:2] == "]Q" && text[2] >= '0' && text[2] <= '6'
}
