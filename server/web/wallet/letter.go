package wallet

import (
	"bytes"
	_ "embed"
	htmltemplate "html/template"
	"text/template"
	"time"

	"usher/server/accounts"
	"usher/server/post"
	"usher/sync/fault"
	"usher/sync/words"
)

//go:embed letter/letter.txt
var letterTextFile string

//go:embed letter/letter.html
var letterHTMLFile string

var (
	letterText = template.Must(template.New("letter").Parse(letterTextFile))
	letterHTML = htmltemplate.Must(htmltemplate.New("letter").Parse(letterHTMLFile))
)

const linkMinutes = int(accounts.LinkLife / time.Minute)

// letter is what the mail with a link is drawn from.
type letter struct {
	view
	Link string
}

// Letter writes the mail with a link.
func Letter(i accounts.Invitation) (post.Letter, error) {
	b, err := book()
	if err != nil {
		return post.Letter{}, err
	}
	l := letter{view{Language: b.Pick(i.Language, words.English), Minutes: linkMinutes}, i.Link}
	var text, html bytes.Buffer
	err = letterText.Execute(&text, l)
	if err == nil {
		err = letterHTML.Execute(&html, l)
	}
	if err != nil {
		return post.Letter{}, fault.Wrap(fault.Internal, err, "the mail with a link can't be written")
	}
	return post.Letter{Subject: l.T("wallet.mail_subject"), Text: text.String(), HTML: html.String(), Language: l.Code()}, nil
}
