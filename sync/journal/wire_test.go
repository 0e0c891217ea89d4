package journal

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// What is written by hand is what the encoder makes of it, byte for byte.
func TestTheHandWrittenEncodingIsTheEncoding(t *testing.T) {
	number := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 300), rapid.Uint64Range(1<<16-2, 1<<16+2), rapid.Uint64Range(1<<32-2, 1<<32+2))
	signed := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-300, 300))
	rapid.Check(t, func(t *rapid.T) {
		w := body{
			Epoch: number.Draw(t, "epoch"), Seq: number.Draw(t, "seq"), Time: number.Draw(t, "time"),
			Kind: rapid.Uint16().Draw(t, "kind"), Prev: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "prev"),
		}
		copy(w.Node[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "node"))
		if rapid.Bool().Draw(t, "with an offset") {
			offset := signed.Draw(t, "offset")
			w.Offset = &offset
		}
		if rapid.Bool().Draw(t, "with an uncertainty") {
			uncertainty := number.Draw(t, "uncertainty")
			w.Uncertainty = &uncertainty
		}
		content, err := Encode(rapid.SliceOfN(rapid.String(), 0, 9).Draw(t, "content"))
		if err != nil {
			t.Fatal(err)
		}
		w.Content = content
		same(t, w.encode(), w)
		e := envelope{Body: w.encode(), Sig: rapid.SliceOfN(rapid.Byte(), 0, 70).Draw(t, "signature")}
		same(t, e.encode(), e)
	})
}

func same(t *rapid.T, got []byte, v any) {
	want, err := encMode.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%+v is %x, want %x", v, got, want)
	}
}
