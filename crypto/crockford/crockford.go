// Package crockford writes bytes for people to read out and type: Douglas
// Crockford's Base32, whose 32 symbols leave out I, L, O and U.
//
// Bytes are taken as one big-endian number, with zero bits in front where they
// don't fill the first symbol, so each sequence of bytes has one text. Reading
// forgives what people do: lower case, hyphens and spaces anywhere, O for 0, I
// and L for 1.
//
// The check symbol is ours, not Crockford's: his needs five symbols more, among
// them U, which a phone's keyboard hides. A text is read as a polynomial over
// GF(32); the check symbol makes it vanish at a primitive element, so any one
// wrong symbol and any two swapped ones within 31 are noticed.
package crockford

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Alphabet holds the symbols in the order of their values.
const Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	symbolBits = 5
	invalid    = 0xff
)

// values gives the value of each character that may stand for a symbol.
var values = func() (table [256]byte) {
	for i := range table {
		table[i] = invalid
	}
	for i, c := range Alphabet {
		table[c] = byte(i)
	}
	for alias, c := range map[rune]rune{'O': '0', 'I': '1', 'L': '1'} {
		table[alias] = table[c]
	}
	for c := 'A'; c <= 'Z'; c++ {
		table[c-'A'+'a'] = table[c]
	}
	return table
}()

// EncodedLen gives the number of symbols that n bytes become.
func EncodedLen(n int) int { return (8*n + symbolBits - 1) / symbolBits }

// Encode gives the symbols of b.
func Encode(b []byte) string {
	out := make([]byte, EncodedLen(len(b)))
	var bits, n uint
	at := len(out)
	for i := len(b) - 1; i >= 0; i-- {
		bits |= uint(b[i]) << n
		for n += 8; n >= symbolBits; n -= symbolBits {
			at--
			out[at] = Alphabet[bits&31]
			bits >>= symbolBits
		}
	}
	if at > 0 {
		out[0] = Alphabet[bits&31]
	}
	return string(out)
}

// Decode gives the size bytes that symbols, as [Clean] gives them, stand for.
func Decode(symbols string, size int) ([]byte, error) {
	if want := EncodedLen(size); len(symbols) != want {
		return nil, fmt.Errorf("it has %d symbols, want %d", len(symbols), want)
	}
	out := make([]byte, size)
	var bits, n uint
	at := size
	for i := len(symbols) - 1; i >= 0; i-- {
		value := values[symbols[i]]
		if value == invalid {
			return nil, fmt.Errorf("symbol %d is in no such code", i+1)
		}
		bits |= uint(value) << n
		if n += symbolBits; n >= 8 && at > 0 {
			at--
			out[at] = byte(bits)
			bits >>= 8
			n -= 8
		}
	}
	if bits != 0 {
		return nil, fmt.Errorf("its first symbol %c is too high", symbols[0])
	}
	return out, nil
}

// Clean turns what a person typed into canonical symbols: it drops hyphens and
// white space and refuses what stands for no symbol, naming it. It refuses more
// than most symbols before it looks at them.
func Clean(typed string, most int) (string, error) {
	if len(typed) > 4*most {
		return "", fmt.Errorf("it has %d characters, want about %d", len(typed), most)
	}
	var out strings.Builder
	for i, c := range typed {
		switch {
		case strings.ContainsRune("- \t\r\n", c):
		case c >= utf8.RuneSelf || values[c] == invalid:
			return "", fmt.Errorf("character %d, %q, is in no such code", i+1, c)
		default:
			out.WriteByte(Alphabet[values[c]])
		}
	}
	return out.String(), nil
}

// Group puts a hyphen after each group of the given sizes; what is left is the
// last group.
func Group(symbols string, sizes ...int) string {
	var out strings.Builder
	for _, size := range sizes {
		if len(symbols) <= size {
			break
		}
		out.WriteString(symbols[:size] + "-")
		symbols = symbols[size:]
	}
	return out.String() + symbols
}

// Check gives the check symbol of canonical symbols.
func Check(symbols string) byte { return Alphabet[times2(remainder(symbols))] }

// Checked says whether canonical symbols end with their check symbol.
func Checked(symbols string) bool { return remainder(symbols) == 0 }

// remainder evaluates the symbols, as coefficients of a polynomial over GF(32),
// at the primitive element 2.
func remainder(symbols string) byte {
	var sum byte
	for i := range len(symbols) {
		sum = times2(sum) ^ values[symbols[i]]
	}
	return sum
}

// times2 multiplies by 2 in GF(32) with the polynomial x⁵ + x² + 1.
func times2(a byte) byte {
	const reduce = 0b100101
	a <<= 1
	if a > 31 {
		a ^= reduce
	}
	return a
}
