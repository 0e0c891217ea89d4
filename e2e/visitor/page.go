package visitor

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// Page is an answer, read as a browser reads it.
type Page struct {
	Path   string
	Status int
	Header http.Header
	Body   []byte

	root *html.Node // nil: not read yet
}

// Nodes gives the elements of a name, in their order.
func (p *Page) Nodes(name string) []*html.Node {
	if p.root == nil {
		root, err := html.Parse(bytes.NewReader(p.Body))
		if err != nil {
			return nil
		}
		p.root = root
	}
	return Within(p.root, name)
}

// Within gives the elements of some names below one, in their order.
func Within(root *html.Node, names ...string) (list []*html.Node) {
	for n := range root.Descendants() {
		for _, name := range names {
			if n.Type == html.ElementNode && n.Data == name {
				list = append(list, n)
			}
		}
	}
	return list
}

// Attribute gives an attribute of an element.
func Attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// Text is what an element says.
func Text(n *html.Node) string {
	var out strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			out.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// Heading is what the page is called.
func (p *Page) Heading() string {
	for _, h := range p.Nodes("h1") {
		return Text(h)
	}
	return ""
}

// Standing is which page of an order it is; "" for another page.
func (p *Page) Standing() string {
	for _, b := range p.Nodes("body") {
		value, _ := Attribute(b, "data-page")
		return value
	}
	return ""
}

var orderCode = regexp.MustCompile(`subject=([0-9A-Z]{10})"`)

// Code is the order's, as the page says it; "" for another page.
func (p *Page) Code() string {
	if found := orderCode.FindSubmatch(p.Body); found != nil {
		return string(found[1])
	}
	return ""
}

// Form is a form of a page, filled in as it comes.
type Form struct {
	Action string
	Values url.Values
	Offers map[string][]string // what each select has to choose from
	Asked  []string            // the names of all fields
}

// Form gives the page's form whose action ends so; nil for none.
func (p *Page) Form(suffix string) *Form {
	for _, n := range p.Nodes("form") {
		action, _ := Attribute(n, "action")
		if method, _ := Attribute(n, "method"); strings.EqualFold(method, "post") && strings.HasSuffix(action, suffix) {
			return readForm(n, action)
		}
	}
	return nil
}

func readForm(n *html.Node, action string) *Form {
	f := &Form{Action: action, Values: url.Values{}, Offers: map[string][]string{}}
	for _, field := range Within(n, "input", "select", "textarea") {
		name, _ := Attribute(field, "name")
		if name == "" {
			continue
		}
		f.Asked = append(f.Asked, name)
		value, _ := Attribute(field, "value")
		kind, _ := Attribute(field, "type")
		_, checked := Attribute(field, "checked")
		switch {
		case field.Data == "select":
			for _, o := range Within(field, "option") {
				v, has := Attribute(o, "value")
				if !has {
					v = Text(o)
				}
				f.Offers[name] = append(f.Offers[name], v)
				if _, selected := Attribute(o, "selected"); selected || !f.Values.Has(name) {
					f.Values.Set(name, v)
				}
			}
		case field.Data == "textarea":
			f.Values.Set(name, Text(field))
		case kind == "radio" || kind == "checkbox":
			if _, disabled := Attribute(field, "disabled"); disabled {
				continue
			}
			f.Offers[name] = append(f.Offers[name], value)
			if checked {
				f.Values.Add(name, value)
			}
		default:
			f.Values.Set(name, value)
		}
	}
	return f
}

// FillIn says who somebody is, agrees to the terms, and chooses where something has to
// be chosen.
func (f *Form) FillIn(name, email string) {
	for _, field := range f.Asked {
		switch {
		case field == "email":
			f.Values.Set(field, email)
		case field == "name" || strings.HasSuffix(field, ".name"):
			f.Values.Set(field, name)
		case field == "terms":
			f.Values.Set(field, "yes")
		case len(f.Offers[field]) > 1 && f.Values.Get(field) == "":
			f.Values.Set(field, f.Offers[field][1])
		}
	}
}
