package arch

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"usher/sync/fault"
)

// TestErrorsAreListed holds docs/errors.md, which clients are written against,
// to the kinds of sync/fault: the same codes in the same order, with the HTTP
// status and the answer to "again later?" that the code gives.
func TestErrorsAreListed(t *testing.T) {
	f, ok := load(t).file("docs/errors.md")
	if !ok {
		t.Fatal("docs/errors.md is not there")
	}
	var listed []string
	for line := range strings.Lines(string(f.Text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 7 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		listed = append(listed, strings.Join(cells[1:4], " "))
		if cells[4] == "" || cells[5] == "" {
			t.Errorf("docs/errors.md: the row of %s leaves a cell empty", cells[1])
		}
	}
	var want []string
	for _, k := range fault.Kinds() {
		again := "no"
		if k.Temporary() {
			again = "yes"
		}
		want = append(want, fmt.Sprintf("`%s` %d %s", k, k.HTTPStatus(), again))
	}
	if !slices.Equal(listed, want) {
		t.Errorf("docs/errors.md and sync/fault differ (code, status, again later?)\nlisted:\n  %s\nin the code:\n  %s",
			strings.Join(listed, "\n  "), strings.Join(want, "\n  "))
	}
}
