package catalog

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/event-file.md has a row for every key of every table, and for no other.
func TestDocumentationListsTheKeys(t *testing.T) {
	text, err := os.ReadFile("../../docs/event-file.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		section string
		table   reflect.Type
		prose   []string // keys that the section explains outside its table
	}{
		{"The event", reflect.TypeFor[fileTable](), []string{"policy", "shop", "pool", "zone", "product", "gate"}}, // sections of their own
		{"[policy]", reflect.TypeFor[policyTable](), nil},
		{"[shop]", reflect.TypeFor[shopTable](), nil},
		{"[shop.transfer]", reflect.TypeFor[transferTable](), nil},
		{"[shop.resale]", reflect.TypeFor[resaleTable](), nil},
		{"[[pool]]", reflect.TypeFor[poolTable](), nil},
		{"[[zone]]", reflect.TypeFor[zoneTable](), nil},
		{"[[product]]", reflect.TypeFor[productTable](), nil},
		{"[[gate]]", reflect.TypeFor[gateTable](), nil},
		{"Rules", reflect.TypeFor[ruleTable](), []string{"text", "tolerance_min"}},
	} {
		_, section, found := strings.Cut(string(text), "\n## "+c.section+"\n")
		if !found {
			t.Errorf("there is no section %s", c.section)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		want := slices.DeleteFunc(fields(c.table), func(key string) bool { return slices.Contains(c.prose, key) })
		slices.Sort(want)
		if got := firstCells(section); !slices.Equal(got, want) {
			t.Errorf("%s: the table lists\n%s\nthe file has\n%s", c.section, got, want)
		}
	}
	for _, key := range slices.Concat(fields(reflect.TypeFor[questionTable]()), fields(reflect.TypeFor[cutoffTable]()), fields(reflect.TypeFor[sellerTable]()), fields(reflect.TypeFor[bankTable]()), fields(reflect.TypeFor[backTable]()), []string{"tolerance_min"}) {
		if !regexp.MustCompile("`[^`]*\\b" + key + "\\b[^`]*`").Match(text) {
			t.Errorf("nothing is said of %s", key)
		}
	}
}

// firstCells lists what stands in the first cells of a section's table, sorted.
func firstCells(section string) (keys []string) {
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			keys = append(keys, m[1])
		}
	}
	slices.Sort(keys)
	return keys
}
