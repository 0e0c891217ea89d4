package server_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"

	"usher/server/post"
	"usher/server/sales"
	"usher/server/speech"
)

// italian is the event in a language that we don't speak, so that its own words are
// marked as such on every page.
func italian() string {
	return strings.NewReplacer(`time_zone =`, "language = \"it\"\ntime_zone =", `name = "Quay <b>Night</b>"`, `name = "Notte"`, `name = "General"`, `name = "Intero"`,
		`name = "Seat"`, `name = "Posto"`, `name = "Crew"`, `name = "Banda"`, `name = "Hall"`, `name = "Sala"`, `name = "Deck"`, `name = "Ponte"`,
		`text = "What do you eat?"`, `text = "Che mangi?"`, `"all", "no meat"`, `"tutto", "verdura"`, `terms = "</div><script>alert('terms')</script>"`, `terms = "Niente cani."`).Replace(quayShop)
}

// said are attributes that people are told.
var said = []string{"aria-label", "alt", "title", "placeholder", "data-none", "data-most", "data-left", "data-minutes", "data-soon", "content"}

// texts gives what a page says in its own language: not what stands in an element with
// another.
func texts(t *testing.T, page string) (list []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	add := func(text string) {
		if text = strings.Join(strings.Fields(text), " "); strings.ContainsFunc(text, unicode.IsLetter) {
			list = append(list, text)
		}
	}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "noscript" || n.Data == "nav" || n.Data == "style" || n.Data == "meta" && !strings.Contains(fmt.Sprint(n.Attr), "description")) {
			return
		}
		if n.Type == html.TextNode {
			add(n.Data)
		}
		for _, a := range n.Attr {
			if n.Data != "html" && a.Key == "lang" {
				return
			}
			for _, name := range said {
				if a.Key == name {
					add(a.Val)
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	return list
}

// nobodys are texts that are the same in every language: the organiser's, the buyer's,
// codes, amounts and addresses.
var nobodys = regexp.MustCompile(`^(Notte.*|Intero|[0-9] × (Intero|Posto).*|Posto|Che mangi\?|tutto|verdura|Pier 7|Ada L|Bea|hello@pier7\.example|http.*|[0-9A-Z]{10}|[0-9]+|[€0-9.,\s]*€?|A|A-[0-9]|IBAN|Total|No|Bank|DE89.*)$`)

// spoken are words that happen to be the same in English and another language.
var spoken = map[string]bool{"de Tickets": true, "es No": true, "de Ticket 2:": true}

// leftovers tells what of a text in another language is English.
func leftovers(t *testing.T, what, code string, english, other []string) {
	t.Helper()
	is := map[string]bool{}
	for _, text := range english {
		is[text] = true
	}
	for _, text := range other {
		if is[text] && strings.ContainsFunc(text, unicode.IsLetter) && !nobodys.MatchString(text) && !spoken[code+" "+text] {
			t.Errorf("%s says in %s: %q", what, code, text)
		}
	}
	if len(english) < 2 || len(other) < len(english)*3/4 {
		t.Errorf("%s says %d texts in %s and %d in English", what, len(other), code, len(english))
	}
}

// pagesIn gives the pages that a buyer sees in a language, on the way to the tickets
// and off it, by what they are.
func (l *till) pagesIn(code string) map[string]string {
	l.t.Helper()
	pages := map[string]string{}
	see := func(what, path string, status int) {
		l.t.Helper()
		answer, body := l.get(path)
		if answer.StatusCode != status || !strings.Contains(body, `<html lang="`+code+`"`) {
			l.t.Fatalf("%s in %s: status %d: %s", what, code, answer.StatusCode, body)
		}
		pages[what] = body
	}
	send := func(what, path, form string, status int) {
		l.t.Helper()
		answer, body := l.post(path, form)
		if answer.StatusCode != status || !strings.Contains(body, `<html lang="`+code+`"`) {
			l.t.Fatalf("%s in %s: status %d: %s", what, code, answer.StatusCode, body)
		}
		pages[what] = body
	}
	lang := "lang=" + code
	see("the list", "/?"+lang, 200)
	see("the event", "/events/SHOP-1?"+lang, 200)
	see("a wrong code", "/events/SHOP-1?code=none&"+lang, 200)
	see("the seats", "/events/SHOP-1/seats/seat?"+lang, 200)
	see("nothing", "/events/NONE?"+lang, 404)
	send("an empty cart", "/events/SHOP-1/order", "n.ga=0&"+lang, 400)
	send("a cart that is too large", "/events/SHOP-1/order", "n.ga=99&"+lang, 400)
	form := l.begin("n.ga=1&n.seat=1&" + lang)
	see("the form", form, 200)
	send("what is wrong with it", form+"/pay", "name=&email=x&method=card", 422)
	l.post(form+"/leave", "")
	see("an order that was left", form, 200)
	invoice := l.begin("n.ga=1&" + lang)
	l.post(invoice+"/pay", buyer[1:]+"invoice")
	see("an invoice", invoice, 200)
	card := l.begin("n.ga=1&" + lang)
	answer, _ := l.post(card+"/pay", buyer[1:]+"card")
	see("a payment", card, 200)
	l.card(answer.Header.Get("Location"), "4242424242424242")
	see("the tickets", card, 200)
	o, err := l.Sales.Find(l.t.Context(), sales.Search{State: sales.Paid, Limit: 1})
	if err == nil && len(o) == 1 {
		_, err = l.Sales.Cancel(l.t.Context(), o[0].ID, "pioggia", "organiser")
	}
	if err != nil || len(o) != 1 {
		l.t.Fatalf("%d orders, %v", len(o), err)
	}
	see("a cancelled order", card, 200)
	late := l.begin("n.ga=1&" + lang)
	l.clock.Pass(2 * time.Hour)
	see("an order whose time is over", late, 200)
	return pages
}

// Every page that a buyer sees says all of it in each language, and every letter comes
// in the language that they bought in.
func TestNothingIsLeftInEnglish(t *testing.T) {
	pages, letters := map[string]map[string]string{}, map[string]map[string]post.Letter{}
	for _, code := range speech.Codes() {
		l := newTill(t)
		l.apply(italian())
		pages[code], letters[code] = l.pagesIn(code), map[string]post.Letter{}
		found, err := l.Sales.Find(t.Context(), sales.Search{})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range found {
			mails, err := l.Post.About(t.Context(), o.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, kind := range []string{"refund", "returned", "cancelled", "lapsed"} { // that nobody caused
				mails = append(mails, post.Queued{Mail: post.Mail{Kind: kind, About: o.ID, Detail: map[string]string{"returned": "mail.why_gone"}[kind]}})
			}
			for _, m := range mails {
				letter, err := l.Sales.Compose(t.Context(), m.Mail)
				if err != nil {
					continue // what an order in this state has no letter of
				}
				if letter.Language != code {
					t.Errorf("the letter %s of an order in %s is in %q", m.Kind, code, letter.Language)
				}
				letters[code][m.Kind] = letter
			}
		}
	}
	for _, code := range speech.Codes() {
		if code == "en" {
			continue
		}
		for what, page := range pages["en"] {
			leftovers(t, what, code, texts(t, page), texts(t, pages[code][what]))
		}
		for kind, letter := range letters["en"] {
			other := letters[code][kind]
			leftovers(t, "the letter "+kind, code, append(texts(t, letter.HTML), letter.Subject), append(texts(t, other.HTML), other.Subject))
			leftovers(t, "the text of "+kind, code, strings.Split(letter.Text, "\n"), strings.Split(other.Text, "\n"))
		}
	}
	if len(letters["en"]) < 5 {
		t.Errorf("only %d letters were looked at", len(letters["en"]))
	}
}

// Who changes the language on the way has the order, and its mail, in the new one.
func TestTheOrderKeepsItsLanguage(t *testing.T) {
	l := newTill(t)
	answer, _ := l.post("/events/SHOP-1/order", "n.crew=1&code=anchor", "Accept-Language: fr")
	path := answer.Header.Get("Location")
	l.shows(path, `<html lang="fr">`)
	if _, body := l.get(path, "Accept-Language: es"); !strings.Contains(body, `<html lang="fr">`) {
		t.Error("the order's page is in another language than the order")
	}
	l.shows(path+"?lang=de", `<html lang="de">`, `name="lang" value="de"`)
	l.shows(path, `<html lang="fr">`) // looking changes nothing
	answer, _ = l.post(path+"/pay", "lang=de"+buyer)
	if answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d", answer.StatusCode)
	}
	l.shows(path, `<html lang="de">`, "Ihre Tickets sind da")
	found, err := l.Sales.Find(t.Context(), sales.Search{State: sales.Paid})
	if err != nil || len(found) != 1 || found[0].Details.Language != "de" {
		t.Fatalf("%+v, %v", found, err)
	}
	if err := l.Post.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	inbox := l.do(t, http.MethodGet, "/inbox/", nil, http.NoBody)
	if body, err := io.ReadAll(inbox.Body); err != nil || !strings.Contains(string(body), "Ihre Tickets: ") {
		t.Errorf("the inbox has, %v:\n%s", err, body)
	}
}
