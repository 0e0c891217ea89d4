package ticket

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCleanInput(t *testing.T) {
	const token = "UT1:AB C"
	for _, c := range []struct{ in, want string }{
		{token, token},
		{"", ""},
		{" \t\r\n ", ""},
		{"  " + token, token},
		{"\ufeff" + token, token},
		{token + "\r\n", token},
		{token + "\t", token},
		{token + "  ", token},
		{`\000026` + token, token},
		{`]Q1` + token, token},
		{`]Q2\000026` + token + "\r", token},
		{" ]Q1 " + token, token},
		{"]Q7" + token, "]Q7" + token},
		{"]C1" + token, "]C1" + token},
		{`\000027` + token, `\000027` + token},
		{token + "\x00", token + "\x00"},
		{token + "\u00a0", token + "\u00a0"},
	} {
		if got := CleanInput(c.in); got != c.want {
			t.Errorf("CleanInput(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// TestCleanInputKeepsTokens puts readers' noise around real tokens.
func TestCleanInputKeepsTokens(t *testing.T) {
	issuer := signer(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		token, err := Issue(claimsGen().Draw(t, "claims"), issuer)
		if err != nil {
			t.Fatal(err)
		}
		before := rapid.SampledFrom([]string{"", " ", "\t\r\n", `\000026`, "]Q1", `]Q2\000026`}).Draw(t, "before")
		after := rapid.StringMatching(`[\r\n\t ]{0,4}`).Draw(t, "after")
		if got := CleanInput(before + token + after); got != token {
			t.Fatalf("%q became %q", before+token+after, got)
		}
	})
}

// typedOn says what a reader that believes in a US keyboard makes a computer with
// another layout print.
func typedOn(layout, text string) string {
	pairs := map[string][]string{
		"german":  {":", "Ö", "/", "-", "-", "ß", "+", "`", "*", "(", "Y", "Z", "Z", "Y"},
		"french":  {":", "M", "/", "!", "-", ")", "+", "+", "*", "8", "A", "Q", "Q", "A", "Z", "W", "W", "Z", "M", "?", "1", "&"},
		"spanish": {":", "Ñ", "/", "-", "-", "'", "+", "¿", "*", "("},
		"italian": {":", "ç", "/", "-", "-", "'", "+", "^", "*", "("},
		"nordic":  {":", "Ö", "/", "-", "-", "+", "+", "`", "*", "("},
	}[layout]
	return strings.NewReplacer(pairs...).Replace(text)
}

func TestLooksLike(t *testing.T) {
	issuer, holder := signer(t, 1), signer(t, 2)
	good, err := Issue(fullClaims(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	shown := present(t, fullClaims(), issuer, holder, nil)
	for name, c := range map[string]struct {
		text string
		want Looks
	}{
		"nothing":               {"", LooksEmpty},
		"a ticket":              {good, LooksTicket},
		"a presentation":        {shown, LooksTicket},
		"a forgery":             {good[:len(good)-3] + "000", LooksTicket},
		"one character lost":    {good[:len(good)-1], LooksCutShort},
		"two lost":              {good[:len(good)-2], LooksCutShort},
		"half":                  {good[:100], LooksCutShort},
		"half a presentation":   {shown[:200], LooksCutShort},
		"the prefix":            {"UT1:", LooksCutShort},
		"half the prefix":       {"UP", LooksCutShort},
		"too long":              {good + strings.Repeat("0", MaxChars), LooksTicket},
		"lower case":            {strings.ToLower(good), LooksLowerCase},
		"lower-case body":       {good[:4] + strings.ToLower(good[4:]), LooksLowerCase},
		"german keyboard":       {typedOn("german", good), LooksKeyboard},
		"french keyboard":       {typedOn("french", good), LooksKeyboard},
		"spanish keyboard":      {typedOn("spanish", shown), LooksKeyboard},
		"italian keyboard":      {typedOn("italian", good), LooksKeyboard},
		"nordic keyboard":       {typedOn("nordic", shown), LooksKeyboard},
		"an odd sign inside":    {good[:50] + "@" + good[51:], LooksKeyboard},
		"UT2":                   {"UT2:" + good[4:], LooksNewer},
		"UP10":                  {"UP10:" + good[4:], LooksNewer},
		"an enrolment card":     {"UE1:ABC", LooksCard},
		"a web address":         {"https://example.org/", LooksURL},
		"a loud web address":    {"HTTP://EXAMPLE.ORG", LooksURL},
		"without a scheme":      {"www.example.org", LooksURL},
		"a health certificate":  {"HC1:NCF", LooksOther},
		"Wi-Fi":                 {"WIFI:S:x;;", LooksOther},
		"a bar code":            {"4006381333931", LooksOther},
		"a word that starts UT": {"UTENSILS", LooksOther},
		"bytes":                 {"\xff\xfe\x00", LooksOther},
		"a megabyte":            {strings.Repeat("é", 1<<19), LooksOther},
	} {
		if got := LooksLike(c.text); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if hint := c.want.Hint(); !strings.HasSuffix(hint, ".") {
			t.Errorf("%s: hint %q", c.want, hint)
		}
	}
}
