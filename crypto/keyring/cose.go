package keyring

import (
	"crypto/ed25519"
	"encoding/binary"
)

// ProtectedEdDSA is the protected header {1: -8} of everything but tickets:
// algorithm EdDSA (RFC 9053 §2.2).
var ProtectedEdDSA = []byte{0xa1, 0x01, 0x27}

// onStack is the size up to which a Sig_structure is built without allocating.
// A presentation of 700 characters, the longest there may be, has 464 bytes.
const onStack = 640

// Sign signs payload as COSE_Sign1 does: over the Sig_structure
// ["Signature1", protected, aad, payload] of RFC 9052 §4.4. The external aad
// names the use and costs no bytes in what is sent.
func (s *Signer) Sign(protected []byte, aad string, payload []byte) [64]byte {
	message := appendSigStructure(make([]byte, 0, onStack), protected, aad, payload)
	return [64]byte(ed25519.Sign(s.private().key, message))
}

// Verify checks a signature made by [Signer.Sign] with the same arguments. It is
// strict as RFC 8032 §5.1.7 allows: S < L, the equation without cofactor, R
// compared as bytes. Whether pub may be a key at all is for [CheckPublic]. A pub
// or sig of the wrong length is a false, not a panic.
func Verify(pub ed25519.PublicKey, protected []byte, aad string, payload, sig []byte) bool {
	if len(pub) != ed25519.PublicKeySize {
		return false
	}
	var stack [onStack]byte
	message := appendSigStructure(stack[:0], protected, aad, payload)
	return ed25519.Verify(pub, message, sig)
}

func appendSigStructure(dst, protected []byte, aad string, payload []byte) []byte {
	const arrayOf4, textOf10 = 0x84, 0x6a
	dst = append(dst, arrayOf4, textOf10)
	dst = append(dst, "Signature1"...)
	dst = appendByteString(dst, len(protected))
	dst = append(dst, protected...)
	dst = appendByteString(dst, len(aad))
	dst = append(dst, aad...)
	dst = appendByteString(dst, len(payload))
	return append(dst, payload...)
}

// appendByteString appends the shortest head of a CBOR byte string of n bytes
// (RFC 8949 §3).
func appendByteString(dst []byte, n int) []byte {
	const major = 0x40
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n < 1<<8:
		return append(dst, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, major|27), uint64(n))
	}
}
