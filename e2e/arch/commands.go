package arch

import (
	"bytes"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	// goTest is such a command in a Markdown file: a line of its own that is indented, or
	// between backticks, where it may go on in the next line.
	goTest = regexp.MustCompile("(?m)(?:^(?: {4}|\t).*?|`)\\b(go test [^`#\n]*(?:\n[^`#\n]*`)?)")
	chosen = regexp.MustCompile(`-(run|bench)\s+(?:'([^']*)'|(\S+))`)
	folder = regexp.MustCompile(`(?:^|\s)\./([a-z0-9/_]+)`)
)

// findMissingTests looks for go test commands of the docs that find nothing to run: by
// then the figure beside one is nobody's.
func findMissingTests(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.Files {
		if !f.ours() || !f.hasExt(".md") {
			continue
		}
		for _, m := range goTest.FindAllSubmatchIndex(f.Text, -1) {
			where := f.line(1 + bytes.Count(f.Text[:m[2]], []byte("\n")))
			for _, what := range t.missing(string(f.Text[m[2]:m[3]])) {
				out = append(out, at(where, "%s", what))
			}
		}
	}
	return out
}

// missing says what a go test command names that isn't there.
func (t *Tree) missing(command string) (what []string) {
	command = strings.TrimRight(command, "`")
	for _, dir := range folder.FindAllStringSubmatch(command, -1) {
		i := slices.IndexFunc(t.Packages, func(p *Package) bool { return p.Path == path.Join(module, dir[1]) })
		if i < 0 {
			what = append(what, "tests ./"+dir[1]+", where no package is")
			continue
		}
		for _, m := range chosen.FindAllStringSubmatch(command, -1) {
			text := m[2] + m[3]
			pattern, err := regexp.Compile(text)
			if text == "^$" || err == nil && slices.ContainsFunc(t.Packages[i].functions(prefixes[m[1]]), pattern.MatchString) {
				continue
			}
			what = append(what, "asks ./"+dir[1]+" to -"+m[1]+" "+text+", and there is none")
		}
	}
	return what
}

// prefixes begin the names of what a flag chooses.
var prefixes = map[string]string{"run": "Test", "bench": "Benchmark"}

// functions lists the functions of the package's tests whose names begin so.
func (p *Package) functions(prefix string) (names []string) {
	for _, s := range p.Tests {
		for _, d := range s.AST.Decls {
			if f, is := d.(*ast.FuncDecl); is && f.Recv == nil && strings.HasPrefix(f.Name.Name, prefix) {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}
