package post

import (
	"bytes"
	_ "embed"
	htmltemplate "html/template"
	netmail "net/mail"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"

	"usher/sync/fault"
)

//go:embed sheet.txt
var sheetTextFile string

//go:embed sheet.html
var sheetHTMLFile string

var (
	sheetText = template.Must(template.New("sheet").Parse(sheetTextFile))
	sheetHTML = htmltemplate.Must(htmltemplate.New("sheet").Parse(sheetHTMLFile))
)

// Sheet is what a letter says, part by part, in the words of its language. All letters
// are laid out by it, so that they look alike: light and dark, on a phone, and as plain
// text. What is empty is left out.
type Sheet struct {
	Language string // BCP 47
	Subject  string
	From     string      // who writes, in the head and below: the seller
	Contact  string      // an e-mail address at which answers reach them
	Hello    string      // the greeting
	Text     []string    // paragraphs
	Facts    [][2]string // a name and what is to be read off or typed, set apart
	Button   string      // what it is called that Link leads to
	Link     string      // the one thing to do
	Title    string      // above Rows
	Rows     [][2]string // what, and how much; the last is the sum
	Notes    []string    // small, at the end
}

// Bounds of what a letter says, in characters: of a line such as the subject or what
// stands in a row, and of a paragraph.
const (
	maxLine      = 300
	maxParagraph = 4000
)

// Letter lays the sheet out.
func (s Sheet) Letter() (Letter, error) {
	s.tidy()
	var text, html bytes.Buffer
	err := sheetText.Execute(&text, s)
	if err == nil {
		err = sheetHTML.Execute(&html, s)
	}
	if err != nil {
		return Letter{}, fault.Wrap(fault.Internal, err, "a letter can't be laid out")
	}
	l := Letter{Subject: s.Subject, Text: text.String(), HTML: html.String(), Language: s.Language}
	if s.Contact != "" {
		l.ReplyTo = netmail.Address{Name: s.From, Address: s.Contact}
	}
	return l, nil
}

// tidy takes from all texts what would write into another part of the letter, or turn
// round what stands beside it.
func (s *Sheet) tidy() {
	for _, line := range []*string{&s.Subject, &s.From, &s.Contact, &s.Hello, &s.Button, &s.Title} {
		*line = Line(*line)
	}
	tidyAll := func(texts []string) (tidied []string) {
		for _, text := range texts {
			tidied = append(tidied, paragraph(text))
		}
		return tidied
	}
	s.Text, s.Notes = tidyAll(s.Text), tidyAll(s.Notes)
	pairs := func(pairs [][2]string) (tidied [][2]string) {
		for _, p := range pairs {
			tidied = append(tidied, [2]string{Line(p[0]), paragraph(p[1])})
		}
		return tidied
	}
	s.Facts, s.Rows = pairs(s.Facts), pairs(s.Rows)
}

// Line makes one line of a text that somebody typed: white space is one space, and
// there is nothing in it that isn't seen.
func Line(text string) string { return cutTo(clean(text), maxLine) }

func clean(text string) string {
	return strings.Join(strings.Fields(strings.Map(seen, strings.ToValidUTF8(text, "\ufffd"))), " ")
}

// Name is Line for the name of a person whose words go to somebody else: a mail
// program makes no link of it, so that nobody has our mail advertise theirs.
func Name(text string) string {
	const most = 80
	text = strings.ReplaceAll(Line(text), "://", ": ")
	var out strings.Builder
	for i, r := range text {
		out.WriteRune(r)
		if next, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):]); (r == '.' || r == '@') && (unicode.IsLetter(next) || unicode.IsDigit(next)) {
			out.WriteRune('\u2060') // a joiner, which is not seen and ends no line
		}
	}
	return cutTo(out.String(), most)
}

// fileName makes a text the name of a file: what programs take for a folder, a quote or
// the name's end is gone, and it is no longer than a line of a message can hold.
func fileName(text string) string {
	const most = 80
	name := strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|;`, r) {
			return '_'
		}
		return r
	}, clean(text)), ". ")
	if r := []rune(name); len(r) > most { // keeps what it ends with: its type
		name = string(r[:most-10]) + "…" + string(r[len(r)-9:])
	}
	if name == "" {
		return "file"
	}
	return name
}

// paragraph is Line that keeps its line breaks.
func paragraph(text string) string {
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(cutTo(text, maxParagraph), "\r", "\n")) {
		if line = strings.TrimSpace(strings.Map(seen, strings.ToValidUTF8(line, "\ufffd"))); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// seen drops what is not seen and changes how other characters are: controls, and the
// marks that turn the direction of writing round, which letters have without them.
func seen(r rune) rune {
	switch {
	case r == '\t' || r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029':
		return ' '
	case unicode.IsControl(r) || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\ufeff':
		return -1
	}
	return r
}

// cutTo cuts a text to so many characters.
func cutTo(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}
