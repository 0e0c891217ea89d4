package words

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// own are the messages that every book has to have.
const own = `
[list]
or = "{a} or {b}"
[span]
s = "{n} s"
min = "{n} min"
h = "{n} h"
[money]
unknown = "{n} units of {currency}"
[time]
clock = "{hour}:{minute}:{second}"
moment = "{clock} on {weekday} {day} {month}"
date = "{weekday} {day} {month} {year}"
[time.weekday]
1 = "Mon"
2 = "Tue"
3 = "Wed"
4 = "Thu"
5 = "Fri"
6 = "Sat"
7 = "Sun"
[time.month]
1 = "Jan"
2 = "Feb"
3 = "Mar"
4 = "Apr"
5 = "May"
6 = "Jun"
7 = "Jul"
8 = "Aug"
9 = "Sep"
10 = "Oct"
11 = "Nov"
12 = "Dec"
`

// bookOf loads a book of the messages that every book has and these, by language.
func bookOf(t *testing.T, more map[string]string) (*Book, error) {
	t.Helper()
	folder := fstest.MapFS{}
	for code, text := range more {
		folder[code+".toml"] = &fstest.MapFile{Data: []byte(own + text)}
	}
	return Load(folder)
}

func mustBook(t *testing.T, more map[string]string) *Book {
	t.Helper()
	b, err := bookOf(t, more)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSay(t *testing.T) {
	const messages = "[m]\nplain = \"plain\"\nit = \"<{it}>\"\ntwice = \"{it} {it}\"\n[m.gates]\none = \"{n} gate of {it}\"\nother = \"{n} gates of {it}\"\n"
	b := mustBook(t, map[string]string{"en": messages, "de": messages, "fr": messages, "es": messages})
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	evening := time.Date(2026, time.July, 4, 19, 5, 0, 0, zone)
	for _, c := range []struct {
		language, key string
		with          With
		want          string
	}{
		{"en", "m.plain", nil, "plain"},
		{"en", "m.it", With{"it": "a name"}, "<a name>"},
		{"en", "m.it", With{"it": "{it} {other}"}, "<{it} {other}>"},
		{"en", "m.twice", With{"it": "x"}, "x x"},
		{"en", "m.none", nil, "m.none"},
		{"en", "m.it", nil, "<…>"},
		{"en", "m.it", With{"it": 20_000}, "<20,000>"},
		{"de", "m.it", With{"it": 20_000}, "<20.000>"},
		{"fr", "m.it", With{"it": 20_000}, "<20\u00a0000>"},
		{"es", "m.it", With{"it": int64(20_000)}, "<20.000>"},
		{"en", "m.it", With{"it": evening}, "<19:05:00 on Sat 4 Jul>"},
		{"en", "m.it", With{"it": evening.Add(-12*time.Hour).AddDate(0, 6, 1)}, "<07:05:00 on Tue 5 Jan>"},
		{"en", "m.it", With{"it": Date(evening.AddDate(0, 5, 2))}, "<Sun 6 Dec 2026>"},
		{"en", "m.it", With{"it": 89*time.Second + 999*time.Millisecond}, "<89 s>"},
		{"en", "m.it", With{"it": 90 * time.Second}, "<2 min>"},
		{"en", "m.it", With{"it": 90*time.Minute - time.Second}, "<90 min>"},
		{"en", "m.it", With{"it": 90 * time.Minute}, "<2 h>"},
		{"en", "m.it", With{"it": Or{"A"}}, "<A>"},
		{"en", "m.it", With{"it": Or{"A", "B", "C"}}, "<A or B or C>"},
		{"en", "m.it", With{"it": Or{}}, "<>"},
		{"en", "m.it", With{"it": Amount{123450, "EUR"}}, "<€1,234.50>"},
		{"de", "m.it", With{"it": Amount{123450, "EUR"}}, "<1.234,50\u00a0€>"},
		{"fr", "m.it", With{"it": Amount{2500, "EUR"}}, "<25,00\u00a0€>"},
		{"es", "m.it", With{"it": Amount{2500, "JPY"}}, "<2500\u00a0¥>"},
		{"en", "m.it", With{"it": Amount{2500, "later than this build"}}, "<2,500 units of later than>"},
		{"en", "m.gates", With{"n": 0, "it": "x"}, "0 gates of x"},
		{"en", "m.gates", With{"n": 1, "it": "x"}, "1 gate of x"},
		{"en", "m.gates", With{"n": uint32(2), "it": "x"}, "2 gates of x"},
		{"en", "m.gates", With{"n": uint64(10_000_001), "it": "x"}, "10,000,001 gates of x"},
		{"en", "m.gates", With{"n": "1", "it": "x"}, "1 gates of x"}, // a text is no number
		{"fr", "m.gates", With{"n": 0, "it": "x"}, "0 gate of x"},
		{"fr", "m.gates", With{"n": 2, "it": "x"}, "2 gates of x"},
	} {
		if got := b.Language(c.language).Say(c.key, c.with); got != c.want {
			t.Errorf("%s %s with %v: %q, want %q", c.language, c.key, c.with, got, c.want)
		}
	}
}

// What Accept-Language of RFC 9110 and browsers' habits ask for.
func TestPick(t *testing.T) {
	b := mustBook(t, map[string]string{"en": "", "de": "", "fr": "", "es": ""})
	for _, c := range []struct{ wishes, other, want string }{
		{"", "", "en"},
		{"", "de", "de"},
		{"", "xx", "en"},
		{"de", "fr", "de"},
		{"de-AT,en;q=0.5", "", "de"},
		{"fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5", "", "fr"},
		{"en;q=0.1,es-MX;q=0.9", "", "es"},
		{"pl,de;q=0.5", "", "de"},
		{"pl", "fr", "fr"},
		{"ja,zh", "", "en"},
		{"not a list;;;", "es", "es"},
		{"de;q=2;q=x", "", "en"},
		{strings.Repeat("de,", 400), "", "en"},
	} {
		if got := b.Pick(c.wishes, c.other).Code(); got != c.want {
			t.Errorf("%.40q or %q: %s, want %s", c.wishes, c.other, got, c.want)
		}
	}
}

func FuzzPick(f *testing.F) {
	for _, wishes := range []string{"", "de", "fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5", "de;q=", "-", "x-private", "zh-Hant-TW", "\xff"} {
		f.Add(wishes, "de")
	}
	folder := fstest.MapFS{"en.toml": {Data: []byte(own)}, "de.toml": {Data: []byte(own)}}
	b, err := Load(folder)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, wishes, other string) {
		if b.Pick(wishes, other) == nil {
			t.Errorf("%q or %q: no language", wishes, other)
		}
	})
}

// A book with a hole, or with a file that says something else than was meant, is
// not loaded.
func TestLoadRefuses(t *testing.T) {
	const plain = "[m]\na = \"{it}\"\n"
	const plural = "[m.n]\none = \"{n} gate\"\nother = \"{n} gates\"\n"
	for name, c := range map[string]struct {
		en, de string
		says   []string
	}{
		"a message is missing":           {plain, "", []string{"de.toml", "m.a is missing"}},
		"a message too many":             {"", plain, []string{"de.toml", "m.a is in no other"}},
		"another place":                  {plain, "[m]\na = \"{that}\"\n", []string{"de.toml", "m.a has the places", "that", "it"}},
		"no place":                       {plain, "[m]\na = \"it\"\n", []string{"de.toml", "m.a has the places"}},
		"plural in one only":             {plural, "[m]\nn = \"{n} Tore\"\n", []string{"de.toml", "m.n: plural forms in one"}},
		"a plural form is missing":       {plural, "[m.n]\nother = \"{n} Tore\"\n", []string{"de.toml", "m.n lacks the plural form \"one\""}},
		"the form other is missing":      {"[m.n]\none = \"{n} gate\"\n", "", []string{"en.toml", "m.n lacks the plural form \"other\""}},
		"forms with different places":    {"[m.n]\none = \"{n} of {it}\"\nother = \"{n}\"\n", "", []string{"en.toml", "m.n", "different places"}},
		"forms chosen by nothing":        {"[m.n]\none = \"a gate\"\nother = \"gates\"\n", "", []string{"en.toml", "m.n", "no {n}"}},
		"a form that is no text":         {"[m.n]\none = 1\nother = \"{n}\"\n", "", []string{"en.toml", "m.n.one: no text"}},
		"no text":                        {"[m]\na = \"\"\n", "", []string{"en.toml", "m.a: no text"}},
		"space at an end":                {"[m]\na = \"a \"\n", "", []string{"en.toml", "m.a: space"}},
		"a control character":            {"[m]\na = \"a\\u0007b\"\n", "", []string{"en.toml", "m.a: a control character"}},
		"an open place":                  {"[m]\na = \"a {it\"\n", "", []string{"en.toml", "m.a: {it"}},
		"a place without a name":         {"[m]\na = \"a {}\"\n", "", []string{"en.toml", "m.a: {}"}},
		"a place with another name":      {"[m]\na = \"a {It is}\"\n", "", []string{"en.toml", "m.a: {It is}"}},
		"a } alone":                      {"[m]\na = \"a } b\"\n", "", []string{"en.toml", "m.a: a }"}},
		"a number":                       {"[m]\na = 7\n", "", []string{"en.toml", "m.a: want a text"}},
		"a name that no key has":         {"[m]\n\"A b\" = \"x\"\n", "", []string{"en.toml", "m.A b"}},
		"an empty table":                 {"[m]\n", "", []string{"en.toml", "m holds nothing"}},
		"a name twice":                   {"[m]\na = \"x\"\na = \"y\"\n", "", []string{"en.toml", "line 37"}},
		"no TOML":                        {"[m\n", "", []string{"en.toml", "line 35"}},
		"what every book has, otherwise": {"[span.d]\none=\"{n}\"\nother=\"{n}\"\n[list.x]\ny=\"x\"\n", "[span.d]\nother=\"{n}\"\none=\"{n}\"\n", []string{"de.toml", "list.x.y is missing"}},
	} {
		_, err := bookOf(t, map[string]string{"en": c.en, "de": c.de})
		if err == nil {
			t.Errorf("%s: loaded", name)
			continue
		}
		for _, part := range c.says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q, which doesn't say %q", name, err, part)
			}
		}
	}
	for name, c := range map[string]struct {
		folder fstest.MapFS
		says   string
	}{
		"no English":          {fstest.MapFS{"de.toml": {Data: []byte(own)}}, "no en.toml"},
		"no language":         {fstest.MapFS{"en.toml": {Data: []byte(own)}, "deutsch_.toml": {Data: []byte(own)}}, "deutsch_.toml"},
		"no canonical tag":    {fstest.MapFS{"en.toml": {Data: []byte(own)}, "DE.toml": {Data: []byte(own)}}, "DE.toml"},
		"without its own":     {fstest.MapFS{"en.toml": {Data: []byte("[list]\nor = \"{a} or {b}\"\n")}}, "en.toml"},
		"its own, with holes": {fstest.MapFS{"en.toml": {Data: []byte(strings.Replace(own, "{a} or {b}", "{a} or", 1))}}, "list.or"},
	} {
		if _, err := Load(c.folder); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want something of %s", name, err, c.says)
		}
	}
}

// The page gets the texts as they stand in the files.
func TestBookInJSON(t *testing.T) {
	const messages = "[m]\na = \"{it}, {that}!\"\n[m.n]\none = \"{n} gate\"\nother = \"{n} gates\"\n"
	body, err := json.Marshal(mustBook(t, map[string]string{"en": messages, "de": messages}))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"en", "de"} {
		forms, _ := got[code]["m.n"].(map[string]any)
		if got[code]["m.a"] != "{it}, {that}!" || forms["one"] != "{n} gate" || forms["other"] != "{n} gates" || len(forms) != 2 {
			t.Errorf("%s: %v", code, got[code])
		}
	}
}
