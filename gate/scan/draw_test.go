package scan

import (
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// folder takes the hard pictures, for whoever has others read them: PNG files, each
// with a text file of what it says, in a folder a kind. BenchmarkReaders of
// e2e/doorpage does.
var folder = flag.String("draw", "", "draw the hard pictures into this folder")

func drawInto(t *testing.T, folder string, all map[string][]scene) {
	t.Helper()
	for kind, scenes := range all {
		if err := os.MkdirAll(filepath.Join(folder, kind), 0o700); err != nil {
			t.Fatal(err)
		}
		for i, s := range scenes {
			name := filepath.Join(folder, kind, fmt.Sprintf("%02d", i))
			f, err := os.Create(name + ".png")
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, s.shoot()); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name+".txt", []byte(s.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
