package canonical

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

type pair struct {
	_ struct{} `cbor:",toarray"`
	A uint64
	B []byte
}

type closed struct {
	Number uint64   `cbor:"1,keyasint"`
	Text   string   `cbor:"2,keyasint,omitempty"`
	Bytes  []byte   `cbor:"3,keyasint"`
	Pairs  []pair   `cbor:"4,keyasint"`
	Names  []string `cbor:"5,keyasint,omitempty"`
}

func TestOneEncoding(t *testing.T) {
	for name, c := range map[string]struct {
		hex  string
		good bool
	}{
		"good":                  {"a3 01 05 03 41 ff 04 80", true},
		"good with text":        {"a4 01 05 02 61 41 03 40 04 81 82 01 40", true},
		"member missing":        {"a2 01 05 03 40", false},
		"key unsorted":          {"a3 03 41 ff 01 05 04 80", false},
		"key twice":             {"a4 01 05 01 05 03 40 04 80", false},
		"key unknown":           {"a4 01 05 03 40 04 80 06 00", false},
		"key as text":           {"a3 61 31 05 03 40 04 80", false},
		"default spelled out":   {"a4 01 05 02 60 03 40 04 80", false},
		"empty list spelled":    {"a4 01 05 03 40 04 80 05 80", false},
		"long integer":          {"a3 01 18 05 03 40 04 80", false},
		"integer as float":      {"a3 01 f9 4500 03 40 04 80", false},
		"integer as bignum":     {"a3 01 c2 41 05 03 40 04 80", false},
		"negative":              {"a3 01 20 03 40 04 80", false},
		"long length":           {"a3 01 05 03 58 01 ff 04 80", false},
		"indefinite map":        {"bf 01 05 03 40 04 80 ff", false},
		"indefinite bytes":      {"a3 01 05 03 5f 41 ff ff 04 80", false},
		"indefinite list":       {"a3 01 05 03 40 04 9f ff", false},
		"null for bytes":        {"a3 01 05 03 f6 04 80", false},
		"null for a list":       {"a3 01 05 03 40 04 f6", false},
		"undefined":             {"a3 01 05 03 f7 04 80", false},
		"null for a number":     {"a3 01 f6 03 40 04 80", false},
		"text for bytes":        {"a3 01 05 03 61 41 04 80", false},
		"bytes for text":        {"a4 01 05 02 41 41 03 40 04 80", false},
		"broken UTF-8":          {"a4 01 05 02 61 ff 03 40 04 80", false},
		"array too short":       {"a3 01 05 03 40 04 81 81 01", false},
		"array too long":        {"a3 01 05 03 40 04 81 83 01 40 00", false},
		"tagged":                {"d9 d9f7 a3 01 05 03 40 04 80", false},
		"tag inside":            {"a3 c1 01 05 03 40 04 80", false},
		"trailing":              {"a3 01 05 03 40 04 80 00", false},
		"cut":                   {"a3 01 05 03 40 04", false},
		"nothing":               {"", false},
		"another type":          {"80", false},
		"null":                  {"f6", false},
		"bytes as list of ints": {"a3 01 05 03 81 01 04 80", false},
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(c.hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		var v closed
		if err := Unmarshal(b, &v); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNotCanonicalIsTold(t *testing.T) {
	var v uint64
	if err := Unmarshal([]byte{0x18, 0x05}, &v); !errors.Is(err, ErrNotCanonical) {
		t.Errorf("a long integer: %v", err)
	}
	if err := Unmarshal([]byte{0x05, 0x05}, &v); err == nil || errors.Is(err, ErrNotCanonical) {
		t.Errorf("trailing bytes: %v", err)
	}
}

func TestDepthIsLimited(t *testing.T) {
	var v any
	deep := append(make([]byte, 0, 100), strings.Repeat("\x81", 99)...)
	if err := Unmarshal(append(deep, 0), &v); err == nil {
		t.Error("99 nested arrays are read")
	}
}

func TestHugeCountsAllocateNothing(t *testing.T) {
	var v closed
	b := []byte{0xa3, 0x01, 0x05, 0x03, 0x40, 0x04, 0x9b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff}
	if err := Unmarshal(b, &v); err == nil {
		t.Error("an array of a trillion pairs is read")
	}
}

// FuzzUnmarshal wants a refusal or the one encoding.
func FuzzUnmarshal(f *testing.F) {
	for _, v := range []closed{{}, {Number: 5, Text: "é", Bytes: []byte{1}, Pairs: []pair{{A: 1}}, Names: []string{"a"}}} {
		b, err := Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v closed
		if Unmarshal(b, &v) != nil {
			return
		}
		if again, err := Marshal(v); err != nil || string(again) != string(b) {
			t.Errorf("%x is accepted beside %x, %v", b, again, err)
		}
	})
}
