// Package canonical reads and writes CBOR of which there is exactly one encoding:
// RFC 8949 §4.2.1, core deterministic, with definite lengths and without tags.
//
// Reading encodes again what was read and compares, so that a decoder's leniency
// anywhere (longer integers, unsorted keys, defaults spelled out, members left
// out) is a refusal and not a second encoding. Types say what is allowed: a
// struct with integer keys is a closed map, one marked toarray a fixed array.
//
// Tickets don't come this way: they have a parser of their own in crypto/ticket.
package canonical

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Limits of what is read, before any type has its say.
const (
	MaxDepth    = 8       // nested arrays and maps
	MaxElements = 1 << 16 // elements of an array
	MaxPairs    = 1 << 12 // pairs of a map
)

// ErrNotCanonical means bytes that can be read but are not the one encoding of
// what they say.
var ErrNotCanonical = errors.New("not in its one accepted encoding")

var (
	encoding = must(encodingOptions().EncMode())
	decoding = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   MaxDepth,
		MaxArrayElements:  MaxElements,
		MaxMapPairs:       MaxPairs,
	}.DecMode())
)

func encodingOptions() cbor.EncOptions {
	o := cbor.CoreDetEncOptions()
	o.NilContainers = cbor.NilContainerAsEmpty
	o.TagsMd = cbor.TagsForbidden
	return o
}

// must is for the two fixed sets of options above: they work always or never.
func must[T any](mode T, err error) T {
	if err != nil {
		panic(err)
	}
	return mode
}

// Marshal gives the one encoding of v. Nil slices and maps are empty ones.
func Marshal(v any) ([]byte, error) { return encoding.Marshal(v) }

// Unmarshal reads b into v, a pointer, if b is exactly what [Marshal] makes of
// the result; if it could be read but is not, the error is [ErrNotCanonical].
func Unmarshal(b []byte, v any) error {
	if err := decoding.Unmarshal(b, v); err != nil {
		return fmt.Errorf("reading CBOR: %w", err)
	}
	again, err := encoding.Marshal(v)
	if err != nil {
		return fmt.Errorf("checking the encoding of CBOR: %w", err)
	}
	if !bytes.Equal(again, b) {
		return ErrNotCanonical
	}
	return nil
}
