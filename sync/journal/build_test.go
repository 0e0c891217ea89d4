package journal_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"usher/crypto/keyring"
	"usher/sync/journal"
)

// What tests hand to the parsers is written as hex of CBOR, spaces allowed, and
// signed here with the standard library alone, so that nothing of the code under
// test is used to make it.

// party is an author of the vectors.
type party struct {
	name string
	seed [32]byte
}

var (
	gate   = party{"gate", sha256.Sum256([]byte("usher journal vectors, gate"))}
	server = party{"server", sha256.Sum256([]byte("usher journal vectors, server"))}
)

func (p party) key() ed25519.PrivateKey   { return ed25519.NewKeyFromSeed(p.seed[:]) }
func (p party) public() ed25519.PublicKey { return p.key().Public().(ed25519.PublicKey) }

// node is SHA-256(public key)[0:8].
func (p party) node() []byte {
	sum := sha256.Sum256(p.public())
	return sum[:8]
}

func (p party) author(epoch uint64) *journal.Author {
	signer, err := keyring.FromSeed(p.seed[:])
	if err != nil {
		panic(err) // any 32 bytes are a seed
	}
	return &journal.Author{Signer: signer, Epoch: epoch}
}

const (
	recordAAD     = "usher-record-v1"
	checkpointAAD = "usher-checkpoint-v1"
)

// sign gives the signature over ["Signature1", h'a10127', aad, body].
func (p party) sign(aad string, body []byte) []byte {
	message := append([]byte("\x84\x6aSignature1\x43\xa1\x01\x27"), bstr([]byte(aad))...)
	return ed25519.Sign(p.key(), append(message, bstr(body)...))
}

// record is [body, sig] with the body that the parts of hex are.
func (p party) record(parts ...string) []byte {
	body := unhex(parts...)
	return sealed(body, p.sign(recordAAD, body))
}

func (p party) checkpoint(parts ...string) []byte {
	body := unhex(parts...)
	return sealed(body, p.sign(checkpointAAD, body))
}

func sealed(body, sig []byte) []byte { return join([]byte{0x82}, bstr(body), bstr(sig)) }

// bstr is a byte string of CBOR with the shortest head.
func bstr(b []byte) []byte {
	switch n := len(b); {
	case n < 24:
		return append([]byte{0x40 | byte(n)}, b...)
	case n < 1<<8:
		return append([]byte{0x58, byte(n)}, b...)
	case n < 1<<16:
		return append([]byte{0x59, byte(n >> 8), byte(n)}, b...)
	default:
		return append([]byte{0x5a, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, b...)
	}
}

func join(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func unhex(parts ...string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(parts, ""), " ", ""))
	if err != nil {
		panic(fmt.Sprintf("%v: %v", parts, err))
	}
	return b
}

// Members of the bodies below, as hex.
var (
	node  = "01 48" + hex.EncodeToString(gate.node())
	epoch = "02 00"
	one   = "03 01"
	prev  = "04 58 20" + strings.Repeat("a1", 32)
	time  = "05 1b 0000019f2e129e80" // 2026-07-04 17:00:00 UTC
	kind  = "08 01"
	empty = "09 a0"
)

// plain is the body of a record 1 that any of these may be put in place of.
func plain(members ...string) string {
	all := []string{node, epoch, one, time, kind, empty}
	for _, m := range members {
		for i := range all {
			if strings.HasPrefix(m, all[i][:2]) {
				all[i] = m
			}
		}
	}
	return fmt.Sprintf("a%x", len(all)) + strings.Join(all, "")
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }
