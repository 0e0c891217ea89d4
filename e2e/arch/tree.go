package arch

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// module is usher's own import path.
const module = "usher"

// Tree is a checkout, read once.
type Tree struct {
	Root     string
	Files    []File              // sorted by path
	Packages []*Package          // sorted by import path
	Outside  map[string][]string // what packages outside the module import: path → paths
}

// File is one file of the tree, whatever it holds.
type File struct {
	Path string // slash-separated, relative to the root
	Mode fs.FileMode
	Text []byte
}

// Package is one folder of Go.
type Package struct {
	Path  string // import path, as in usher/sync/fault
	Code  []*Source
	Tests []*Source
}

// Source is one parsed Go file.
type Source struct {
	File
	Fset *token.FileSet
	AST  *ast.File
}

// Load reads the tree at root, a folder that holds a go.mod.
func Load(root string) (*Tree, error) {
	t := &Tree{Root: root}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = t.read(name, d)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another test's file, gone while we looked
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the tree at %s: %w", root, err)
	}
	slices.SortFunc(t.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	if err := t.parse(); err != nil {
		return nil, err
	}
	t.Outside, err = goList(root)
	return t, err
}

// read takes one step of the walk. What isn't the project's is left out: folders
// of git and of editors, and what builds and tests leave behind.
func (t *Tree) read(name string, d fs.DirEntry) error {
	rel, err := filepath.Rel(t.Root, name)
	if err != nil {
		return err
	}
	rel = filepath.ToSlash(rel)
	if rel == ".git" && !d.IsDir() {
		return nil // a linked work tree says here where its repository is
	}
	if d.IsDir() {
		if foreign(rel) {
			return filepath.SkipDir
		}
		return nil
	}
	if ext := path.Ext(rel); ext == ".test" || ext == ".prof" || !d.Type().IsRegular() {
		return nil
	}
	info, err := d.Info()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	t.Files = append(t.Files, File{Path: rel, Mode: info.Mode(), Text: text})
	return nil
}

func foreign(dir string) bool {
	hidden := strings.HasPrefix(dir, ".") && dir != "." && dir != ".ci" && !strings.HasPrefix(dir, ".ci/")
	return hidden || dir == "bin" || dir == "coverage" || strings.HasSuffix(dir, "testdata/rapid")
}

// parse fills Packages from the Go files, those for other systems included,
// which go list on this one would not show.
func (t *Tree) parse() error {
	byDir := map[string]*Package{}
	for _, f := range t.Files {
		if path.Ext(f.Path) != ".go" || !inBuild(f.Path) {
			continue
		}
		src := &Source{File: f, Fset: token.NewFileSet()}
		var err error
		src.AST, err = parser.ParseFile(src.Fset, f.Path, f.Text, parser.ParseComments)
		if err != nil {
			return fmt.Errorf("parsing the tree: %w", err)
		}
		dir := path.Dir(f.Path)
		p := byDir[dir]
		if p == nil {
			p = &Package{Path: path.Join(module, dir)}
			byDir[dir] = p
			t.Packages = append(t.Packages, p)
		}
		if strings.HasSuffix(f.Path, "_test.go") {
			p.Tests = append(p.Tests, src)
		} else {
			p.Code = append(p.Code, src)
		}
	}
	slices.SortFunc(t.Packages, func(a, b *Package) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

// inBuild tells whether the go command looks at the file: it passes over
// testdata, vendor, and what starts with a dot or an underscore.
func inBuild(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "testdata" || part == "vendor" || part[0] == '.' || part[0] == '_' {
			return false
		}
	}
	return true
}

// file gives the file at the path, if the tree has one.
func (t *Tree) file(name string) (File, bool) {
	i, ok := slices.BinarySearchFunc(t.Files, name, func(f File, name string) int {
		return strings.Compare(f.Path, name)
	})
	if !ok {
		return File{}, false
	}
	return t.Files[i], true
}

// name is the package's name, without the _test of an outside test.
func (p *Package) name() string {
	return strings.TrimSuffix(p.sources()[0].AST.Name.Name, "_test")
}

func (p *Package) sources() []*Source {
	return slices.Concat(p.Code, p.Tests)
}

// imports gives the paths that a source imports, with the position of each.
func (s *Source) imports() map[string]string {
	out := map[string]string{}
	for _, spec := range s.AST.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil {
			out[name] = s.where(spec)
		}
	}
	return out
}

// where gives a node's place, as in sync/fault/fault.go:12.
func (s *Source) where(n ast.Node) string {
	return s.line(s.Fset.Position(n.Pos()).Line)
}

func (f File) line(n int) string {
	return fmt.Sprintf("%s:%d", f.Path, n)
}
