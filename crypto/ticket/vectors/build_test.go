package vectors

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"

	"usher/crypto/base45"
	"usher/crypto/keyring"
)

// The rest of the hostile set is written as hex of CBOR, spaces allowed, so that
// nothing of the encoder under test is used to make it.

// now is the clock of the hostile set.
const now = 1798741850

var (
	issuer  = seeded("usher hostile set, issuer A      ")
	rival   = seeded("usher hostile set, issuer B      ")
	holder  = seeded("usher hostile set, holder 1      ")
	holder2 = seeded("usher hostile set, holder 2      ")
)

const (
	aud      = "03 64 45563236"
	cti      = "07 48 d14e90226b73f508"
	smallest = "a2 " + aud + cti // the smallest claims
)

// made is a vector as the tables below write it.
type made struct {
	id     string
	token  string
	reason string // "" for accept
	ctx    map[string]any
}

func seeded(text string) *keyring.Signer {
	s, err := keyring.FromSeed([]byte(text)[:keyring.SeedSize])
	if err != nil {
		panic(err)
	}
	return s
}

func unhex(parts ...string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(parts, ""), " ", ""))
	if err != nil {
		panic(fmt.Sprintf("%v: %v", parts, err))
	}
	return b
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// bstr writes a byte string with the shortest head.
func bstr(b []byte) string {
	switch n := len(b); {
	case n < 24:
		return fmt.Sprintf("%02x%x", 0x40+n, b)
	case n < 256:
		return fmt.Sprintf("58%02x%x", n, b)
	default:
		return fmt.Sprintf("59%04x%x", n, b)
	}
}

func protectedOf(s *keyring.Signer) []byte {
	id := s.ID()
	return append(unhex("a201270444"), id[:]...)
}

// signed gives the parts of a ticket that the issuer signed.
func signed(payload []byte) (protected, sig []byte) {
	protected = protectedOf(issuer)
	s := issuer.Sign(protected, ticketAAD, payload)
	return protected, s[:]
}

// ticketOf gives a ticket with any payload, well signed.
func ticketOf(payload ...string) []byte {
	b := unhex(payload...)
	protected, sig := signed(b)
	return unhex("84", bstr(protected), "a0", bstr(b), bstr(sig))
}

// headed gives a ticket with any protected header, well signed over it.
func headed(protected ...string) []byte {
	p, payload := unhex(protected...), unhex(smallest)
	sig := issuer.Sign(p, ticketAAD, payload)
	return unhex("84", bstr(p), "a0", bstr(payload), bstr(sig[:]))
}

func static(ticket []byte) string { return "UT1:" + base45.Encode(ticket) }

func dynamic(presentation []byte) string { return "UP1:" + base45.Encode(presentation) }

func staticOf(payload ...string) string { return static(ticketOf(payload...)) }

// okp is a good holder's key, cnfOf the claim with it.
func okp(x []byte) string { return "a3 01 01 20 06 21" + bstr(x) }

func cnfOf(x []byte) string { return "08 a1 01 " + okp(x) }

// boundTo gives a ticket that is bound to a key.
func boundTo(x []byte) []byte { return ticketOf("a3", aud, cti, cnfOf(x)) }

// proved gives a presentation with any elements after the ticket, whose proof is
// the key's over exactly them.
func proved(ticket []byte, key *keyring.Signer, elements ...string) []byte {
	items := []string{"82", "83", "84", "85"}
	body := bstr(ticket) + strings.Join(elements, "")
	proof := key.Sign(keyring.ProtectedEdDSA, proofAAD, unhex(items[len(elements)-1], body))
	return unhex(items[len(elements)], body, bstr(proof[:]))
}

// at writes a time.
func at(unix int64) string { return fmt.Sprintf("1a%08x", unix) }

// plusL adds the order of the group to the S of a signature.
func plusL(sig []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := new(big.Int).SetBytes(reversed(sig[32:]))
	var sum [32]byte
	s.Add(s, order).FillBytes(sum[:])
	return append(bytes.Clone(sig[:32]), reversed(sum[:])...)
}

func reversed(b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[len(b)-1-i] = b[i]
	}
	return out
}

// keyOf describes a key for a context; change alters it.
func keyOf(s *keyring.Signer, change map[string]any) map[string]any {
	k := map[string]any{
		"name": "A", "pub": hexOf(s.Public()), "kid": s.ID().String(),
		"aud": "EV26", "nbf": now - 1000, "exp": now + 1000, "revoked": false,
	}
	for name, value := range change {
		k[name] = value
	}
	return k
}

func keys(list ...map[string]any) map[string]any { return map[string]any{"keys": list} }
