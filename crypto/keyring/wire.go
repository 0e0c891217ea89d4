package keyring

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// The CDDL of FORMAT.md §2, as the CBOR library wants it. Decoding into these
// types is lenient here and there; unmarshal makes up for it by encoding again
// and comparing, so that exactly one encoding is accepted.

type wireSignedRing struct {
	_    struct{} `cbor:",toarray"`
	Ring []byte
	Sigs []wireSig
}

type wireSig struct {
	_   struct{} `cbor:",toarray"`
	Kid []byte
	Sig []byte
}

type wireRing struct {
	Seq       uint64    `cbor:"1,keyasint"`
	Organiser string    `cbor:"2,keyasint"`
	IssuedAt  int64     `cbor:"3,keyasint"`
	Expires   int64     `cbor:"4,keyasint"`
	Roots     [][]byte  `cbor:"5,keyasint"`
	Threshold int       `cbor:"6,keyasint"`
	Keys      []wireKey `cbor:"7,keyasint"`
	Previous  []byte    `cbor:"8,keyasint,omitempty"`
}

type wireKey struct {
	ID        []byte   `cbor:"1,keyasint"`
	Public    []byte   `cbor:"2,keyasint"`
	Role      Role     `cbor:"3,keyasint"`
	Events    []string `cbor:"4,keyasint"`
	NotBefore int64    `cbor:"5,keyasint"`
	Expires   int64    `cbor:"6,keyasint"`
	State     State    `cbor:"7,keyasint,omitempty"`
}

type wireSealed struct {
	Version    uint64     `cbor:"1,keyasint"`
	Salt       []byte     `cbor:"2,keyasint"`
	Params     wireParams `cbor:"3,keyasint"`
	Nonce      []byte     `cbor:"4,keyasint"`
	Ciphertext []byte     `cbor:"5,keyasint"`
}

type wireParams struct {
	_       struct{} `cbor:",toarray"`
	Time    uint32
	KiB     uint32
	Threads uint8
}

func (w wireParams) params() Params { return Params{w.Time, w.KiB, w.Threads} }

var (
	encoding = must(func() (cbor.EncMode, error) {
		o := cbor.CoreDetEncOptions()
		o.NilContainers = cbor.NilContainerAsEmpty
		o.TagsMd = cbor.TagsForbidden
		return o.EncMode()
	}())
	decoding = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   8,
		MaxArrayElements:  MaxKeys,
		MaxMapPairs:       16,
	}.DecMode())
)

// must is for the two fixed option sets above, which either always work or
// never.
func must[T any](mode T, err error) T {
	if err != nil {
		panic(err)
	}
	return mode
}

var errNotCanonical = errors.New("is not in its one accepted encoding")

// unmarshal reads b into v, a pointer, if b is what marshal makes of v.
func unmarshal(what string, b []byte, v any) error {
	if err := decoding.Unmarshal(b, v); err != nil {
		return fmt.Errorf("reading a %s: %w", what, err)
	}
	again, err := encoding.Marshal(v)
	if err != nil {
		return fmt.Errorf("checking the encoding of a %s: %w", what, err)
	}
	if !bytes.Equal(again, b) {
		return fmt.Errorf("%s %w", what, errNotCanonical)
	}
	return nil
}
