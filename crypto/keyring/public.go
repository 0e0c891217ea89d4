package keyring

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
)

var (
	// ErrNonCanonical means a public key whose y is p or more: a second
	// encoding of a point that already has one.
	ErrNonCanonical = errors.New("public key is not canonically encoded")
	// ErrSmallOrder means a public key of order 8 or less, under which one
	// signature verifies for many messages.
	ErrSmallOrder = errors.New("public key is of small order")
)

// coordinate is the y of an encoded point as four little-endian words, without
// the sign bit of x.
type coordinate [4]uint64

// prime is p = 2^255 − 19 (RFC 8032 §5.1).
var prime = coordinate{0xffffffffffffffed, 0xffffffffffffffff, 0xffffffffffffffff, 0x7fffffffffffffff}

// smallOrder lists the y of the eight points of order 1, 2, 4 and 8: 1, −1, 0,
// and the two y with d·y⁴ + 2y² = 1 of the order-8 points (whose doubles have
// y = 0). With the sign bit ignored this also covers the two encodings that give
// x = 0 a sign. A test derives them from the curve equation.
var smallOrder = [...]coordinate{
	{0, 0, 0, 0},
	{1, 0, 0, 0},
	{0xffffffffffffffec, 0xffffffffffffffff, 0xffffffffffffffff, 0x7fffffffffffffff},
	{0xb027b2c28f95e826, 0xf098eff289f4c345, 0x3933c6d305acdfd5, 0x05fc536d880238b1},
	{0x4fd84d3d706a17c7, 0x0f67100d760b3cba, 0xc6cc392cfa53202a, 0x7a03ac9277fdc74e},
}

// CheckPublic refuses what must never be taken for a key of an issuer, a node
// or a ticket holder: a wrong length, an encoding that is not canonical
// ([ErrNonCanonical]), and points of small order ([ErrSmallOrder]).
//
// It doesn't solve the curve equation: a y that belongs to no point passes, and
// then verifies nothing.
func CheckPublic(pub []byte) error {
	if len(pub) != ed25519.PublicKeySize {
		return fmt.Errorf("public key has %d bytes, want %d", len(pub), ed25519.PublicKeySize)
	}
	y := yOf(pub)
	if !y.less(prime) {
		return ErrNonCanonical
	}
	for _, weak := range smallOrder {
		if y == weak {
			return ErrSmallOrder
		}
	}
	return nil
}

func yOf(pub []byte) coordinate {
	const signBit = 1 << 63
	return coordinate{
		binary.LittleEndian.Uint64(pub[0:]),
		binary.LittleEndian.Uint64(pub[8:]),
		binary.LittleEndian.Uint64(pub[16:]),
		binary.LittleEndian.Uint64(pub[24:]) &^ signBit,
	}
}

func (c coordinate) less(other coordinate) bool {
	for i := len(c) - 1; i >= 0; i-- {
		if c[i] != other[i] {
			return c[i] < other[i]
		}
	}
	return false
}
