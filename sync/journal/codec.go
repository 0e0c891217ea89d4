package journal

import (
	"bytes"

	"github.com/fxamacker/cbor/v2"
)

// Limits of what is read from elsewhere.
const (
	// MaxRecordBytes bounds one record. Revocations and rosters are cut at
	// MaxPacked entries, about 45 KiB; a key ring of some thousand keys is the
	// largest there is.
	MaxRecordBytes = 256 << 10
	// MaxPacked bounds the entries of one revoke or roster record.
	MaxPacked = 4096
	// MaxParents bounds the parents a scan may name.
	MaxParents = 64
	// maxItems bounds arrays and maps inside a record.
	maxItems = 4096
)

var (
	encMode = must(encOptions().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxArrayElements:  maxItems,
		MaxMapPairs:       maxItems,
		MaxNestedLevels:   8,
		UTF8:              cbor.UTF8RejectInvalid,
	}.DecMode())
)

// encOptions has one encoding of a list or text of bytes that is empty: nil or
// not, it is an empty one and never null.
func encOptions() cbor.EncOptions {
	o := cbor.CoreDetEncOptions()
	o.NilContainers = cbor.NilContainerAsEmpty
	return o
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // constant options: only a defect of this file gets here
	}
	return v
}

// Encode writes v as core deterministic CBOR (RFC 8949 section 4.2.1).
func Encode(v any) ([]byte, error) {
	if own, ok := v.(interface{ encode() []byte }); ok {
		return own.encode(), nil // see wire.go
	}
	return encMode.Marshal(v)
}

// Decode reads b into v and refuses anything but the one encoding that Encode
// gives for the result: a closed map, shortest lengths, sorted keys, no
// trailing bytes.
func Decode(b []byte, v any) error {
	if err := decMode.Unmarshal(b, v); err != nil {
		return err
	}
	again, err := Encode(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(b, again) {
		return errNotCanonical
	}
	return nil
}
