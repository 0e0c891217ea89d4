package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// goList asks the go command what every package under the module's imports
// in its turn, shipped code only. Packages that don't load (a module that isn't
// there) are passed over: go vet names them better than we could.
func goList(root string) (map[string][]string, error) {
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Imports,ImportMap,Module", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list in %s: %w: %s", root, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return readList(bytes.NewReader(out))
}

// readList reads go list's stream of JSON objects.
func readList(r io.Reader) (map[string][]string, error) {
	imports := map[string][]string{}
	for dec := json.NewDecoder(r); ; {
		var p struct {
			ImportPath string
			Imports    []string
			ImportMap  map[string]string
			Module     *struct{ Main bool }
		}
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return imports, nil
		case err != nil:
			return nil, fmt.Errorf("reading go list's answer: %w", err)
		}
		if p.Module != nil && p.Module.Main {
			continue // read from the source instead
		}
		for i, name := range p.Imports {
			if real, ok := p.ImportMap[name]; ok {
				p.Imports[i] = real
			}
		}
		imports[p.ImportPath] = p.Imports
	}
}
