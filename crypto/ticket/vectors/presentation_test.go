package vectors

import (
	"bytes"
	"fmt"
	"math/big"
)

// hostilePresentations are about the proof around a ticket.
func hostilePresentations() (all []made) {
	t := boundTo(holder.Public())
	good := proved(t, holder, at(now))
	proof := good[len(good)-64:]
	ticket := bstr(t)
	for _, c := range []payloadCase{
		{"good", hexOf(good), ""},
		{"challenge-0", hexOf(proved(t, holder, at(now), "00")), ""},
		{"challenge-highest", hexOf(proved(t, holder, at(now), "1a 000f423f")), ""},
		{"challenge-7-digits", hexOf(proved(t, holder, at(now), "1a 000f4240")), "cbor"},
		{"challenge-negative", hexOf(proved(t, holder, at(now), "20")), "cbor"},
		{"challenge-text", hexOf(proved(t, holder, at(now), "61 31")), "cbor"},
		{"challenge-null", hexOf(proved(t, holder, at(now), "f6")), "cbor"},
		{"challenge-long", hexOf(proved(t, holder, at(now), "18 01")), "cbor"},
		{"challenge-twice", hexOf(proved(t, holder, at(now), "01", "01")), "cbor"},
		{"time-text", hexOf(proved(t, holder, "61 31")), "cbor"},
		{"time-float", hexOf(proved(t, holder, "fb 41dacdcafe800000")), "cbor"},
		{"time-negative", hexOf(proved(t, holder, "3a 6b369f59")), "cbor"},
		{"time-long", hexOf(proved(t, holder, fmt.Sprintf("1b 00000000%08x", now))), "cbor"},
		{"time-too-high", hexOf(proved(t, holder, "1b 0000010000000001")), "cbor"},
		{"time-tagged", hexOf(proved(t, holder, "c1"+at(now))), "cbor"},
		{"time-missing", "82" + ticket + bstr(proof), "cbor"},
		{"proof-missing", "82" + ticket + at(now), "cbor"},
		{"proof-empty", "83" + ticket + at(now) + "40", "cbor"},
		{"proof-63", "83" + ticket + at(now) + bstr(proof[:63]), "cbor"},
		{"proof-65", "83" + ticket + at(now) + bstr(append(bytes.Clone(proof), 0)), "cbor"},
		{"array-indefinite", "9f" + ticket + at(now) + bstr(proof) + "ff", "cbor"},
		{"array-long-count", "98 03" + ticket + at(now) + bstr(proof), "cbor"},
		{"trailing-zero", hexOf(good) + "00", "cbor"},
		{"tagged", "d2" + hexOf(good), "cbor"},
		{"ticket-as-array", "83" + hexOf(t) + at(now) + bstr(proof), "cbor"},
		{"ticket-empty", hexOf(proved(nil, holder, at(now))), "cbor"},
		{"ticket-tagged", hexOf(proved(append([]byte{0xd2}, t...), holder, at(now))), "cbor"},
		{"ticket-trailing", hexOf(proved(append(bytes.Clone(t), 0), holder, at(now))), "cbor"},
		{"ticket-cut", hexOf(proved(t[:len(t)-1], holder, at(now))), "cbor"},
		{"ticket-presented-twice", hexOf(proved(good, holder, at(now))), "cbor"},
		{"ticket-long-length", "83 59 00" + ticket[2:] + at(now) + bstr(proof), "cbor"},
		{"ticket-static", hexOf(proved(ticketOf(smallest), holder, at(now))), "proof-unbound"},
		{"ticket-alone", hexOf(t), "cbor"},
		{"empty", "", "cbor"},
	} {
		all = append(all, made{id: "pres-" + c.id, token: dynamic(unhex(c.payload)), reason: c.reason})
	}
	return append(all,
		made{id: "pres-as-static", token: static(good), reason: "cbor"},
		made{id: "pres-stripped", token: static(t), reason: "proof-missing"},
	)
}

// hostileProofs are well-formed, but not what the holder signed.
func hostileProofs() (all []made) {
	t := boundTo(holder.Public())
	element := func(sig [64]byte) string { return bstr(sig[:]) }
	message := unhex("82", bstr(t), at(now))
	good := holder.Sign(unhex("a10127"), proofAAD, message)
	plain := proved(t, holder, at(now))
	challenged := proved(t, holder, at(now), "05")
	for _, c := range []payloadCase{
		{"of-another-holder", hexOf(proved(t, holder2, at(now))), "proof-sig"},
		{"of-the-issuer", hexOf(proved(t, issuer, at(now))), "proof-sig"},
		{"s-plus-l", "83" + bstr(t) + at(now) + bstr(plusL(good[:])), "proof-sig"},
		{"ticket-aad", "83" + bstr(t) + at(now) + element(holder.Sign(unhex("a10127"), ticketAAD, message)), "proof-sig"},
		{"no-aad", "83" + bstr(t) + at(now) + element(holder.Sign(unhex("a10127"), "", message)), "proof-sig"},
		{"no-header", "83" + bstr(t) + at(now) + element(holder.Sign(nil, proofAAD, message)), "proof-sig"},
		{"of-array-of-3", "83" + bstr(t) + at(now) + element(holder.Sign(unhex("a10127"), proofAAD, unhex("83", bstr(t), at(now)))), "proof-sig"},
		{"time-changed", "83" + bstr(t) + at(now+1) + bstr(good[:]), "proof-sig"},
		{"challenge-added", "84" + bstr(t) + at(now) + "05" + bstr(plain[len(plain)-64:]), "proof-sig"},
		{"challenge-dropped", "83" + bstr(t) + at(now) + bstr(challenged[len(challenged)-64:]), "proof-sig"},
		{"challenge-changed", "84" + bstr(t) + at(now) + "06" + bstr(challenged[len(challenged)-64:]), "proof-sig"},
		{"of-another-ticket", "83" + bstr(ticketOf("a4", aud, cti, cnfOf(holder.Public()), "3a 00010000 a1 01 01")) + at(now) + bstr(good[:]), "proof-sig"},
		{"zeros", "83" + bstr(t) + at(now) + bstr(make([]byte, 64)), "proof-sig"},
	} {
		all = append(all, made{id: "proof-" + c.id, token: dynamic(unhex(c.payload)), reason: c.reason})
	}
	return all
}

// hostileHolders are tickets bound to what is no proper key.
func hostileHolders() (all []made) {
	x := holder.Public()
	with := func(cnf string) string { return "a3" + aud + cti + "08" + cnf }
	cases := []payloadCase{
		{"empty", with("a0"), "claims"},
		{"bytes", with(bstr(x)), "claims"},
		{"kid", with("a1 03 44 00000000"), "claims"},
		{"encrypted", with("a1 02 80"), "claims"},
		{"key-and-kid", with("a2 01" + okp(x) + "03 44 00000000"), "claims"},
		{"key-twice", with("a2 01" + okp(x) + "01" + okp(x)), "dupkey"},
		{"key-empty", with("a1 01 a0"), "claims"},
		{"without-kty", with("a1 01 a2 20 06 21" + bstr(x)), "claims"},
		{"without-crv", with("a1 01 a2 01 01 21" + bstr(x)), "claims"},
		{"without-x", with("a1 01 a2 01 01 20 06"), "claims"},
		{"kty-ec2", with("a1 01 a3 01 02 20 06 21" + bstr(x)), "claims"},
		{"kty-text", with("a1 01 a3 01 63 4f4b50 20 06 21" + bstr(x)), "claims"},
		{"crv-x25519", with("a1 01 a3 01 01 20 04 21" + bstr(x)), "claims"},
		{"crv-ed448", with("a1 01 a3 01 01 20 07 21" + bstr(x)), "claims"},
		{"alg", with("a1 01 a4 01 01 03 27 20 06 21" + bstr(x)), "claims"},
		{"kid-inside", with("a1 01 a4 01 01 02 41 00 20 06 21" + bstr(x)), "claims"},
		{"private", with("a1 01 a4 01 01 20 06 21" + bstr(x) + "23" + bstr(make([]byte, 32))), "claims"},
		{"unsorted", with("a1 01 a3 20 06 01 01 21" + bstr(x)), "cbor"},
		{"x-twice", with("a1 01 a4 01 01 20 06 21" + bstr(x) + "21" + bstr(x)), "dupkey"},
		{"x-31", with("a1 01" + okp(x[:31])), "claims"},
		{"x-33", with("a1 01" + okp(append(bytes.Clone(x), 0))), "claims"},
		{"x-text", with("a1 01 a3 01 01 20 06 21 78 20" + hexOf(x)), "claims"},
		{"x-long-length", with("a1 01 a3 01 01 20 06 21 59 0020" + hexOf(x)), "cbor"},
		{"indefinite", with("bf 01" + okp(x) + "ff"), "cbor"},
	}
	for _, c := range append(cases, weakHolders()...) {
		presented := proved(ticketOf(c.payload), holder, at(now))
		all = append(all, made{id: "cnf-" + c.id, token: dynamic(presented), reason: c.reason})
	}
	return all
}

// weakHolders are keys with small order or a second encoding. Under some of them
// one proof would hold for ever.
func weakHolders() (cases []payloadCase) {
	for i, pub := range weakKeys() {
		payload := "a3" + aud + cti + cnfOf(pub)
		cases = append(cases, payloadCase{fmt.Sprintf("weak-%02d", i), payload, "holder-key"})
	}
	return cases
}

// weakKeys gives encodings that must be nobody's key: the points of small order,
// with either sign, and y = p to p+18.
func weakKeys() (weak [][]byte) {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	ys := []*big.Int{big.NewInt(0), big.NewInt(1), new(big.Int).Sub(p, big.NewInt(1))}
	order8, _ := new(big.Int).SetString("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826", 16)
	ys = append(ys, order8, new(big.Int).Sub(p, order8), p)
	for extra := range int64(19) {
		ys = append(ys, new(big.Int).Add(p, big.NewInt(extra)))
	}
	for _, y := range ys {
		for sign := range byte(2) {
			var b [32]byte
			encoded := reversed(y.FillBytes(b[:]))
			encoded[31] |= sign << 7
			weak = append(weak, encoded)
		}
	}
	return weak
}
