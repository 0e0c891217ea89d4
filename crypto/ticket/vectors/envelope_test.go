package vectors

import (
	"bytes"
	"fmt"

	"usher/crypto/keyring"
)

// hostileEnvelopes are about the COSE_Sign1 around the claims.
func hostileEnvelopes() (all []made) {
	payload := unhex(smallest)
	p, s := signed(payload)
	prot, pay, sig := bstr(p), bstr(payload), bstr(s)
	for _, c := range []payloadCase{
		{"tag-18", "d2 84" + prot + "a0" + pay + sig, "cbor"},
		{"tag-61", "d8 3d d2 84" + prot + "a0" + pay + sig, "cbor"},
		{"array-of-3", "83" + prot + "a0" + pay, "cbor"},
		{"array-of-5", "85" + prot + "a0" + pay + sig + "00", "cbor"},
		{"array-indefinite", "9f" + prot + "a0" + pay + sig + "ff", "cbor"},
		{"array-long-count", "98 04" + prot + "a0" + pay + sig, "cbor"},
		{"map", "a2" + prot + "a0" + pay + sig, "cbor"},
		{"in-bytes", bstr(unhex("84", prot, "a0", pay, sig)), "cbor"},
		{"only-claims", smallest, "cbor"},
		{"trailing-zero", "84" + prot + "a0" + pay + sig + "00", "cbor"},
		{"trailing-ticket", "84" + prot + "a0" + pay + sig + "84", "cbor"},
		{"protected-as-map", "84" + hexOf(p) + "a0" + pay + sig, "cbor"},
		{"protected-as-text", "84 69" + hexOf(p) + "a0" + pay + sig, "cbor"},
		{"protected-null", "84 f6 a0" + pay + sig, "cbor"},
		{"protected-long-length", "84 58 09" + hexOf(p) + "a0" + pay + sig, "cbor"},
		{"protected-indefinite", "84 5f" + prot + "ff a0" + pay + sig, "cbor"},
		{"unprotected-kid", "84" + prot + "a1 04 44 00000000" + pay + sig, "header"},
		{"unprotected-unknown", "84" + prot + "a1 18 63 00" + pay + sig, "header"},
		{"unprotected-array", "84" + prot + "80" + pay + sig, "cbor"},
		{"unprotected-null", "84" + prot + "f6" + pay + sig, "cbor"},
		{"unprotected-indefinite", "84" + prot + "bf ff" + pay + sig, "cbor"},
		{"unprotected-long-count", "84" + prot + "b8 00" + pay + sig, "cbor"},
		{"payload-detached", "84" + prot + "a0 f6" + sig, "cbor"},
		{"payload-as-map", "84" + prot + "a0" + smallest + sig, "cbor"},
		{"payload-as-text", "84" + prot + "a0 71" + smallest + sig, "cbor"},
		{"payload-long-length", "84" + prot + "a0 58 11" + smallest + sig, "cbor"},
		{"payload-longest-length", "84" + prot + "a0 5b 0000000000000011" + smallest + sig, "cbor"},
		{"payload-huge", "84" + prot + "a0 5b ffffffffffffffff" + smallest + sig, "cbor"},
		{"signature-empty", "84" + prot + "a0" + pay + "40", "cbor"},
		{"signature-null", "84" + prot + "a0" + pay + "f6", "cbor"},
		{"signature-63", "84" + prot + "a0" + pay + bstr(s[:63]), "cbor"},
		{"signature-65", "84" + prot + "a0" + pay + bstr(append(bytes.Clone(s), 0)), "cbor"},
		{"signature-long-length", "84" + prot + "a0" + pay + "59 0040" + hexOf(s), "cbor"},
		{"signature-array", "84" + prot + "a0" + pay + "81" + sig, "cbor"},
	} {
		all = append(all, made{id: "env-" + c.id, token: static(unhex(c.payload)), reason: c.reason})
	}
	return append(append(all, hostileHeaders()...), cutTickets()...)
}

func hostileHeaders() (all []made) {
	kid := issuer.ID().String()
	for _, c := range []payloadCase{
		{"empty", "", "header"},
		{"empty-map", "a0", "header"},
		{"alg-alone", "a1 01 27", "header"},
		{"kid-alone", "a1 04 44" + kid, "header"},
		{"alg-es256", "a2 01 26 04 44" + kid, "header"},
		{"alg-none", "a2 01 00 04 44" + kid, "header"},
		{"alg-ed25519", "a2 01 32 04 44" + kid, "header"},
		{"alg-text", "a2 01 61 45 04 44" + kid, "header"},
		{"alg-long", "a2 01 38 07 04 44" + kid, "header"},
		{"unsorted", "a2 04 44" + kid + "01 27", "header"},
		{"kid-3", "a2 01 27 04 43" + kid[:6], "header"},
		{"kid-5", "a2 01 27 04 45" + kid + "00", "header"},
		{"kid-text", "a2 01 27 04 64" + kid, "header"},
		{"kid-long-length", "a2 01 27 04 58 04" + kid, "header"},
		{"crit", "a3 01 27 02 81 18 63 04 44" + kid, "header"},
		{"crit-empty", "a3 01 27 02 80 04 44" + kid, "header"},
		{"crit-of-alg", "a3 01 27 02 81 01 04 44" + kid, "header"},
		{"content-type", "a3 01 27 03 00 04 44" + kid, "header"},
		{"unknown", "a3 01 27 04 44" + kid + "18 63 00", "header"},
		{"alg-twice", "a3 01 27 01 27 04 44" + kid, "header"},
		{"indefinite", "bf 01 27 04 44" + kid + "ff", "header"},
		{"trailing", "a2 01 27 04 44" + kid + "00", "header"},
	} {
		all = append(all, made{id: "header-" + c.id, token: static(headed(c.payload)), reason: c.reason})
	}
	return all
}

// cutTickets are every beginning of a ticket.
func cutTickets() (all []made) {
	ticket := ticketOf(smallest)
	for n := range len(ticket) {
		all = append(all, made{id: fmt.Sprintf("cut-%03d", n), token: static(ticket[:n]), reason: "cbor"})
	}
	return all
}

// hostileSignatures are tickets that the issuer did not sign.
func hostileSignatures() []made {
	payload := unhex(smallest)
	p, s := signed(payload)
	with := func(protected, payload, sig []byte) string {
		return static(unhex("84", bstr(protected), "a0", bstr(payload), bstr(sig)))
	}
	by := func(key *keyring.Signer, protected []byte, aad string) []byte {
		sig := key.Sign(protected, aad, payload)
		return sig[:]
	}
	flipped := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 1
		return b
	}
	all := []made{
		{id: "sig-s-plus-l", token: with(p, payload, plusL(s)), reason: "sig"},
		{id: "sig-zeros", token: with(p, payload, make([]byte, 64)), reason: "sig"},
		{id: "sig-s-zero", token: with(p, payload, append(bytes.Clone(s[:32]), make([]byte, 32)...)), reason: "sig"},
		{id: "sig-halves-swapped", token: with(p, payload, append(bytes.Clone(s[32:]), s[:32]...)), reason: "sig"},
		{id: "sig-of-rival", token: with(p, payload, by(rival, p, ticketAAD)), reason: "sig"},
		{id: "sig-of-holder", token: with(p, payload, by(holder, p, ticketAAD)), reason: "sig"},
		{id: "sig-without-aad", token: with(p, payload, by(issuer, p, "")), reason: "sig"},
		{id: "sig-proof-aad", token: with(p, payload, by(issuer, p, proofAAD)), reason: "sig"},
		{id: "sig-record-aad", token: with(p, payload, by(issuer, p, "usher-record-v1")), reason: "sig"},
		{id: "sig-header-without-kid", token: with(p, payload, by(issuer, keyring.ProtectedEdDSA, ticketAAD)), reason: "sig"},
		{id: "sig-payload-changed", token: with(p, flipped(payload, 12), s), reason: "sig"},
		{id: "sig-event-changed", token: with(p, unhex("a2 03 64 45563237"+cti), s), reason: "sig"},
		{id: "sig-broken-payload-unsigned", token: with(p, unhex("ff"), s), reason: "sig"},
		{id: "kid-unknown", token: with(protectedOf(rival), payload, by(rival, protectedOf(rival), ticketAAD)), reason: "kid"},
		{id: "kid-flipped", token: with(flipped(p, 8), payload, s), reason: "kid"},
	}
	for _, at := range []int{0, 31, 32, 62, 63} {
		all = append(all, made{id: fmt.Sprintf("sig-flip-%d", at), token: with(p, payload, flipped(s, at)), reason: "sig"})
	}
	return all
}
