package keyring

import (
	"bytes"
	"errors"
	"testing"

	"usher/crypto/canonical"
)

// FuzzParseSigned wants a refusal or the bytes back. What is not whole is the
// ring within the signatures.
func FuzzParseSigned(f *testing.F) {
	small := firstRing(f)
	small.Roots, small.Threshold, small.Keys = small.Roots[:1], 1, nil
	for _, ring := range append(chainOf(f, 2), mustSign(f, small, signer(f, 1))) {
		f.Add(ring.Bytes(), true)
		f.Add(ring.body, false)
	}
	f.Fuzz(func(t *testing.T, b []byte, whole bool) {
		if !whole {
			b = enveloped(t, b, wireSig{Kid: make([]byte, 4), Sig: make([]byte, 64)})
		}
		got, err := ParseSigned(b)
		if err != nil {
			return
		}
		if !bytes.Equal(got.Bytes(), b) {
			t.Errorf("%x is accepted beside %x", b, got.Bytes())
		}
		body, err := canonical.Marshal(got.Ring.wire())
		if err != nil || !bytes.Equal(body, got.body) {
			t.Errorf("the ring in %x is encoded as %x, %v", b, body, err)
		}
	})
}

// FuzzParseFile wants a refusal or the text back, white space aside. What is not
// whole is the CBOR within the armour.
func FuzzParseFile(f *testing.F) {
	text := []byte(ringFile(f, 2))
	raw, err := disarm(text)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, true)
	f.Add(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), true)
	f.Add([]byte(fileBegin+fileEnd), true)
	f.Add([]byte{0x80}, false)
	f.Add(raw, false)
	f.Fuzz(func(t *testing.T, b []byte, whole bool) {
		if !whole {
			b = armour(b)
		}
		chain, err := ParseFile(b)
		if err != nil {
			return
		}
		again, err := FormatFile(chain...)
		if err != nil {
			t.Fatal(err)
		}
		plain := bytes.TrimSpace(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")))
		if !bytes.Equal(bytes.TrimSpace(again), plain) {
			t.Errorf("%q is accepted beside %q", b, again)
		}
	})
}

// FuzzOpen wants a refusal; only costs that a test can pay are tried.
func FuzzOpen(f *testing.F) {
	s := signer(f, 1)
	sealed, err := Seal(bytes.NewReader(make([]byte, 64)), []byte("x"), s, Params{Time: 1, KiB: 8, Threads: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Fuzz(func(t *testing.T, b []byte) {
		wire, err := parseSealed(b)
		if err != nil {
			if _, err := Open([]byte("x"), b, s.ID()); err == nil {
				t.Errorf("%x opens", b)
			}
			return
		}
		if again, err := canonical.Marshal(wire); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x is accepted beside %x, %v", b, again, err)
		}
		if wire.Params.Time > 1 || wire.Params.KiB > 64 {
			return
		}
		if _, err := Open([]byte("x"), b, s.ID()); !bytes.Equal(b, sealed) && !errors.Is(err, ErrPassphrase) {
			t.Errorf("%x: %v", b, err)
		}
	})
}
