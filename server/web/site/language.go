package site

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"usher/server/speech"
)

// Lang says things in one language; templates call its methods.
type Lang = speech.Lang

// languageField names the language in an address and in a form.
const languageField = "lang"

// Speech is the language of a page, and how it came to it. A page's links keep what the
// address chose, so no cookie has to.
type Speech struct {
	Lang
	chosen bool   // by the address
	here   string // the page's address without a language
}

// Speak gives the language of a page: the one that its address or form names, else the
// one that fits best what the browser asks for, else the page's own. here is the page's
// address without a language.
func Speak(r *http.Request, own string, zone *time.Location, here string) Speech {
	if code := named(r); code != "" {
		return Speech{speech.In(code, zone), true, here}
	}
	return Speech{speech.For(strings.Join(r.Header["Accept-Language"], ","), own, zone), false, here}
}

// Settled is Speak for a page whose language stands, as an order's does, until its
// address names another.
func Settled(r *http.Request, own string, zone *time.Location, here string) Speech {
	if code := named(r); code != "" && code != speech.In(own, zone).Code() {
		return Speech{speech.In(code, zone), true, here}
	}
	return Speech{speech.In(own, zone), false, here}
}

// named gives the language of ours that a request names; "" for none.
func named(r *http.Request) string {
	code := r.PostForm.Get(languageField)
	if code == "" && r.URL.RawQuery != "" {
		code = r.URL.Query().Get(languageField)
	}
	if code != "" && speech.Has(code) {
		return code
	}
	return ""
}

// Ours says whether a page is what its address is for everybody: the address chose its
// language, or it is in the one that they get who ask for none of ours. A cache that
// knows nothing of languages may hand it out. own is the page's own language.
func (s Speech) Ours(own string) bool { return s.chosen || s.Code() == speech.In(own, nil).Code() }

// Chosen is the language that the address chose; "" where it chose none.
func (s Speech) Chosen() string {
	if s.chosen {
		return s.Code()
	}
	return ""
}

// Link gives the address of a page of ours in the language that was chosen. Names and
// values of its query follow in turn; empty values are left out.
func (s Speech) Link(path string, query ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			values.Set(query[i], query[i+1])
		}
	}
	if s.chosen {
		values.Set(languageField, s.Code())
	}
	if len(values) == 0 {
		return path
	}
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return path + mark + values.Encode()
}

// Foreign is the language of texts of somebody else's, where it isn't the page's: for
// the attribute lang.
func (s Speech) Foreign(language string) string {
	if language == s.Code() {
		return ""
	}
	return language
}

// Choice is a language that the page can be had in.
type Choice struct {
	Code, Name, Link string
	Here             bool // the page is in it
}

// Languages lists the languages that the page can be had in.
func (s Speech) Languages() (list []Choice) {
	for _, code := range speech.Codes() {
		l := Speech{speech.In(code, s.Zone), true, ""}
		list = append(list, Choice{code, l.T("language.name"), l.Link(s.here), code == s.Code()})
	}
	return list
}

// Accepted gives the language of a page that is nobody's: what the address or form
// names, or the browser asks for.
func Accepted(r *http.Request) Speech { return Speak(r, "", time.UTC, "") }
