package arch

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// root is where the module starts, seen from this package's folder.
const root = "../.."

var loadOnce = sync.OnceValues(func() (*Tree, error) { return Load(root) })

func load(t *testing.T) *Tree {
	t.Helper()
	tree, err := loadOnce()
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestTree runs every rule over the project.
func TestTree(t *testing.T) {
	tree := load(t)
	if len(tree.Packages) == 0 || len(tree.Outside) == 0 {
		t.Fatalf("loaded %d packages and %d outside: nothing was looked at", len(tree.Packages), len(tree.Outside))
	}
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			for _, f := range rule.Find(tree) {
				why := rule.Why
				if f.Why != "" {
					why = f.Why
				}
				t.Errorf("%s: %s\n\twhy it matters: %s", f.Where, f.What, why)
			}
		})
	}
}

// TestWebAssembly builds what a page or a phone runs for js/wasm, so that
// nothing in it has come to lean on an operating system. The transports stay
// out: a page brings its own.
func TestWebAssembly(t *testing.T) {
	args := []string{"build"}
	for _, p := range load(t).Packages {
		portable := matchesAny([]string{"usher/crypto/...", "usher/sync/..."}, p.Path) && !matches("usher/sync/link/...", p.Path)
		if portable && len(p.Code) > 0 {
			args = append(args, p.Path)
		}
	}
	if len(args) == 1 {
		t.Fatal("found no package to build")
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go %s for js/wasm: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestTablesNameWhatIs keeps the layers from naming a capability twice, which
// would make its place depend on the reader.
func TestTablesNameWhatIs(t *testing.T) {
	for folder, lines := range layers {
		names := slices.Concat(lines...)
		slices.Sort(names)
		if unique := slices.Compact(slices.Clone(names)); len(unique) != len(names) {
			t.Errorf("%s: a package stands on two lines of %v", folder, names)
		}
	}
}
