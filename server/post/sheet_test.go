package post

import (
	"io"
	netmail "net/mail"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

// full is a sheet with every part.
var full = Sheet{
	Language: "fr", Subject: "Vos billets", From: "Pier & Co", Contact: "box@pier.example", Hello: "Bonjour Ada,",
	Text: []string{"merci.", "À bientôt."}, Facts: [][2]string{{"IBAN", "DE89 3704"}}, Button: "Voir", Link: "https://shop.example/order/abc?x=1&y=2",
	Title: "Commande K7", Rows: [][2]string{{"2 × Place", "55,50 €"}, {"Total", "55,50 €"}}, Notes: []string{"Gardez-le pour vous."},
}

const fullText = `Bonjour Ada,

merci.

À bientôt.

  IBAN: DE89 3704

Voir:
https://shop.example/order/abc?x=1&y=2

Commande K7
  2 × Place: 55,50 €
  Total: 55,50 €

Gardez-le pour vous.

-- 
Pier & Co
box@pier.example
`

// A letter says all of the sheet, as text and as HTML, and answers go to the seller.
func TestSheet(t *testing.T) {
	l, err := full.Letter()
	if err != nil {
		t.Fatal(err)
	}
	if l.Text != fullText {
		t.Errorf("the text is\n%s", l.Text)
	}
	if l.Subject != "Vos billets" || l.Language != "fr" || l.ReplyTo != (netmail.Address{Name: "Pier & Co", Address: "box@pier.example"}) {
		t.Errorf("%q in %q, answers to %v", l.Subject, l.Language, l.ReplyTo)
	}
	for _, want := range []string{`<html lang="fr">`, "À bientôt.", "IBAN", "DE89 3704", `href="https://shop.example/order/abc?x=1&amp;y=2"`, ">Voir<", "55,50 €", `href="mailto:box@pier.example"`, "Pier &amp; Co"} {
		if !strings.Contains(l.HTML, want) {
			t.Errorf("the HTML lacks %q", want)
		}
	}
	small, err := Sheet{Language: "en", Subject: "S", Text: []string{"One."}}.Letter()
	if err != nil || small.Text != "One.\n\n" || strings.Contains(small.HTML, "<table") || small.ReplyTo.Address != "" {
		t.Errorf("%q, %v\n%s", small.Text, err, small.HTML)
	}
}

// shape lists the elements of a page, and where its links go.
func shape(t interface{ Fatal(...any) }, page string) (list []string) {
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			return list
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			list = append(list, token.Data)
			for _, a := range token.Attr {
				list = append(list, a.Key)
				if a.Key == "href" {
					list = append(list, a.Val)
				}
			}
		}
	}
}

// What people typed writes no markup, no other link and no line of a header, turns
// nothing round, and is as long as a letter can be.
func TestSheetHoldsWhatIsTyped(t *testing.T) {
	plain, err := full.Letter()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join(shape(t, plain.HTML), " ")
	hostile := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("a \r\n\t\x00\x1b<>&\"'`{}()=:;,.@/\\\u202e\u2066\u2069\u2028\u2029\u0085\ufeff\u200f日é𝒜"))), rapid.SampledFrom([]string{
		"Ada\r\nBcc: all@evil.example", "</p><script>alert(1)</script>", `" onmouseover="x`, "javascript:alert(1)", "{{.Link}}", "\xff\xfe", strings.Repeat("ß", 1<<16),
	}))
	rapid.Check(t, func(t *rapid.T) {
		typed := "x" + hostile.Draw(t, "typed")
		s := full
		s.Subject, s.Hello, s.Text, s.Facts, s.Title = typed, typed, []string{typed, typed}, [][2]string{{typed, typed}}, typed
		s.Rows, s.Notes = [][2]string{{typed, typed}, {typed, typed}}, []string{typed}
		l, err := s.Letter()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(shape(t, l.HTML), " "); got != want {
			t.Fatalf("%q writes into the letter: %s", typed, got)
		}
		if strings.ContainsFunc(l.Subject, unicode.IsControl) || len(l.Subject) > 4*maxLine {
			t.Fatalf("the subject is %q", l.Subject)
		}
		for _, text := range []string{l.Subject, l.Text, l.HTML} {
			if i := strings.IndexFunc(text, func(r rune) bool {
				return unicode.IsControl(r) && r != '\n' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
			}); i >= 0 {
				t.Fatalf("it holds %q of %q", text[i:min(len(text), i+4)], typed)
			}
		}
		if most := 16 * (maxLine + maxParagraph); len(l.Text) > most {
			t.Fatalf("the text has %d bytes", len(l.Text))
		}
	})
}

// The name of a file names no folder, and fits a line.
func TestFileName(t *testing.T) {
	for typed, want := range map[string]string{
		"tickets-A1.pdf": "tickets-A1.pdf", "../../etc/passwd": "_.._etc_passwd", "a\r\nb.pdf": "a b.pdf", "x\u202efdp.exe": "xfdp.exe", `q"; filename="y.exe`: "q__ filename=_y.exe",
		"": "file", "...": "file", strings.Repeat("ü", 3000) + ".pdf": strings.Repeat("ü", 70) + "…üüüüü.pdf",
	} {
		if got := fileName(typed); got != want {
			t.Errorf("%q is %q, want %q", typed, got, want)
		}
	}
}

// The name of a person is no advertisement.
func TestName(t *testing.T) {
	for typed, want := range map[string]string{
		"Ada Lovelace": "Ada Lovelace", "Ada\r\nBcc: x": "Ada Bcc: x", "J. R. R. Tolkien": "J. R. R. Tolkien", "": "",
		"win at https://evil.example/x": "win at https: evil.\u2060example/x", "a@evil.example": "a@\u2060evil.\u2060example",
		"\u202eadA": "adA", strings.Repeat("a", 100): strings.Repeat("a", 79) + "…",
	} {
		if got := Name(typed); got != want {
			t.Errorf("%q is named %q, want %q", typed, got, want)
		}
	}
}
