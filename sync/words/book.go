package words

import (
	"encoding/json"
	"maps"
	"slices"

	"golang.org/x/text/language"
)

// maxWishes is how much of a list of wishes is looked at, in bytes.
const maxWishes = 512

// Book holds the messages of several languages. It may be used by many at once.
type Book struct {
	languages map[string]*Language
	order     []string // of the matcher; English first
	matcher   language.Matcher
}

func (b *Book) index() {
	b.order = []string{English}
	for _, code := range b.Codes() {
		if code != English {
			b.order = append(b.order, code)
		}
	}
	var tags []language.Tag
	for _, code := range b.order {
		tags = append(tags, b.languages[code].tag)
	}
	b.matcher = language.NewMatcher(tags)
}

// Codes lists the languages, sorted.
func (b *Book) Codes() []string { return slices.Sorted(maps.Keys(b.languages)) }

// Language gives a language by its code, nil where the book hasn't it.
func (b *Book) Language(code string) *Language { return b.languages[code] }

// English is the language for who asks for none.
func (b *Book) English() *Language { return b.languages[English] }

// Pick gives the language that fits a list of wishes best, as a browser sends it in
// Accept-Language (RFC 9110 section 12.5.4). Where none fits, or the list can't be
// read, it is the one with the code other, or English where the book hasn't that.
func (b *Book) Pick(wishes, other string) *Language {
	if len(wishes) <= maxWishes {
		if tags, _, err := language.ParseAcceptLanguage(wishes); err == nil && len(tags) > 0 {
			if _, i, sure := b.matcher.Match(tags...); sure >= language.High {
				return b.languages[b.order[i]]
			}
		}
	}
	if l, has := b.languages[other]; has {
		return l
	}
	return b.English()
}

// MarshalJSON gives the messages of every language by its code, for a page to say
// them: each a text, or an object of texts by their plural forms.
func (b *Book) MarshalJSON() ([]byte, error) {
	all := map[string]map[string]any{}
	for code, l := range b.languages {
		all[code] = map[string]any{}
		for key, t := range l.messages {
			if t.forms == nil {
				all[code][key] = t.other.source()
				continue
			}
			forms := map[string]string{}
			for name, f := range t.forms {
				forms[name] = f.source()
			}
			all[code][key] = forms
		}
	}
	return json.Marshal(all)
}
