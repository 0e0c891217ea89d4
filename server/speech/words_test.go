package speech

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// key finds the keys of messages in a source: whole ones, and the beginnings, up to
// a dot, of those that are put together.
var key = regexp.MustCompile(`"([a-z]+\.[a-z_0-9.]*)[%"]`)

// No page asks for a message that no language has, and none has one that nobody
// asks for. What sync/words says by itself is its own.
func TestMessagesAreThoseUsed(t *testing.T) {
	if got := Codes(); !slices.Equal(got, []string{"de", "en", "es", "fr"}) {
		t.Errorf("the server speaks %v", got)
	}
	english := In("en", time.UTC)
	sources, files := []string{".go", ".html", ".txt"}, []string{".html", ".js", ".txt"}
	groups, used := map[string]bool{}, map[string]bool{}
	for _, k := range english.Keys() {
		group, _, _ := strings.Cut(k, ".")
		groups[group] = true
	}
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains(sources, filepath.Ext(name)) || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		for _, found := range key.FindAllStringSubmatch(string(text), -1) {
			if group, _, _ := strings.Cut(found[1], "."); !groups[group] || slices.Contains(files, filepath.Ext(found[1])) {
				continue
			}
			used[found[1]] = true
			if !strings.HasSuffix(found[1], ".") && !english.Has(found[1]) {
				t.Errorf("%s says %q, which no language has", name, found[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	own := []string{"language.", "list.", "span.", "money.", "time."}
	for _, k := range english.Keys() {
		if used[k] || slices.ContainsFunc(own, func(p string) bool { return strings.HasPrefix(k, p) }) {
			continue
		}
		if i := strings.LastIndex(k, "."); !used[k[:i+1]] {
			t.Errorf("nobody says %s", k)
		}
	}
}

// same are the messages that are rightly the same in English and in other languages.
// Those that end in a dot are forms more than words.
var same = map[string]string{
	"language.": "", "list.": "", "span.": "", "time.": "", "when.": "",
	"bank.iban": "de es fr", "bank.bic": "de es fr",
	"event.total": "es fr", "mail.total": "es fr", "receipt.total": "es fr", "order.answer.no": "es",
	"print.at": "es fr", "handover.ticket": "de",
	"bank.name": "de", "event.tickets": "de", "order.ticket": "de", "receipt.at": "es fr", "receipt.date": "fr",
}

// Nothing was left in English where another language was meant.
func TestNothingIsLeftInEnglish(t *testing.T) {
	english := In("en", time.UTC)
	for _, code := range Codes() {
		l := In(code, time.UTC)
		if l.Code() != code {
			t.Errorf("who wants %s gets %s", code, l.Code())
		}
		for _, k := range english.Keys() {
			group, _, _ := strings.Cut(k, ".")
			if _, form := same[group+"."]; form || code == "en" || strings.Contains(same[k], code) {
				continue
			}
			if said := l.Say(k, nil); said == english.Say(k, nil) {
				t.Errorf("%s: %s is English, %q", code, k, said)
			}
		}
	}
}
