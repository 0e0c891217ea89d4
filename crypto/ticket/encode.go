package ticket

import "encoding/binary"

// appendHead appends an item's head in its shortest form (RFC 8949 §4.2.1).
func appendHead(dst []byte, major byte, arg uint64) []byte {
	first := major << 5
	switch {
	case arg < 24:
		return append(dst, first|byte(arg))
	case arg < 1<<8:
		return append(dst, first|24, byte(arg))
	case arg < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, first|25), uint16(arg))
	case arg < 1<<32:
		return binary.BigEndian.AppendUint32(append(dst, first|26), uint32(arg))
	}
	return binary.BigEndian.AppendUint64(append(dst, first|27), arg)
}

func appendBytes(dst, b []byte) []byte {
	return append(appendHead(dst, majorBytes, uint64(len(b))), b...)
}

func appendText(dst []byte, s string) []byte {
	return append(appendHead(dst, majorText, uint64(len(s))), s...)
}

func appendKey(dst []byte, key int64) []byte {
	if key < 0 {
		return appendHead(dst, majorNegative, uint64(-1-key))
	}
	return appendHead(dst, majorUint, uint64(key))
}

func appendMember(dst []byte, key int64, value uint64) []byte {
	return appendHead(appendKey(dst, key), majorUint, value)
}

// append appends the claims' one encoding, whether or not they are allowed.
func (c Claims) append(dst []byte) []byte {
	ext, extMembers := c.appendExtension(nil)
	members := uint64(2)
	for _, there := range []bool{c.Expires.Set, c.NotBefore.Set, c.Holder != nil, extMembers > 0} {
		if there {
			members++
		}
	}
	dst = appendHead(dst, majorMap, members)
	dst = appendText(appendKey(dst, claimAud), c.Event)
	if c.Expires.Set {
		dst = appendMember(dst, claimExp, uint64(c.Expires.Unix))
	}
	if c.NotBefore.Set {
		dst = appendMember(dst, claimNbf, uint64(c.NotBefore.Unix))
	}
	dst = appendBytes(appendKey(dst, claimCti), c.ID[:])
	if c.Holder != nil {
		dst = c.appendConfirmation(appendKey(dst, claimCnf))
	}
	if extMembers > 0 {
		dst = appendHead(appendKey(dst, claimExt), majorMap, extMembers)
		dst = append(dst, ext...)
	}
	return dst
}

func (c Claims) appendConfirmation(dst []byte) []byte {
	dst = appendKey(appendHead(dst, majorMap, 1), cnfKey)
	dst = appendHead(dst, majorMap, 3)
	dst = appendMember(dst, okpType, okpType)
	dst = appendMember(dst, okpCurve, curve)
	return appendBytes(appendKey(dst, okpX), c.Holder)
}

// appendExtension appends the members of usher's own map, and says how many.
func (c Claims) appendExtension(dst []byte) (ext []byte, members uint64) {
	number := func(key int64, value uint64) {
		if value != 0 {
			dst = appendMember(dst, key, value)
			members++
		}
	}
	number(extGeneration, uint64(c.Generation))
	number(extProduct, uint64(c.Product))
	number(extZones, uint64(c.Zones))
	if c.Seat != "" {
		dst = appendText(appendKey(dst, extSeat), c.Seat)
		members++
	}
	if len(c.NameCommitment) != 0 {
		dst = appendBytes(appendKey(dst, extNameCommitment), c.NameCommitment)
		members++
	}
	if c.Admissions > 1 {
		number(extAdmissions, uint64(c.Admissions))
	}
	return dst, members
}
