package keyring

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"math/big"
	"strings"
	"testing"
)

// signer gives a test key that is the same in every run.
func signer(t testing.TB, n byte) *Signer {
	t.Helper()
	s, err := FromSeed(bytes.Repeat([]byte{n}, SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKeyIDText(t *testing.T) {
	id := IDOf(signer(t, 1).Public())
	back, err := ParseKeyID(id.String())
	if err != nil || back != id {
		t.Errorf("ParseKeyID(%s) = %v, %v", id, back, err)
	}
	for _, bad := range []string{"", "4924", "49247FA7", "49247fag", "49247fa7a", strings.Repeat("a", 1000)} {
		if _, err := ParseKeyID(bad); err == nil {
			t.Errorf("ParseKeyID(%.20q) is accepted", bad)
		} else if len(err.Error()) > 100 {
			t.Errorf("ParseKeyID(%.20q): error of %d bytes", bad, len(err.Error()))
		}
	}
}

// The curve, RFC 8032 §5.1: −x² + y² = 1 + d·x²·y² over p = 2^255 − 19.
var (
	fieldP = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	curveD = func() *big.Int {
		d := new(big.Int).ModInverse(big.NewInt(121666), fieldP)
		return d.Mul(d, big.NewInt(-121665)).Mod(d, fieldP)
	}()
)

// smallOrderY derives the y of the points of order 1, 2, 4 and 8.
func smallOrderY() []*big.Int {
	mod := func(x *big.Int) *big.Int { return x.Mod(x, fieldP) }
	ys := []*big.Int{big.NewInt(0), big.NewInt(1), mod(big.NewInt(-1))}
	// A point doubles to one with y = 0 if x² = −y²: d·y⁴ + 2y² − 1 = 0.
	root := new(big.Int).ModSqrt(mod(new(big.Int).Add(curveD, big.NewInt(1))), fieldP)
	inverse := new(big.Int).ModInverse(curveD, fieldP)
	for _, r := range []*big.Int{root, new(big.Int).Neg(root)} {
		square := mod(new(big.Int).Mul(new(big.Int).Sub(r, big.NewInt(1)), inverse))
		if y := new(big.Int).ModSqrt(square, fieldP); y != nil {
			ys = append(ys, y, mod(new(big.Int).Neg(y)))
		}
	}
	return ys
}

// encodePoint gives the 32 bytes of a y, which may be p or more, and a sign.
func encodePoint(y *big.Int, sign byte) []byte {
	var b [32]byte
	y.FillBytes(b[:])
	for i := range 16 {
		b[i], b[31-i] = b[31-i], b[i]
	}
	b[31] |= sign << 7
	return b[:]
}

func TestCheckPublicSmallOrder(t *testing.T) {
	ys := smallOrderY()
	if len(ys) != len(smallOrder) {
		t.Fatalf("the curve has %d such y, the list %d", len(ys), len(smallOrder))
	}
	for _, y := range ys {
		for sign := range byte(2) {
			if err := CheckPublic(encodePoint(y, sign)); !errors.Is(err, ErrSmallOrder) {
				t.Errorf("y = %x sign %d: %v", y, sign, err)
			}
		}
	}
}

func TestCheckPublicNonCanonical(t *testing.T) {
	for extra := range int64(19) {
		y := new(big.Int).Add(fieldP, big.NewInt(extra))
		for sign := range byte(2) {
			if err := CheckPublic(encodePoint(y, sign)); !errors.Is(err, ErrNonCanonical) {
				t.Errorf("y = p+%d sign %d: %v", extra, sign, err)
			}
		}
	}
	for less := range int64(19) {
		y := new(big.Int).Sub(fieldP, big.NewInt(less+2))
		if err := CheckPublic(encodePoint(y, 0)); err != nil {
			t.Errorf("y = p-%d: %v", less+2, err)
		}
	}
}

func TestCheckPublicLengthAndGoodKeys(t *testing.T) {
	for _, n := range []int{0, 31, 33, 64} {
		if err := CheckPublic(make([]byte, n)); err == nil {
			t.Errorf("%d bytes are accepted", n)
		}
	}
	for n := range byte(64) {
		if err := CheckPublic(signer(t, n).Public()); err != nil {
			t.Errorf("key %d: %v", n, err)
		}
	}
}

func TestVerifyRefusesSPlusL(t *testing.T) {
	s := signer(t, 1)
	sig := s.Sign(ProtectedEdDSA, "use", []byte("payload"))
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	var little [32]byte
	copy(little[:], sig[32:])
	for i := range 16 {
		little[i], little[31-i] = little[31-i], little[i]
	}
	sum := new(big.Int).Add(new(big.Int).SetBytes(little[:]), order)
	malleated := append(append([]byte(nil), sig[:32]...), encodePoint(sum, 0)...)
	if !Verify(s.Public(), ProtectedEdDSA, "use", []byte("payload"), sig[:]) {
		t.Fatal("the good signature is refused")
	}
	if Verify(s.Public(), ProtectedEdDSA, "use", []byte("payload"), malleated) {
		t.Error("S+L is accepted")
	}
}

func TestVerifySeparatesUses(t *testing.T) {
	s, other := signer(t, 1), signer(t, 2)
	sig := s.Sign(ProtectedEdDSA, "use", []byte("payload"))
	for name, ok := range map[string]bool{
		"key":        Verify(other.Public(), ProtectedEdDSA, "use", []byte("payload"), sig[:]),
		"header":     Verify(s.Public(), []byte{0xa0}, "use", []byte("payload"), sig[:]),
		"aad":        Verify(s.Public(), ProtectedEdDSA, "usf", []byte("payload"), sig[:]),
		"moved byte": Verify(s.Public(), ProtectedEdDSA, "usep", []byte("ayload"), sig[:]),
		"payload":    Verify(s.Public(), ProtectedEdDSA, "use", []byte("payloae"), sig[:]),
		"short sig":  Verify(s.Public(), ProtectedEdDSA, "use", []byte("payload"), sig[:63]),
		"no key":     Verify(nil, ProtectedEdDSA, "use", []byte("payload"), sig[:]),
		"long key":   Verify(append(s.Public(), 0), ProtectedEdDSA, "use", []byte("payload"), sig[:]),
	} {
		if ok {
			t.Errorf("another %s verifies", name)
		}
	}
}

func TestVerifyDoesNotAllocate(t *testing.T) {
	s := signer(t, 1)
	pub, payload := s.Public(), make([]byte, 400)
	sig := s.Sign(ProtectedEdDSA, "usher-ticket-v1", payload)
	raw := testing.AllocsPerRun(50, func() { ed25519.Verify(pub, payload, sig[:]) })
	ours := testing.AllocsPerRun(50, func() {
		if !Verify(pub, ProtectedEdDSA, "usher-ticket-v1", payload, sig[:]) {
			t.Fatal("refused")
		}
	})
	if ours > raw {
		t.Errorf("Verify allocates %v times, ed25519.Verify %v", ours, raw)
	}
}

func TestSignPayloadOfEveryHeadLength(t *testing.T) {
	s := signer(t, 3)
	for _, n := range []int{0, 23, 24, 255, 256, 65535, 65536} {
		payload := make([]byte, n)
		sig := s.Sign(ProtectedEdDSA, "use", payload)
		if !Verify(s.Public(), ProtectedEdDSA, "use", payload, sig[:]) {
			t.Errorf("%d bytes: refused", n)
		}
	}
}
