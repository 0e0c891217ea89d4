package cluster

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// page is an answer, read as a browser reads it.
type page struct {
	path   string
	status int
	header http.Header
	body   []byte

	root *html.Node // nil: not read yet
}

// nodes gives the elements of a name, in their order.
func (p *page) nodes(name string) []*html.Node {
	if p.root == nil {
		root, err := html.Parse(bytes.NewReader(p.body))
		if err != nil {
			return nil
		}
		p.root = root
	}
	return within(p.root, name)
}

func within(root *html.Node, names ...string) (list []*html.Node) {
	for n := range root.Descendants() {
		for _, name := range names {
			if n.Type == html.ElementNode && n.Data == name {
				list = append(list, n)
			}
		}
	}
	return list
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// text is what an element says.
func text(n *html.Node) string {
	var out strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			out.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// heading is what the page is called.
func (p *page) heading() string {
	for _, h := range p.nodes("h1") {
		return text(h)
	}
	return ""
}

// standing is which page of an order it is; "" for another page.
func (p *page) standing() string {
	for _, b := range p.nodes("body") {
		value, _ := attribute(b, "data-page")
		return value
	}
	return ""
}

var orderCode = regexp.MustCompile(`subject=([0-9A-Z]{10})"`)

// code is the order's, as the page says it; "" for another page.
func (p *page) code() string {
	if found := orderCode.FindSubmatch(p.body); found != nil {
		return string(found[1])
	}
	return ""
}

// form is a form of a page, filled in as it comes.
type form struct {
	action string
	values url.Values
	offers map[string][]string // what each select has to choose from
	asked  []string            // the names of all fields
}

// form gives the page's form whose action ends so; nil for none.
func (p *page) form(suffix string) *form {
	for _, n := range p.nodes("form") {
		action, _ := attribute(n, "action")
		if method, _ := attribute(n, "method"); strings.EqualFold(method, "post") && strings.HasSuffix(action, suffix) {
			return readForm(n, action)
		}
	}
	return nil
}

func readForm(n *html.Node, action string) *form {
	f := &form{action: action, values: url.Values{}, offers: map[string][]string{}}
	for _, field := range within(n, "input", "select", "textarea") {
		name, _ := attribute(field, "name")
		if name == "" {
			continue
		}
		f.asked = append(f.asked, name)
		value, _ := attribute(field, "value")
		kind, _ := attribute(field, "type")
		_, checked := attribute(field, "checked")
		switch {
		case field.Data == "select":
			for _, o := range within(field, "option") {
				v, has := attribute(o, "value")
				if !has {
					v = text(o)
				}
				f.offers[name] = append(f.offers[name], v)
				if _, selected := attribute(o, "selected"); selected || !f.values.Has(name) {
					f.values.Set(name, v)
				}
			}
		case field.Data == "textarea":
			f.values.Set(name, text(field))
		case kind == "radio" || kind == "checkbox":
			if _, disabled := attribute(field, "disabled"); disabled {
				continue
			}
			f.offers[name] = append(f.offers[name], value)
			if checked {
				f.values.Add(name, value)
			}
		default:
			f.values.Set(name, value)
		}
	}
	return f
}
