package play

import (
	"fmt"
	"math/big"
	"strings"
	"unicode"

	"usher/crypto/base45"
	"usher/crypto/ticket"
)

// order is the order of the group of Ed25519's base point (RFC 8032 section 5.1).
var order, _ = new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)

// variants alter a code. Where a case speaks of another encoding's alphabets or
// padding, the variant is another spelling of the same bytes in ours.
var variants = map[string]func(string) (string, error){
	"":                   func(text string) (string, error) { return text, nil },
	"flip_payload_bit":   onBytes(func(b []byte) []byte { b[len(b)-signatureSize-4] ^= 1; return b }),
	"flip_signature_bit": onBytes(func(b []byte) []byte { b[len(b)-signatureSize/2] ^= 1; return b }),
	"sig_s_plus_l":       onBytes(addOrder),
	"append_3_bytes":     onBytes(func(b []byte) []byte { return append(b, 1, 2, 3) }),
	"insert_bang":        onText(func(text string) string { return text[:20] + "!" + text[20:] }),
	// Base45 has one alphabet; small letters are the other way to write its digits.
	"other_base64_alphabet": onText(strings.ToLower),
	// Padding would be more at the end; a last group that overflows says the same.
	"toggle_padding": onText(func(text string) string { return text + "=" }),
	"swap_case":      onText(swapCase),
	"space_and_crlf": onText(func(text string) string { return " " + text + " \r\n" }),
	"eci_000026":     onText(func(text string) string { return `\000026` + text }),
	"truncate_half":  onText(func(text string) string { return text[:len(text)/2] }),
	"first_1_byte":   onBytes(func(b []byte) []byte { return b[:1] }),
	"first_4_bytes":  onBytes(func(b []byte) []byte { return b[:4] }),
	"version_255":    onText(func(text string) string { return "UT255:" + text[len(ticket.PrefixStatic):] }),
}

const signatureSize = 64

func vary(name, text string) (string, error) {
	do, known := variants[name]
	if !known {
		return "", fmt.Errorf("unknown variant %q", name)
	}
	return do(text)
}

func onText(do func(string) string) func(string) (string, error) {
	return func(text string) (string, error) { return do(text), nil }
}

// onBytes alters the bytes that a code stands for.
func onBytes(do func([]byte) []byte) func(string) (string, error) {
	return func(text string) (string, error) {
		prefix, rest := text[:len(ticket.PrefixStatic)], text[len(ticket.PrefixStatic):]
		b, err := base45.Decode(nil, rest)
		if err != nil {
			return "", fmt.Errorf("the code can't be altered: %w", err)
		}
		return prefix + base45.Encode(do(b)), nil
	}
}

// addOrder writes the signature's scalar S as S + L, which verifies the same in a
// careless library.
func addOrder(b []byte) []byte {
	s := b[len(b)-32:]
	n := new(big.Int)
	for i := range s {
		n.Lsh(n, 8).Or(n, big.NewInt(int64(s[31-i])))
	}
	n.Add(n, order)
	for i := range s {
		s[i] = byte(n.Uint64())
		n.Rsh(n, 8)
	}
	return b
}

func swapCase(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, text)
}
