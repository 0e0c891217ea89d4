package keyring

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"usher/crypto/canonical"
)

// cheap keeps the tests quick.
var cheap = Params{Time: 1, KiB: 64, Threads: 1}

func TestSealThenOpen(t *testing.T) {
	s := signer(t, 1)
	sealed, err := Seal(rand.Reader, []byte("correct horse"), s, cheap)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, s.Seed()) {
		t.Error("the seed is in the sealed key")
	}
	got, err := Open([]byte("correct horse"), sealed, s.ID())
	if err != nil || !bytes.Equal(got.Seed(), s.Seed()) {
		t.Fatalf("opened: %v, %v", got, err)
	}
	if _, err := Open([]byte("correct house"), sealed, s.ID()); !errors.Is(err, ErrPassphrase) {
		t.Errorf("another passphrase: %v", err)
	}
	if _, err := Open([]byte("correct horse"), sealed, signer(t, 2).ID()); !errors.Is(err, ErrPassphrase) {
		t.Errorf("another id: %v", err)
	}
}

func TestSealDefaultParams(t *testing.T) {
	s := signer(t, 1)
	sealed, err := Seal(rand.Reader, []byte("x"), s, DefaultParams)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open([]byte("x"), sealed, s.ID()); err != nil {
		t.Error(err)
	}
}

func TestSealDrawsAnew(t *testing.T) {
	s := signer(t, 1)
	one, err := Seal(rand.Reader, []byte("x"), s, cheap)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Seal(rand.Reader, []byte("x"), s, cheap)
	if err != nil || bytes.Equal(one, two) {
		t.Errorf("sealed twice alike, %v", err)
	}
}

func TestSealRefuses(t *testing.T) {
	s := signer(t, 1)
	if _, err := Seal(rand.Reader, nil, s, cheap); err == nil {
		t.Error("sealed without a passphrase")
	}
	if _, err := Seal(strings.NewReader("too little"), []byte("x"), s, cheap); err == nil {
		t.Error("sealed without randomness")
	}
	for _, p := range []Params{{}, {0, 64, 1}, {11, 64, 1}, {1, 64, 0}, {1, 7, 1}, {1, 1<<20 + 1, 1}, {1, 64, 65}, {1, 64, 16}} {
		if _, err := Seal(rand.Reader, []byte("x"), s, p); err == nil {
			t.Errorf("sealed with %+v", p)
		}
	}
}

// TestOpenRefusesBeforeItSpends names costs that would take minutes or all
// memory: a test that ends quickly shows that they weren't spent.
func TestOpenRefusesBeforeItSpends(t *testing.T) {
	good := wireSealed{
		Version: 1, Salt: make([]byte, 16), Params: wireParams{Time: 1, KiB: 64, Threads: 1},
		Nonce: make([]byte, 24), Ciphertext: make([]byte, 48),
	}
	for name, spoil := range map[string]func(*wireSealed){
		"11 passes":        func(w *wireSealed) { w.Params.Time = 11 },
		"4 billion passes": func(w *wireSealed) { w.Params.Time = 1<<32 - 1 },
		"no pass":          func(w *wireSealed) { w.Params.Time = 0 },
		"more than 1 GiB":  func(w *wireSealed) { w.Params.KiB = 1<<20 + 1 },
		"4 TiB":            func(w *wireSealed) { w.Params.KiB = 1<<32 - 1 },
		"no lane":          func(w *wireSealed) { w.Params.Threads = 0 },
		"255 lanes":        func(w *wireSealed) { w.Params.Threads = 255 },
		"version 2":        func(w *wireSealed) { w.Version = 2 },
		"short salt":       func(w *wireSealed) { w.Salt = w.Salt[1:] },
		"short nonce":      func(w *wireSealed) { w.Nonce = w.Nonce[:12] },
		"long ciphertext":  func(w *wireSealed) { w.Ciphertext = make([]byte, 49) },
		"far too long":     func(w *wireSealed) { w.Ciphertext = make([]byte, 4096) },
		"no ciphertext":    func(w *wireSealed) { w.Ciphertext = nil },
	} {
		w := good
		spoil(&w)
		b, err := canonical.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open([]byte("x"), b, KeyID{}); err == nil || errors.Is(err, ErrPassphrase) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOpenWantsTheKeyItWasAskedFor seals another key under an id, as somebody
// who has the passphrase could.
func TestOpenWantsTheKeyItWasAskedFor(t *testing.T) {
	s, other := signer(t, 1), signer(t, 2)
	w := wireSealed{
		Version: 1, Salt: make([]byte, 16), Params: wireParams{Time: 1, KiB: 64, Threads: 1},
		Nonce: make([]byte, 24),
	}
	aead, err := chacha20poly1305.NewX(w.Params.params().stretch([]byte("x"), w.Salt))
	if err != nil {
		t.Fatal(err)
	}
	w.Ciphertext = aead.Seal(nil, w.Nonce, other.Seed(), sealedFor(s.ID()))
	b, err := canonical.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Open([]byte("x"), b, s.ID()); err == nil || !strings.Contains(err.Error(), other.ID().String()) {
		t.Errorf("opened %v, %v", got, err)
	}
}

func TestOpenRefusesTooMuch(t *testing.T) {
	if _, err := Open([]byte("x"), make([]byte, MaxSealed+1), KeyID{}); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("%v", err)
	}
}

func TestOpenNoticesEveryChange(t *testing.T) {
	s := signer(t, 1)
	sealed, err := Seal(rand.Reader, []byte("x"), s, cheap)
	if err != nil {
		t.Fatal(err)
	}
	for at := range sealed {
		changed := bytes.Clone(sealed)
		changed[at] ^= 1
		if _, err := Open([]byte("x"), changed, s.ID()); err == nil {
			t.Fatalf("with byte %d changed it opens", at)
		}
	}
}
