package words

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"usher/sync/fault"
)

// English is the language that the others are held against, and the one for who
// asks for none.
const English = "en"

// needed are the messages that this package says by itself.
var needed = func() map[string][]string {
	keys := map[string][]string{
		"list.or": {"a", "b"}, "span.s": {"n"}, "span.min": {"n"}, "span.h": {"n"}, "money.unknown": {"currency", "n"},
		"time.clock": {"hour", "minute", "second"}, "time.moment": {"clock", "day", "month", "weekday"}, "time.date": {"day", "month", "weekday", "year"},
	}
	for i := range 12 {
		keys[fmt.Sprintf("time.month.%d", i+1)] = nil
		if i < 7 {
			keys[fmt.Sprintf("time.weekday.%d", i+1)] = nil
		}
	}
	return keys
}()

// Load reads every LANGUAGE.toml of a folder into a book. The error names the file
// and the message.
func Load(folder fs.FS) (*Book, error) {
	names, err := fs.Glob(folder, "*.toml")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the message files can't be listed")
	}
	b := &Book{languages: map[string]*Language{}}
	for _, name := range names {
		file, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the message file %s can't be read", name)
		}
		l, err := read(strings.TrimSuffix(path.Base(name), ".toml"), file)
		if err != nil {
			return nil, fault.At(fault.BadInput, name, "%v", err)
		}
		b.languages[l.code] = l
	}
	return b, b.complete()
}

// complete refuses a book in which one language lacks what another has.
func (b *Book) complete() error {
	english, has := b.languages[English]
	if !has {
		return fault.New(fault.BadInput, "there is no %s.toml to hold the other languages against", English)
	}
	for key, places := range needed {
		if t, has := english.messages[key]; !has || !slices.Equal(t.places(), places) {
			return fault.At(fault.BadInput, English+".toml", "%s: want a message with the places %q", key, places)
		}
	}
	for _, code := range b.Codes() {
		if err := b.languages[code].like(english); err != nil {
			return fault.At(fault.BadInput, code+".toml", "%v", err)
		}
	}
	b.index()
	return nil
}

// like refuses a language that hasn't the same messages as another.
func (l *Language) like(other *Language) error {
	for _, key := range other.Keys() {
		own, has := l.messages[key]
		its := other.messages[key]
		switch {
		case !has:
			return fmt.Errorf("%s is missing", key)
		case (own.forms == nil) != (its.forms == nil):
			return fmt.Errorf("%s: plural forms in one of %s and %s only", key, l.code, other.code)
		case !slices.Equal(own.places(), its.places()):
			return fmt.Errorf("%s has the places %q, in %s %q", key, own.places(), other.code, its.places())
		}
	}
	for _, key := range l.Keys() {
		if _, has := other.messages[key]; !has {
			return fmt.Errorf("%s is in no other language: %s has no such message", key, other.code)
		}
	}
	return nil
}

// read reads one language's file.
func read(code string, file []byte) (*Language, error) {
	tag, err := language.Parse(code)
	if err != nil || tag.String() != code {
		return nil, fmt.Errorf("%q is no tag of a language such as %s", code, English)
	}
	var tables map[string]any
	if err := toml.Unmarshal(file, &tables); err != nil {
		var where *toml.DecodeError
		if errors.As(err, &where) {
			row, column := where.Position()
			return nil, fmt.Errorf("line %d, column %d: %w", row, column, err)
		}
		return nil, err
	}
	l := &Language{code: code, tag: tag, numbers: message.NewPrinter(tag), messages: map[string]text{}}
	return l, l.gather("", tables)
}

// gather takes in the messages of a table and of those below it.
func (l *Language) gather(prefix string, table map[string]any) error {
	for name, v := range table {
		key := prefix + name
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			return fmt.Errorf("%q: want names of a–z, 0–9, _ and -", key)
		}
		switch v := v.(type) {
		case string:
			form, err := parse(v)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			l.messages[key] = text{other: form}
		case map[string]any:
			if err := l.below(key, v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s: want a text", key)
		}
	}
	return nil
}

// below takes in a table that is one message with plural forms, or holds messages.
func (l *Language) below(key string, table map[string]any) error {
	if len(table) == 0 {
		return fmt.Errorf("%s holds nothing", key)
	}
	for name := range table {
		if !slices.Contains(slices.Collect(maps.Values(forms)), name) {
			return l.gather(key+".", table)
		}
	}
	t := text{forms: map[string]form{}}
	for name, v := range table {
		said, _ := v.(string)
		f, err := parse(said)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", key, name, err)
		}
		t.forms[name] = f
	}
	t.other = t.forms[forms[plural.Other]]
	for _, name := range l.forms() {
		if f, has := t.forms[name]; !has {
			return fmt.Errorf("%s lacks the plural form %q, which %s has", key, name, l.code)
		} else if !slices.Contains(f.places(), "n") {
			return fmt.Errorf("%s.%s: no {n}, by which the form is chosen", key, name)
		}
	}
	for name, f := range t.forms {
		if !slices.Equal(f.places(), t.other.places()) {
			return fmt.Errorf("%s: the forms %q and %q have different places", key, name, forms[plural.Other])
		}
	}
	l.messages[key] = t
	return nil
}

// forms lists the plural forms that whole numbers take in the language.
func (l *Language) forms() []string {
	seen := map[string]bool{forms[plural.Other]: true}
	for n := range 1000 {
		seen[l.form(n)] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// text is a message: its form other, and where it has plural forms all of them.
type text struct {
	other form
	forms map[string]form
}

func (t text) places() []string { return t.other.places() }

// form is a text in its parts.
type form []part

// part is a piece of text as it stands, or else a place.
type part struct{ text, place string }

// places lists the names of a form's places once each, sorted.
func (f form) places() []string {
	var names []string
	for _, p := range f {
		if p.place != "" && !slices.Contains(names, p.place) {
			names = append(names, p.place)
		}
	}
	slices.Sort(names)
	return names
}

// source gives the form as it stands in the file.
func (f form) source() string {
	var out strings.Builder
	for _, p := range f {
		if p.place != "" {
			out.WriteString("{" + p.place + "}")
		}
		out.WriteString(p.text)
	}
	return out.String()
}

// parse takes a text apart.
func parse(s string) (form, error) {
	switch {
	case strings.TrimSpace(s) == "":
		return nil, errors.New("no text")
	case strings.TrimSpace(s) != s:
		return nil, errors.New("space at an end")
	case strings.ContainsFunc(s, unicode.IsControl):
		return nil, errors.New("a control character")
	}
	var f form
	for s != "" {
		before, rest, found := strings.Cut(s, "{")
		if strings.Contains(before, "}") {
			return nil, errors.New("a } without its {")
		}
		if before != "" {
			f = append(f, part{text: before})
		}
		if !found {
			break
		}
		place, after, closed := strings.Cut(rest, "}")
		if !closed || place == "" || strings.Trim(place, "abcdefghijklmnopqrstuvwxyz_") != "" {
			return nil, fmt.Errorf("{%.20s: want a place such as {name}", rest)
		}
		f, s = append(f, part{place: place}), after
	}
	return f, nil
}
