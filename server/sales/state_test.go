package sales

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The guide's table of states has all that there are, and no other.
func TestGuideNamesTheStates(t *testing.T) {
	text, err := os.ReadFile("../../docs/selling.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| state | it means | its tickets |")
	table, _, _ = strings.Cut(table, "\n\n")
	var told, want []State
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, found := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(cells[1], -1) {
			told = append(told, State(found[1]))
		}
	}
	for from, to := range moves {
		want = append(append(want, from), to...)
	}
	slices.Sort(told)
	slices.Sort(want)
	if want = slices.Compact(want); !slices.Equal(told, want) {
		t.Errorf("docs/selling.md tells of %v; there are %v", told, want)
	}
}
