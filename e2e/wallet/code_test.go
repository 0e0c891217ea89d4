package wallet

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"usher/crypto/base45"
	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/gate/scan"
	"usher/server/ticketing"
)

// pkcs8 is what stands before the seed of an Ed25519 key in PKCS #8 (RFC 8410).
var pkcs8, _ = hex.DecodeString("302e020100300506032b657004220420")

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// modules has a page that knows the wallet's modules and nothing else.
func modules(t *testing.T) *phone {
	t.Helper()
	p := newPhone(t, 360, 740)
	p.visit("/wallet/words.json")
	eval[bool](p, `Promise.all(["code", "bytes", "base45", "cbor", "qr"].map((name) => import("/wallet/app/" + name + ".js")))
		.then(([code, bytes, base45, cbor, qr]) => { window.code = code; window.bytes = bytes; window.base45 = base45.base45; window.cbor = cbor.cbor; window.qr = qr; return true; })`)
	return p
}

// ask calls a function of the page with an argument of JSON.
func ask[T any](p *phone, function string, with any) T {
	p.t.Helper()
	b, err := json.Marshal(with)
	p.must(err)
	return eval[T](p, fmt.Sprintf("(%s)(%s)", function, b))
}

// presentation is a ticket to present at a moment.
type presentation struct {
	Ticket string  `json:"ticket"`
	Time   int64   `json:"time"`
	Number *uint32 `json:"number"` // that a door asked for
}

// The page's codes are to the byte those that crypto/ticket makes of the same tickets,
// moments and key, and verify.
func TestCodesOfThePage(t *testing.T) {
	p := modules(t)
	issuer, err := keyring.Generate(rand.Reader)
	p.must(err)
	holder, err := keyring.Generate(rand.Reader)
	p.must(err)
	random := rapid.Custom(func(t *rapid.T) ticket.Claims {
		c := ticket.Claims{Event: rapid.StringMatching(`[A-Z][A-Z0-9-]{0,15}`).Draw(t, "event"), Holder: holder.Public()}
		copy(c.ID[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "id"))
		c.Generation = rapid.Uint16().Draw(t, "generation")
		c.Product = rapid.Uint32().Draw(t, "product")
		c.Zones = rapid.Uint32().Draw(t, "zones")
		c.Seat = rapid.StringMatching(`[ -~]{0,24}`).Draw(t, "seat")
		c.Admissions = uint8(rapid.IntRange(1, 255).Draw(t, "admissions"))
		if from := rapid.Int64Range(0, ticket.MaxTime-1).Draw(t, "from"); from%2 == 0 {
			c.NotBefore, c.Expires = ticket.At(from), ticket.At(rapid.Int64Range(from+1, ticket.MaxTime).Draw(t, "until"))
		}
		return c
	})
	times := []int64{0, 23, 24, 255, 256, 65535, 65536, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, ticket.MaxTime, 1_800_000_000}
	numbers := []uint32{0, 23, 24, 255, 256, 65535, 65536, ticket.MaxChallenge}
	var list []presentation
	var want []string
	for i := range 250 {
		signed, err := ticket.IssueBound(random.Example(i), issuer)
		p.must(err)
		at := times[i%len(times)]
		var number *uint32
		if i%3 > 0 {
			number = &numbers[i/3%len(numbers)]
		}
		text, err := ticket.Present(signed, holder, at, number)
		p.must(err)
		list, want = append(list, presentation{b64(signed), at, number}), append(want, text)
	}
	got := p.presents(holder.Seed(), list)
	if len(got) != len(want) {
		t.Fatalf("%d codes of %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("code %d at %d is\n%s\nwant\n%s", i, list[i].Time, got[i], want[i])
		}
	}
}

// presents has the page make codes with the key of a seed.
func (p *phone) presents(seed []byte, list []presentation) []string {
	p.t.Helper()
	return ask[[]string](p, `async ({ key, list }) => {
		const holder = await crypto.subtle.importKey("pkcs8", bytes.fromBase64(key), "Ed25519", false, ["sign"]);
		return Promise.all(list.map(({ ticket, time, number }) => code.present(bytes.fromBase64(ticket), holder, time, number)));
	}`, map[string]any{"key": b64(append(slices.Clone(pkcs8), seed...)), "list": list})
}

// The page's codes are those of the vectors on which other writers of the format agree, with
// a number and without.
func TestVectorsOfThePage(t *testing.T) {
	text, err := os.ReadFile("../../crypto/ticket/vectors/testdata/tickets.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Holders []struct{ Seed string }
		Vectors []struct {
			ID, Form, Token string
			CBOR            string `json:"cbor_hex"`
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	seed, err := hex.DecodeString(file.Holders[0].Seed)
	if err != nil {
		t.Fatal(err)
	}
	p := modules(t)
	made := map[bool]int{} // with a number, and without
	for _, v := range file.Vectors {
		whole, err := hex.DecodeString(v.CBOR)
		var parts []any
		if err != nil || v.Form != "dynamic" || cbor.Unmarshal(whole, &parts) != nil || len(parts) < 3 {
			continue
		}
		shown := presentation{Ticket: b64(parts[0].([]byte)), Time: int64(parts[1].(uint64))}
		if len(parts) == 4 {
			number := uint32(parts[2].(uint64))
			shown.Number = &number
		}
		if got := p.presents(seed, []presentation{shown})[0]; got != v.Token {
			t.Errorf("%s: the page shows\n%s\nwant\n%s", v.ID, got, v.Token)
		}
		made[shown.Number != nil]++
	}
	if made[true] == 0 || made[false] == 0 {
		t.Errorf("vectors with a number, and without: %v", made)
	}
}

// What the page signs to have a ticket is what the server checks.
func TestClaimsOfThePage(t *testing.T) {
	p := modules(t)
	holder, err := keyring.Generate(rand.Reader)
	p.must(err)
	for _, generation := range []uint16{0, 1, 23, 24, 255, 256, math.MaxUint16} {
		challenge, id := make([]byte, 32), ticket.ID{}
		_, _ = rand.Read(challenge)
		_, _ = rand.Read(id[:])
		payload, err := ticketing.ClaimPayload(challenge, "NIGHT-26", id, generation)
		p.must(err)
		want := holder.Sign(keyring.ProtectedEdDSA, "usher-bind-v1", payload)
		got := ask[string](p, `async ({ key, challenge, id, generation }) => {
			const holder = await crypto.subtle.importKey("pkcs8", bytes.fromBase64(key), "Ed25519", false, ["sign"]);
			return bytes.toBase64(await code.claim(holder, bytes.fromBase64(challenge), "NIGHT-26", bytes.fromHex(id), generation));
		}`, map[string]any{"key": b64(append(slices.Clone(pkcs8), holder.Seed()...)), "challenge": b64(challenge), "id": id.String(), "generation": generation})
		if got != b64(want[:]) {
			t.Errorf("generation %d: the page signs %s, want %s", generation, got, b64(want[:]))
		}
	}
}

// Base45 and base64url of the page are those of everybody else, and what CBOR can't
// hold is refused.
func TestBytesOfThePage(t *testing.T) {
	p := modules(t)
	bytesOf := rapid.SliceOfN(rapid.Byte(), 0, 300)
	var all []string
	var want []string
	for i := range 300 {
		b := bytesOf.Example(i)
		if i < 6 {
			b = bytes.Repeat([]byte{0xff}, i)
		}
		all, want = append(all, b64(b)), append(want, string(base45.Append(nil, b)))
	}
	got := ask[[]string](p, `(all) => all.map((text) => base45(bytes.fromBase64(text)))`, all)
	again := ask[[]string](p, `(all) => all.map((text) => bytes.toBase64(bytes.fromBase64(text)))`, all)
	if !slices.Equal(got, want) || !slices.Equal(again, all) {
		t.Error("the page writes bytes otherwise")
	}
	for _, value := range []string{"-1", "1.5", "NaN", "2 ** 53", "Infinity", "true", "null", "undefined", "{}", "1n"} {
		if !eval[bool](p, `(() => { try { cbor(`+value+`); return false; } catch { return true; } })()`) {
			t.Errorf("%s is written", value)
		}
	}
}

// A drawn code is as small as codes of such texts get, and is read from the screen.
func TestDrawnCodes(t *testing.T) {
	p := modules(t)
	for text, modules := range map[string]int{
		"UP1:" + string(bytes.Repeat([]byte("A0 $%*+-./:Z"), 26)): 61, // 316 characters: version 11
		"UT1:" + string(bytes.Repeat([]byte("B7"), 106)):          49, // 216: version 8
		"UP1:" + string(bytes.Repeat([]byte("ZZ"), 193)):          65, // 390: version 12
	} {
		size := ask[int](p, `(text) => {
			const main = document.createElement("main"), canvas = document.createElement("canvas");
			main.append(canvas);
			document.body.replaceChildren(main);
			document.body.style.margin = "0";
			main.style.width = "360px";
			qr.drawCode(canvas, text);
			return canvas.width / Math.floor(360 * devicePixelRatio / (`+fmt.Sprint(modules+8)+`));
		}`, text)
		if size != modules+8 {
			t.Errorf("%.8s…: %d modules with their margin, want %d", text, size, modules+8)
		}
		shot, err := p.Picture()
		p.must(err)
		found, err := scan.Picture(bytes.NewReader(shot))
		if err != nil || len(found) != 1 || found[0] != text {
			t.Errorf("%.8s…: the screen reads %q, %v", text, found, err)
		}
	}
}
