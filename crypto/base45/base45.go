// Package base45 is the text encoding of RFC 9285: two bytes become three
// characters of the set a QR code packs densest, a last single byte two.
//
// It accepts exactly one text for every sequence of bytes: upper case only, no
// group that overflows, no length that encoding can't give. Space is a digit, so
// a text must never be trimmed inside.
package base45

import (
	"fmt"
)

// Alphabet holds the digits in the order of their values.
const Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

const (
	base    = uint32(len(Alphabet))
	invalid = 0xff
)

// values gives the value of each character, or invalid.
var values = func() (table [256]byte) {
	for i := range table {
		table[i] = invalid
	}
	for i := range len(Alphabet) {
		table[Alphabet[i]] = byte(i)
	}
	return table
}()

// Fault says what is wrong with a text.
type Fault int

// The ways in which a text is no Base45.
const (
	Charset  Fault = iota + 1 // a character outside the alphabet
	Overflow                  // a group that stands for more than its bytes hold
	Length                    // one character too many or too few
)

// Error is the only kind of error that [Decode] returns.
type Error struct {
	Fault  Fault
	Offset int // of the character, or of the first of the group, in the text
}

// Error says what is wrong and where, counting characters from 1.
func (e *Error) Error() string {
	switch e.Fault {
	case Charset:
		return fmt.Sprintf("character %d is not of the Base45 alphabet", e.Offset+1)
	case Overflow:
		return fmt.Sprintf("the Base45 group at character %d overflows", e.Offset+1)
	}
	return "the Base45 text ends in the middle of a group"
}

// EncodedLen gives the number of characters that n bytes become.
func EncodedLen(n int) int { return n/2*3 + n%2*2 }

// DecodedLen gives the number of bytes that n characters become.
func DecodedLen(n int) int { return n/3*2 + n%3/2 }

// Append appends the text of src to dst.
func Append(dst, src []byte) []byte {
	for len(src) >= 2 {
		n := uint32(src[0])<<8 | uint32(src[1])
		dst = append(dst, Alphabet[n%base], Alphabet[n/base%base], Alphabet[n/base/base])
		src = src[2:]
	}
	if len(src) == 1 {
		n := uint32(src[0])
		dst = append(dst, Alphabet[n%base], Alphabet[n/base])
	}
	return dst
}

// Encode gives the text of src.
func Encode(src []byte) string {
	return string(Append(make([]byte, 0, EncodedLen(len(src))), src))
}

// Decode appends the bytes of text to dst, with the one allocation that a dst
// without room needs. The error, if any, is an [*Error].
func Decode(dst []byte, text string) ([]byte, error) {
	whole := len(text) - len(text)%3
	for i := 0; i < whole; i += 3 {
		a, b, c := values[text[i]], values[text[i+1]], values[text[i+2]]
		if a == invalid || b == invalid || c == invalid {
			return nil, charset(text, i)
		}
		n := uint32(a) + base*uint32(b) + base*base*uint32(c)
		if n > 0xffff {
			return nil, &Error{Overflow, i}
		}
		dst = append(dst, byte(n>>8), byte(n))
	}
	return decodeTail(dst, text, whole)
}

func decodeTail(dst []byte, text string, at int) ([]byte, error) {
	tail := text[at:]
	for i := range len(tail) {
		if values[tail[i]] == invalid {
			return nil, charset(text, at)
		}
	}
	switch len(tail) {
	case 0:
		return dst, nil
	case 1:
		return nil, &Error{Length, at}
	}
	n := uint32(values[tail[0]]) + base*uint32(values[tail[1]])
	if n > 0xff {
		return nil, &Error{Overflow, at}
	}
	return append(dst, byte(n)), nil
}

// charset names the first character from at on that is not of the alphabet.
func charset(text string, at int) *Error {
	for values[text[at]] != invalid {
		at++
	}
	return &Error{Charset, at}
}
