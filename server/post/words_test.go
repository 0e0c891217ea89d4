package post

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// kinds finds the constants that name kinds of mail: with what they begin that another
// constant says, and the rest.
var (
	kinds  = regexp.MustCompile(`(?m)^\s*(?:const )?(?:mail[A-Z]\w*|MailKind)\s*=\s*(?:(\w+) \+ )?"(\w+)"`)
	begins = regexp.MustCompile(`(?m)^const (MailPrefix|MailKinds) = "(\w+)"`)
)

// The organiser reads words for every kind of mail that is sent, and there are none for
// mail that nobody sends.
func TestWordsOfMail(t *testing.T) {
	sent := []string{"called_off_holder", "moved_holder"} // which are put together
	err := filepath.WalkDir("..", func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		prefix := map[string]string{"": ""}
		for _, found := range begins.FindAllStringSubmatch(string(text), -1) {
			prefix[found[1]] = found[2]
		}
		for _, found := range kinds.FindAllStringSubmatch(string(text), -1) {
			sent = append(sent, prefix[found[1]]+found[2])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range sent {
		if words[kind] == "" {
			t.Errorf("mail of kind %q has no words for the organiser", kind)
		}
	}
	for kind := range words {
		if !slices.Contains(sent, kind) {
			t.Errorf("there are words for mail of kind %q, which nobody sends", kind)
		}
	}
	if got := (Mail{Kind: "of_old"}).What(); got != "of old" {
		t.Errorf("mail of a kind of before is called %q", got)
	}
}
