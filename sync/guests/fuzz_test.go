package guests

import (
	"bytes"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"usher/sync/fault"
	"usher/sync/journal"
)

// FuzzOpen opens lists that somebody with the key sealed, whatever they are: a
// refusal that names what is wrong, or the list that is sealed as these bytes.
func FuzzOpen(f *testing.F) {
	for _, list := range [][]Guest{nil, {guest(1, "Casey Flores", "c@x.test", "VH3D3")}, {guest(1, "", "", ""), {Note: "wheelchair"}}} {
		plain, err := journal.Encode(sealedList{list})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(make([]byte, 24), plain)
	}
	f.Add(make([]byte, 24), []byte{0xa1, 1, 0xf6})
	f.Add([]byte{}, []byte{})
	aead, err := chacha20poly1305.NewX(make([]byte, chacha20poly1305.KeySize))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, nonce, plain []byte) {
		record := &journal.Guests{Nonce: nonce}
		if len(nonce) == aead.NonceSize() {
			record.Sealed = aead.Seal(nil, nonce, plain, []byte("usher-guests-v1\x00"+event))
		}
		list, err := Open(Key{}, event, record)
		if err != nil {
			if fault.KindOf(err) != fault.BadInput || list != nil {
				t.Errorf("%x: %v", plain, err)
			}
			return
		}
		if again, err := journal.Encode(sealedList{list}); err != nil || !bytes.Equal(again, plain) {
			t.Errorf("%x is accepted beside %x (%v)", plain, again, err)
		}
	})
}
