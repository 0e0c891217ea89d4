package journal_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// refused is what no reader takes: a record or a checkpoint that can't be
// parsed, or one whose signature doesn't hold.
type refused struct {
	id    string
	bytes []byte
	says  string // in the error
}

const notCanonical = "not in the one accepted encoding"

// refusedRecords are no records.
func refusedRecords() []refused {
	good := gate.record(plain())
	body, sig := unhex(plain()), gate.sign(recordAAD, unhex(plain()))
	list := []refused{
		{"empty", nil, "envelope: EOF"},
		{"cut", good[:len(good)-1], "envelope: unexpected EOF"},
		{"trailing", join(good, []byte{0}), "envelope: cbor: 1 bytes of extraneous data"},
		{"map", unhex("a0"), "envelope: cbor: cannot unmarshal map"},
		{"number", unhex("01"), "envelope: cbor: cannot unmarshal positive integer"},
		{"null", unhex("f6"), "envelope: " + notCanonical},
		{"array-empty", unhex("80"), "envelope: cbor: cannot unmarshal array"},
		{"array-of-1", join(unhex("81"), bstr(body)), "envelope: cbor: cannot unmarshal array"},
		{"array-of-3", join(unhex("83"), bstr(body), bstr(sig), unhex("40")), "envelope: cbor: cannot unmarshal array"},
		{"array-long-head", join(unhex("98 02"), good[1:]), "envelope: " + notCanonical},
		{"array-indefinite", join(unhex("9f"), good[1:], unhex("ff")), "envelope: cbor: indefinite-length array isn't allowed"},
		{"tag", join(unhex("d2"), good), "envelope: cbor: CBOR tag isn't allowed"},
		{"body-as-map", join(unhex("82"), body, bstr(sig)), "envelope: cbor: cannot unmarshal map"},
		{"body-as-text", join(unhex("82 78"), bstr(body)[1:], bstr(sig)), "envelope: cbor: "},
		{"body-null", join(unhex("82 f6"), bstr(sig)), "envelope: " + notCanonical},
		{"body-empty", sealed(nil, sig), "body: EOF"},
		{"body-long-head", join(unhex("82 59 00"), bstr(body)[1:], bstr(sig)), "envelope: " + notCanonical},
		{"body-indefinite", join(unhex("82 5f"), bstr(body), unhex("ff"), bstr(sig)), "envelope: cbor: indefinite-length byte string isn't allowed"},
		{"sig-empty", sealed(body, nil), "signature of 0 bytes"},
		{"sig-null", join(unhex("82"), bstr(body), unhex("f6")), "envelope: " + notCanonical},
		{"sig-63", sealed(body, sig[:63]), "signature of 63 bytes"},
		{"sig-65", sealed(body, append(slices.Clone(sig), 0)), "signature of 65 bytes"},
		{"sig-as-text", join(unhex("82"), bstr(body), unhex("60")), "envelope: cbor: cannot unmarshal UTF-8 text string"},
	}
	for _, b := range refusedBodies() {
		list = append(list, refused{b.id, gate.record(b.body), b.says})
	}
	return list
}

// badBody is a body as hex, rightly signed all the same.
type badBody struct{ id, body, says string }

func refusedBodies() []badBody {
	list := []badBody{
		{"body-as-array", "80", "body: cbor: cannot unmarshal array"},
		{"body-trailing", plain() + "00", "body: cbor: 1 bytes of extraneous data"},
		{"body-cut", plain()[:len(plain())-2], "body: unexpected EOF"},
		{"body-no-members", "a0", "body: " + notCanonical},
		{"key-unsorted", "a6" + epoch + node + one + time + kind + empty, "body: " + notCanonical},
		{"key-twice", "a7" + node + epoch + epoch + one + time + kind + empty, "body: cbor: found duplicate map key"},
		{"key-unknown", "a7" + node + epoch + one + time + kind + empty + "0a 00", "body: cbor: found unknown field"},
		{"key-as-text", "a7" + node + epoch + one + time + kind + empty + "61 61 00", "body: cbor: found unknown field"},
		{"key-long", "a6 18 01" + node[2:] + epoch + one + time + kind + empty, "body: " + notCanonical},
		{"map-indefinite", "bf" + node + epoch + one + time + kind + empty + "ff", "body: cbor: indefinite-length map isn't allowed"},
		{"first-names-one-before", "a7" + node + epoch + one + prev + time + kind + empty, "the first record names one before it"},
		{"first-names-nothing", "a7" + node + epoch + one + "04 40" + time + kind + empty, "body: " + notCanonical},
		{"second-names-none-before", plain("03 02"), "record 2 names no record before it"},
		{"prev-31-bytes", "a7" + node + epoch + "03 02 04 58 1f" + strings.Repeat("a1", 31) + time + kind + empty, "record 2 names no record before it"},
		{"prev-33-bytes", "a7" + node + epoch + "03 02 04 58 21" + strings.Repeat("a1", 33) + time + kind + empty, "record 2 names no record before it"},
		{"prev-null", "a7" + node + epoch + "03 02 04 f6" + time + kind + empty, "body: " + notCanonical},
		{"prev-as-text", "a7" + node + epoch + "03 02 04 78 20" + strings.Repeat("61", 32) + time + kind + empty, "body: cbor: cannot unmarshal UTF-8 text string"},
		{"epoch-begins-with-1", plain("02 01"), "epoch 1 begins with record 1"},
		{"epoch-begins-with-1-after-one", "a7" + node + "02 01" + one + prev + time + kind + empty, "epoch 1 begins with record 1"},
		{"offset-alone", "a7" + node + epoch + one + time + "06 39 0383" + kind + empty, "offset and uncertainty come together"},
		{"uncertainty-alone", "a7" + node + epoch + one + time + "07 14" + kind + empty, "offset and uncertainty come together"},
		{"offset-too-far-ahead", "a8" + node + epoch + one + time + "06 1b 0004000000000001 07 00" + kind + empty, "clock offset out of range"},
		{"offset-too-far-behind", "a8" + node + epoch + one + time + "06 3b 0004000000000000 07 00" + kind + empty, "clock offset out of range"},
		{"offset-null", "a7" + node + epoch + one + time + "06 f6" + kind + empty, "body: " + notCanonical},
		{"uncertainty-too-large", "a8" + node + epoch + one + time + "06 00 07 1b 0004000000000001" + kind + empty, "clock offset out of range"},
		{"uncertainty-negative", "a8" + node + epoch + one + time + "06 00 07 20" + kind + empty, "body: cbor: cannot unmarshal negative integer"},
	}
	for _, m := range []struct{ id, member, says string }{
		{"node-7-bytes", "01 47" + node[7:], "body: " + notCanonical},
		{"node-9-bytes", "01 49 00" + node[5:], "body: " + notCanonical},
		{"node-null", "01 f6", "body: " + notCanonical},
		{"node-as-text", "01 68" + strings.Repeat("61", 8), "body: cbor: cannot unmarshal UTF-8 text string"},
		{"node-as-array", "01 88" + strings.Repeat("00", 8), "body: "},
		{"epoch-negative", "02 20", "body: cbor: cannot unmarshal negative integer"},
		{"epoch-null", "02 f6", "body: " + notCanonical},
		{"epoch-long", "02 18 00", "body: " + notCanonical},
		{"epoch-float", "02 f9 0000", "body: cbor: cannot unmarshal primitives"},
		{"epoch-too-large", "02 1b 8000000000000000", "nobody gets there by counting"},
		{"seq-0", "03 00", "number 0: records are numbered from 1"},
		{"seq-null", "03 f6", "body: " + notCanonical},
		{"seq-as-text", "03 61 31", "body: cbor: cannot unmarshal UTF-8 text string"},
		{"seq-bignum", "03 c2 41 01", "body: cbor: CBOR tag isn't allowed"},
		{"seq-too-large", "03 1b 8000000000000000", "nobody gets there by counting"},
		{"time-negative", "05 20", "body: cbor: cannot unmarshal negative integer"},
		{"time-too-late", "05 1b 0004000000000001", "time 1125899906842625 out of range"},
		{"time-float", "05 fb 4279f2e129e80000", "body: cbor: cannot unmarshal primitives"},
		{"kind-too-large", "08 1a 00010000", "body: cbor: cannot unmarshal positive integer"},
		{"kind-negative", "08 20", "body: cbor: cannot unmarshal negative integer"},
		{"kind-long", "08 18 01", "body: " + notCanonical},
		{"content-indefinite", "09 bf ff", "body: cbor: indefinite-length map isn't allowed"},
		{"content-tag", "09 c1 00", "body: cbor: CBOR tag isn't allowed"},
		{"content-cut", "09 41", "body: unexpected EOF"},
		{"content-too-deep", "09" + strings.Repeat("81", 8) + "00", "body: cbor: exceeded max nested level 8"},
		{"content-too-wide", fmt.Sprintf("09 99 1001 %s", strings.Repeat("00", 4097)), "body: cbor: exceeded max number of elements 4096 for CBOR array"},
	} {
		list = append(list, badBody{m.id, plain(m.member), m.says})
	}
	for _, absent := range []string{node, epoch, one, time, kind, empty} {
		body := "a5"
		for _, m := range []string{node, epoch, one, time, kind, empty} {
			if m != absent {
				body += m
			}
		}
		list = append(list, badBody{"member-" + absent[1:2] + "-missing", body, "body: "})
	}
	return list
}

// unsigned are records that parse and that the gate's key didn't sign.
func unsigned() []refused {
	body := unhex(plain())
	sig := gate.sign(recordAAD, body)
	flipped := func(i int) []byte {
		s := slices.Clone(sig)
		s[i] ^= 1
		return s
	}
	return []refused{
		{"signed-by-another", sealed(body, server.sign(recordAAD, body)), ""},
		{"signed-as-a-checkpoint", sealed(body, gate.sign(checkpointAAD, body)), ""},
		{"signed-as-a-ticket", sealed(body, gate.sign("usher-ticket-v1", body)), ""},
		{"signed-another-time", sealed(unhex(plain(time[:len(time)-1]+"1")), sig), ""},
		{"signed-another-content", sealed(unhex(plain("09 80")), sig), ""},
		{"sig-r-flipped", sealed(body, flipped(0)), ""},
		{"sig-s-flipped", sealed(body, flipped(63)), ""},
		{"sig-zeros", sealed(body, make([]byte, 64)), ""},
		{"names-another-author", gate.record(plain("01 48" + hexOf(server.node()))), ""},
	}
}

var (
	headHash = "04 58 20" + strings.Repeat("a1", 32)
	expires  = "06 1b 0000019f2e129e81"
)

// refusedCheckpoints are no checkpoints.
func refusedCheckpoints() []refused {
	body := "a6" + node + epoch + one + headHash + time + expires
	good := gate.checkpoint(body)
	with := func(old, put string) []byte { return gate.checkpoint(strings.Replace(body, old, put, 1)) }
	return []refused{
		{"checkpoint-empty-bytes", nil, "EOF"},
		{"checkpoint-cut", good[:len(good)-1], "unexpected EOF"},
		{"checkpoint-trailing", join(good, []byte{0}), "1 bytes of extraneous data"},
		{"checkpoint-array-of-3", join(unhex("83"), good[1:], unhex("40")), "cbor: cannot unmarshal array"},
		{"checkpoint-array-long-head", join(unhex("98 02"), good[1:]), notCanonical},
		{"checkpoint-sig-63", sealed(unhex(body), bytes.Repeat([]byte{1}, 63)), "out of range"},
		{"checkpoint-body-trailing", gate.checkpoint(body + "00"), "body: cbor: 1 bytes of extraneous data"},
		{"checkpoint-is-a-record", gate.record(plain()), "body: cbor: "},
		{"checkpoint-key-unknown", gate.checkpoint("a7" + body[2:] + "07 00"), "body: cbor: found unknown field"},
		{"checkpoint-key-unsorted", gate.checkpoint("a6" + epoch + node + body[2+len(node)+len(epoch):]), "body: " + notCanonical},
		{"checkpoint-no-expiry", gate.checkpoint("a5" + strings.TrimSuffix(body[2:], expires)), "body: " + notCanonical},
		{"checkpoint-node-7-bytes", with(node, "01 47"+node[7:]), "body: " + notCanonical},
		{"checkpoint-hash-31-bytes", with(headHash, "04 58 1f"+strings.Repeat("a1", 31)), "out of range"},
		{"checkpoint-hash-null", with(headHash, "04 f6"), "body: " + notCanonical},
		{"checkpoint-epoch-too-large", with(epoch, "02 1b 8000000000000000"), "out of range"},
		{"checkpoint-seq-too-large", with(one, "03 1b 8000000000000000"), "out of range"},
		{"checkpoint-seq-negative", with(one, "03 20"), "body: cbor: cannot unmarshal negative integer"},
		{"checkpoint-time-too-late", with(time, "05 1b 0004000000000001"), "out of range"},
		{"checkpoint-expiry-too-late", with(expires, "06 1b 0004000000000001"), "out of range"},
		{"checkpoint-time-long", with(time, "05 1b 0000000000000001"), "body: " + notCanonical},
	}
}

// unsignedCheckpoints parse and aren't signed by the gate as what they are.
func unsignedCheckpoints() []refused {
	body := unhex("a6" + node + epoch + one + headHash + time + expires)
	return []refused{
		{"checkpoint-signed-by-another", sealed(body, server.sign(checkpointAAD, body)), ""},
		{"checkpoint-signed-as-a-record", sealed(body, gate.sign(recordAAD, body)), ""},
		{"checkpoint-names-another-author", gate.checkpoint("a6", "01 48", hexOf(server.node()), epoch, one, headHash, time, expires), ""},
		{"checkpoint-sig-zeros", sealed(body, make([]byte, 64)), ""},
	}
}
