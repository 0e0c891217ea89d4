package staff

import (
	"bytes"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"usher/crypto/grant"
	"usher/sync/fault"
	"usher/sync/journal"
)

// FuzzOpen opens records that somebody with the key sealed, whatever is in them: a
// refusal that names what is wrong, or the person who is sealed as these bytes.
func FuzzOpen(f *testing.F) {
	pin := &PIN{Salt: make([]byte, saltSize), Time: 3, KiB: 64 << 10, Threads: 4, Tag: make([]byte, tagSize)}
	for _, p := range []Person{
		{ID: ID{1}, Name: "Kim", Role: grant.RoleSupervisor, PIN: pin, Card: make([]byte, 32)},
		{ID: ID{2}, Name: "Sam", Role: grant.RoleScanner, Gone: true}, {},
	} {
		plain, err := journal.Encode(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain)
	}
	f.Add([]byte{0xa1, 1, 0xf6})
	aead, err := chacha20poly1305.NewX(make([]byte, chacha20poly1305.KeySize))
	if err != nil {
		f.Fatal(err)
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	f.Fuzz(func(t *testing.T, plain []byte) {
		record := &journal.Staff{Nonce: nonce, Sealed: aead.Seal(nil, nonce, plain, []byte("usher-staff-v1\x00"+event))}
		p, err := Open(Key{}, event, record)
		if err != nil {
			if fault.KindOf(err) != fault.BadInput || p.Name != "" {
				t.Errorf("%x: %v", plain, err)
			}
			return
		}
		if again, err := journal.Encode(p); err != nil || !bytes.Equal(again, plain) {
			t.Errorf("%x is accepted beside %x (%v)", plain, again, err)
		}
	})
}
