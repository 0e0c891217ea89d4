package sales

import (
	"cmp"
	_ "embed"
	htmltemplate "html/template"
	"text/template"
)

//go:embed letter.txt
var letterTextFile string

//go:embed letter.html
var letterHTMLFile string

var (
	letterText = template.Must(template.New("letter").Parse(letterTextFile))
	letterHTML = htmltemplate.Must(htmltemplate.New("letter").Parse(letterHTMLFile))
)

// Name is whom the letter greets.
func (l *letter) Name() string { return cmp.Or(l.order.Details.Name, l.T("mail.guest")) }

// Order is the order's code.
func (l *letter) Order() string { return l.order.Code }

// Link is the address of the order's page.
func (l *letter) Link() string { return l.link }

// Seller is who signs.
func (l *letter) Seller() string { return cmp.Or(l.shop.Seller.Name, l.event.Name) }

// Contact is where an answer reaches the seller; it may be empty.
func (l *letter) Contact() string { return l.shop.Seller.Email }
