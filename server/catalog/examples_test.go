package catalog

import (
	"os"
	"path/filepath"
	"testing"
)

// The event files that readers start from must not go stale.
func TestEveryExampleIsAnEventFile(t *testing.T) {
	files, err := filepath.Glob("../../docs/examples/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d examples: %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseFile(filepath.Base(name), text); err != nil {
			t.Error(err)
		}
	}
}
