package vectors

import (
	"strings"

	"usher/crypto/base45"
)

// hostileTexts are tokens whose text alone condemns them.
func hostileTexts() []made {
	good := staticOf(smallest)
	body := good[4:]
	return []made{
		{id: "text-good", token: good},
		{id: "text-empty", token: "", reason: "prefix"},
		{id: "text-prefix-cut", token: "UT1", reason: "prefix"},
		{id: "text-prefix-alone", token: "UT1:", reason: "cbor"},
		{id: "text-prefix-lower", token: "ut1:" + body, reason: "prefix"},
		{id: "text-prefix-half-lower", token: "Ut1:" + body, reason: "prefix"},
		{id: "text-prefix-missing", token: body, reason: "prefix"},
		{id: "text-prefix-twice", token: "UT1:" + good, reason: "base45"},
		{id: "text-prefix-ut0", token: "UT0:" + body, reason: "prefix"},
		{id: "text-prefix-ut2", token: "UT2:" + body, reason: "prefix"},
		{id: "text-prefix-up2", token: "UP2:" + body, reason: "prefix"},
		{id: "text-prefix-card", token: "UE1:" + body, reason: "prefix"},
		{id: "text-prefix-health", token: "HC1:" + body, reason: "prefix"},
		{id: "text-prefix-wide-colon", token: "UT1：" + body, reason: "prefix"},
		{id: "text-url", token: "https://example.org/t/1234", reason: "prefix"},
		{id: "text-space-before", token: " " + good, reason: "prefix"},
		{id: "text-space-after", token: good + " ", reason: "base45"},
		{id: "text-spaces-after", token: good + "   ", reason: "base45"},
		{id: "text-newline-after", token: good + "\n", reason: "charset"},
		{id: "text-newline-inside", token: good[:40] + "\n" + good[40:], reason: "charset"},
		{id: "text-tab-inside", token: good[:40] + "\t" + good[40:], reason: "charset"},
		{id: "text-nul-inside", token: good[:40] + "\x00" + good[40:], reason: "charset"},
		{id: "text-lower-body", token: "UT1:" + strings.ToLower(body), reason: "charset"},
		{id: "text-lower-one", token: good[:40] + "a" + good[41:], reason: "charset"},
		{id: "text-accent", token: good[:40] + "É" + good[42:], reason: "charset"},
		{id: "text-percent-escaped", token: "UT1:" + strings.ReplaceAll(body, "/", "%2F"), reason: "base45"},
		{id: "text-group-overflow", token: "UT1:GGW" + body[3:], reason: "base45"},
		{id: "text-group-highest", token: "UT1::::" + body[3:], reason: "base45"},
		{id: "text-tail-overflow", token: "UT1:" + base45.Encode(append(ticketOf(smallest), 0)) + ":6", reason: "base45"},
		{id: "text-one-cut", token: good[:len(good)-1], reason: "base45"},
		{id: "text-two-cut", token: good[:len(good)-2], reason: "base45"},
		{id: "text-one-more", token: good + "0", reason: "base45"},
		{id: "text-zero-byte-more", token: good + "00", reason: "cbor"},
		{id: "text-701", token: "UT1:" + strings.Repeat("0", 697), reason: "length"},
		{id: "text-700", token: "UT1:" + strings.Repeat("0", 696), reason: "cbor"},
		{id: "text-2000", token: strings.Repeat("U", 2000), reason: "length"},
		{id: "text-limit-is-its-length", token: good, ctx: map[string]any{"max_chars": len(good)}},
		{id: "text-past-a-lower-limit", token: good, reason: "length", ctx: map[string]any{"max_chars": len(good) - 1}},
	}
}
