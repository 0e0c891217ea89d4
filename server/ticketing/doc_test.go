package ticketing

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// docs/guest-list.md has a row for every column, and for no other, and says which
// are needed.
func TestDocumentationListsTheColumns(t *testing.T) {
	text, err := os.ReadFile("../../docs/guest-list.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[column]string{} // to what its second cell says
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			documented[column(m[1])] = strings.TrimSpace(cells[2])
		}
	}
	if n := len(needed) + len(optional); len(documented) != n {
		t.Errorf("%d columns are documented, a list may have %d: %v", len(documented), n, documented)
	}
	for _, c := range needed {
		if !strings.HasPrefix(documented[c], "yes") {
			t.Errorf("%s is needed; documented as %q", c, documented[c])
		}
	}
	for _, c := range optional {
		if documented[c] != "no" {
			t.Errorf("%s is not needed; documented as %q", c, documented[c])
		}
	}
}
