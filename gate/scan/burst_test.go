package scan

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"usher/crypto/base45"
	"usher/crypto/keyring"
	"usher/crypto/ticket"
)

func signer(t testing.TB, name string) *keyring.Signer {
	t.Helper()
	s, err := keyring.FromSeed([]byte(strings.Repeat(name, keyring.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func issued(t testing.TB, id ticket.ID) string {
	t.Helper()
	token, err := ticket.Issue(ticket.Claims{Event: "EV1", ID: id, Product: 7}, signer(t, "i"))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func presented(t testing.TB, id ticket.ID) string {
	t.Helper()
	holder := signer(t, "h")
	bound, err := ticket.IssueBound(ticket.Claims{Event: "EV1", ID: id, Holder: holder.Public()}, signer(t, "i"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := ticket.Present(bound, holder, 1_800_000_000, nil)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// withPrefixInside is a ticket that has the letters of a prefix in its body, as
// one in ten thousand has by chance.
func withPrefixInside(t testing.TB) string {
	t.Helper()
	for n := range 1 << 16 {
		// The two bytes of "UT1", then a value that ends in a colon, at both alignments.
		for _, id := range []ticket.ID{{0x0D, 0x20, byte(n >> 8), byte(n)}, {0, 0x0D, 0x20, byte(n >> 8), byte(n)}} {
			if token := issued(t, id); strings.Contains(token[1:], ticket.PrefixStatic) {
				return token
			}
		}
	}
	t.Fatal("no ticket has the letters of a prefix in its body")
	return ""
}

func TestBurst(t *testing.T) {
	static, live, tricky := issued(t, ticket.ID{1}), presented(t, ticket.ID{2}), withPrefixInside(t)
	for name, tc := range map[string]struct{ keys, want string }{
		"static":                 {static, static},
		"live":                   {live, live},
		"prefix inside":          {tricky, tricky},
		"noise, prefix inside":   {"v" + tricky + "#", tricky},
		"a key by hand":          {"v" + static, static},
		"symbology and ECI":      {`]Q1\000026` + static + " \r\n", static},
		"framed":                 {"\x02" + static + "\x03", static},
		"own prefix, suffix":     {"<R07>" + static + "|07", static},
		"suffix of spaces":       {static + "  ;", static},
		"half a code before":     {static[:40] + static, static},
		"half a code, prefix in": {static[:40] + tricky, tricky},
		"half a live one before": {live[:200] + static, static},
		"two whole":              {static + live, live},
		"two whole, parted":      {live + "#" + static, static},
		"cut short":              {"v" + static[:80], static[:80]},
		"damaged":                {static[:50] + "?" + static[51:], static[:50] + "?" + static[51:]},
		"some other code":        {" https://example.test/UT1 ", "https://example.test/UT1"},
		"short code":             {ticket.ID{3}.Short() + "\r", ticket.ID{3}.Short()},
		"only a prefix":          {"UT1:", "UT1:"},
		"nothing":                {"", ""},
	} {
		if got := Burst(tc.keys); got != tc.want {
			t.Errorf("%s: Burst(%q) = %q, want %q", name, tc.keys, got, tc.want)
		}
	}
}

// Whatever comes before a ticket, and whatever no ticket's character begins after
// it, the ticket is found.
func TestBurstFindsTheTicket(t *testing.T) {
	tokens := []string{issued(t, ticket.ID{1}), presented(t, ticket.ID{2}), withPrefixInside(t)}
	rapid.Check(t, func(t *rapid.T) {
		token := rapid.SampledFrom(tokens).Draw(t, "token")
		before := rapid.SampledFrom(tokens).Draw(t, "code before")
		before = before[:rapid.IntRange(0, len(before)-1).Draw(t, "of it")]
		before += rapid.StringN(0, 10, -1).Draw(t, "prefix")
		after := rapid.StringMatching(`( *[a-z#;|?&~_=\r\n\t].*)?`).Draw(t, "suffix")
		if got := Burst(before + token + after); got != token {
			t.Fatalf("Burst(%q) = %q", before+token+after, got)
		}
	})
}

func FuzzBurst(f *testing.F) {
	token := issued(f, ticket.ID{1})
	f.Add("v" + token + "#1")
	f.Add(token[:40] + presented(f, ticket.ID{2}))
	f.Add("UT1:UP1:UT1:")
	f.Fuzz(func(t *testing.T, keys string) {
		got := Burst(keys)
		switch {
		case !strings.Contains(keys, got):
			t.Fatalf("Burst(%q) = %q, which nobody typed", keys, got)
		case nextPrefix(got, 0) < 0 && nextPrefix(keys, 0) >= 0:
			t.Fatalf("Burst(%q) = %q, without what may be a ticket", keys, got)
		case whole(got) && strings.Trim(got, base45.Alphabet) != "":
			t.Fatalf("Burst(%q) = %q", keys, got)
		}
	})
}
