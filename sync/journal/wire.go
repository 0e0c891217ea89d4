package journal

import "encoding/binary"

// What stands around every content is written by hand, as a gate writes it for
// each scan and checks the encoding of each record that it reads. The bytes are
// those that the encoder gives.

// Major types of CBOR (RFC 8949 section 3.1).
const (
	majorUint  = 0 << 5
	majorNeg   = 1 << 5
	majorBytes = 2 << 5
	majorArray = 4 << 5
	majorMap   = 5 << 5
)

func (e envelope) encode() []byte {
	b := appendHead(make([]byte, 0, len(e.Body)+len(e.Sig)+16), majorArray, 2)
	return appendBytes(appendBytes(b, e.Body), e.Sig)
}

func (w body) encode() []byte {
	members := uint64(6)
	if len(w.Prev) > 0 {
		members++
	}
	if w.Offset != nil {
		members++
	}
	if w.Uncertainty != nil {
		members++
	}
	b := appendHead(make([]byte, 0, len(w.Content)+128), majorMap, members)
	b = appendBytes(append(b, 1), w.Node[:])
	b = appendHead(append(b, 2), majorUint, w.Epoch)
	b = appendHead(append(b, 3), majorUint, w.Seq)
	if len(w.Prev) > 0 {
		b = appendBytes(append(b, 4), w.Prev)
	}
	b = appendHead(append(b, 5), majorUint, w.Time)
	if w.Offset != nil {
		b = appendInt(append(b, 6), *w.Offset)
	}
	if w.Uncertainty != nil {
		b = appendHead(append(b, 7), majorUint, *w.Uncertainty)
	}
	b = appendHead(append(b, 8), majorUint, uint64(w.Kind))
	return append(append(b, 9), w.Content...)
}

// appendHead writes a major type and its number in the shortest form.
func appendHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

func appendInt(b []byte, n int64) []byte {
	if n < 0 {
		return appendHead(b, majorNeg, uint64(-1-n))
	}
	return appendHead(b, majorUint, uint64(n))
}

func appendBytes(b, text []byte) []byte {
	return append(appendHead(b, majorBytes, uint64(len(text))), text...)
}
