package arch

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// planted puts into the cases what must not stand in this repository itself.
var planted = strings.NewReplacer(
	"{marker}", "TO"+"DO",
	"{done}", "imple"+"mented",
	"{machine}", "/wo"+"rk",
	"{registry}", "proxy.golang"+".org",
	"{601 lines}", strings.Repeat("//\n", 601),
)

// TestPlanted lays each case of testdata/planted over the clean one and wants
// exactly the findings that the case names: a rule that finds too little, or too
// much, fails here. A rule that no case breaks fails too.
func TestPlanted(t *testing.T) {
	t.Setenv("GOPROXY", "off") // the cases import modules that they don't have
	names, err := filepath.Glob("testdata/planted/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases in testdata/planted: %v", err)
	}
	broken := map[string]bool{}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			want, tree := plant(t, name)
			var got []string
			for _, rule := range Rules() {
				for _, f := range rule.Find(tree) {
					got = append(got, rule.Name+" "+f.Where)
					broken[rule.Name] = true
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("found\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
		})
	}
	for _, rule := range Rules() {
		if !broken[rule.Name] {
			t.Errorf("no case in testdata/planted breaks the rule %q", rule.Name)
		}
	}
}

// plant writes the clean case and then the named one into a folder, and loads it.
func plant(t *testing.T, name string) (want []string, tree *Tree) {
	t.Helper()
	root := t.TempDir()
	for _, archive := range []string{"testdata/planted/clean.txtar", name} {
		a, err := txtar.ParseFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		want = wanted(string(a.Comment))
		for _, f := range a.Files {
			if err := write(filepath.Join(root, f.Name), planted.Replace(string(f.Data))); err != nil {
				t.Fatal(err)
			}
		}
	}
	tree, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	return want, tree
}

// wanted reads the lines "want: rule place" of a case's comment.
func wanted(comment string) []string {
	var want []string
	for line := range strings.Lines(comment) {
		if w, ok := strings.CutPrefix(strings.TrimSpace(line), "want: "); ok {
			want = append(want, w)
		}
	}
	slices.Sort(want)
	return want
}

// write makes a file anew, a script executable.
func write(name, text string) error {
	mode := os.FileMode(0o644)
	if strings.HasPrefix(text, "#!") {
		mode = 0o755
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("planting %s: %w", name, err)
	}
	if err := os.RemoveAll(name); err != nil {
		return fmt.Errorf("planting %s: %w", name, err)
	}
	return os.WriteFile(name, []byte(text), mode)
}
