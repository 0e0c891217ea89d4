package keyring

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"filippo.io/edwards25519"
	"pgregory.net/rapid"
)

// TestQuickAnswersAsEd25519 has signatures of all kinds judged by both: good ones,
// and those with a bit, a byte or a part of them changed.
func TestQuickAnswersAsEd25519(t *testing.T) {
	keys := make([]*quick, 3)
	private := make([]ed25519.PrivateKey, len(keys))
	for i := range keys {
		private[i] = ed25519.NewKeyFromSeed(signer(t, byte(i)).Seed())
		keys[i] = newQuick(private[i].Public().(ed25519.PublicKey))
	}
	var good, bad int
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, len(keys)-1).Draw(t, "key")
		message := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "message")
		sig := ed25519.Sign(private[i], message)
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			switch rapid.IntRange(0, 3).Draw(t, "change") {
			case 0:
				sig[rapid.IntRange(0, 63).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			case 1:
				copy(sig[32:], plusOrder(sig[32:]))
			case 2:
				i = rapid.IntRange(0, len(keys)-1).Draw(t, "other key")
			case 3:
				message = append(message, rapid.Byte().Draw(t, "more"))
			}
		}
		want := ed25519.Verify(keys[i].public, message, sig)
		if got := keys[i].verify(message, sig); got != want {
			t.Fatalf("quick says %t, ed25519 %t: message %x, signature %x", got, want, message, sig)
		}
		if want {
			good++
		} else {
			bad++
		}
	})
	if good == 0 || bad == 0 {
		t.Errorf("%d good signatures and %d bad ones: want some of each", good, bad)
	}
}

// plusOrder adds the order of the base point to the second half of a signature,
// which leaves the equation true and must be refused: there is one S.
func plusOrder(s []byte) []byte {
	order, err := hex.DecodeString("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
	if err != nil {
		panic(err)
	}
	sum, carry := make([]byte, 32), 0
	for i := range sum {
		n := int(s[i]) + int(order[i]) + carry
		sum[i], carry = byte(n), n>>8
	}
	return sum
}

// TestQuickAtTheEdges has both judge keys, R and S at the edges of what can be
// encoded: points of small order and sums with them, encodings that are not
// canonical, no point at all, S from 0 to past the order. There, libraries differ
// (https://eprint.iacr.org/2020/1244); ours must not from the one of before.
func TestQuickAtTheEdges(t *testing.T) {
	points := edgePoints(t)
	private := ed25519.NewKeyFromSeed(signer(t, 1).Seed())
	message := []byte("a ticket")
	sig := ed25519.Sign(private, message)
	scalars := [][]byte{sig[32:], plusOrder(sig[32:]), make([]byte, 32), plusOrder(make([]byte, 32)), ofOnes(), one()}
	agreed := map[bool]int{}
	for name, key := range points {
		q := newQuick(key)
		for _, r := range points {
			for _, s := range scalars {
				agree(t, name, q, message, slices.Concat(r, s), agreed)
			}
		}
		agree(t, name, q, message, sig, agreed)
		agree(t, name, q, message, sig[:63], agreed)
		agree(t, name, q, message, nil, agreed)
		if !strings.HasPrefix(name, "small") {
			continue
		}
		for n := range 16 { // R = -[k]A and S = 0 hold for one message in eight
			for _, r := range points {
				agree(t, name, q, fmt.Append(nil, n), slices.Concat(r, make([]byte, 32)), agreed)
			}
		}
	}
	agree(t, "its own", newQuick(private.Public().(ed25519.PublicKey)), message, sig, agreed)
	if agreed[true] < 3 || agreed[false] == 0 {
		t.Errorf("%d signatures were good and %d bad: the edges are not reached", agreed[true], agreed[false])
	}
}

func agree(t *testing.T, name string, q *quick, message, sig []byte, agreed map[bool]int) {
	t.Helper()
	want := len(q.public) == ed25519.PublicKeySize && ed25519.Verify(q.public, message, sig)
	if got := q.verify(message, sig); got != want {
		t.Errorf("key %s, signature %x: quick says %t, ed25519 %t", name, sig, got, want)
	}
	agreed[want]++
}

// edgePoints gives encodings of points, and some of none.
func edgePoints(t *testing.T) map[string][]byte {
	t.Helper()
	points := map[string][]byte{"all ones": ofOnes()}
	for i, y := range smallOrder {
		for sign := range 2 {
			b := make([]byte, 0, 32)
			for _, limb := range y {
				for range 8 {
					b = append(b, byte(limb))
					limb >>= 8
				}
			}
			b[31] |= byte(sign) << 7
			points[fmt.Sprintf("small %d sign %d", i, sign)] = b
			p, err := new(edwards25519.Point).SetBytes(b)
			if err != nil {
				continue
			}
			mixed := new(edwards25519.Point).Add(p, edwards25519.NewGeneratorPoint())
			points[fmt.Sprintf("mixed %d sign %d", i, sign)] = mixed.Bytes()
		}
	}
	// The encodings of y from the prime on: y = 1 is also 2^255-18.
	for low := byte(0xed); low != 0; low++ {
		b := ofOnes()
		b[0], b[31] = low, 0x7f
		points[fmt.Sprintf("y = 2^255-%d", 256-int(low))] = b
	}
	hash := sha512.Sum512([]byte("no point, or one that nobody has the key of"))
	points["hashed"] = hash[:32]
	return points
}

func ofOnes() []byte {
	b := make([]byte, 32)
	for i := range b {
		b[i] = 0xff
	}
	return b
}

func one() []byte { return append([]byte{1}, make([]byte, 31)...) }

func TestQuickened(t *testing.T) {
	s := signer(t, 1)
	key := Key{ID: s.ID(), Public: s.Public()}
	payload := []byte("payload")
	sig := s.Sign(ProtectedEdDSA, ringAAD, payload)
	first := key.Quickened(Key{})
	for name, k := range map[string]Key{"bare": key, "quickened": first, "taken over": key.Quickened(first)} {
		if !k.Verify(ProtectedEdDSA, ringAAD, payload, sig[:]) {
			t.Errorf("%s: refuses its own signature", name)
		}
		if k.Verify(ProtectedEdDSA, "another use", payload, sig[:]) {
			t.Errorf("%s: takes a signature for another use", name)
		}
	}
	if key.Quickened(first).quick != first.quick {
		t.Error("the multiples of the same key were not taken over")
	}
	other := signer(t, 2)
	if moved := (Key{ID: s.ID(), Public: other.Public()}).Quickened(first); moved.quick == first.quick {
		t.Error("another key took over the multiples of this one")
	}
}

// BenchmarkQuick measures a check by a quickened key beside one by crypto/ed25519.
func BenchmarkQuick(b *testing.B) {
	s := signer(b, 1)
	message := make([]byte, 150)
	sig := ed25519.Sign(ed25519.NewKeyFromSeed(s.Seed()), message)
	q := newQuick(s.Public())
	q.verify(message, sig)
	b.Run("quick", func(b *testing.B) {
		for b.Loop() {
			q.verify(message, sig)
		}
	})
	b.Run("ed25519", func(b *testing.B) {
		for b.Loop() {
			ed25519.Verify(s.Public(), message, sig)
		}
	})
}
