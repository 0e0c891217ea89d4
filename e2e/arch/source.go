package arch

import (
	"fmt"
	"go/ast"
	"go/types"
	"path"
	"slices"
	"strconv"
	"strings"
)

// findInjected looks for the clock and for chance in crypto and sync: as a call,
// as a value that is handed on, or by a dot import that would hide both.
func findInjected(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		if !matchesAny(injectedIn, p.Path) {
			continue
		}
		for _, s := range p.Code {
			out = append(out, s.injected()...)
		}
	}
	return out
}

func (s *Source) injected() []Finding {
	var out []Finding
	for _, inj := range injected {
		local := s.localName(inj.pkg)
		if local == "." {
			out = append(out, at(s.Path, "dot import of %s", inj.pkg))
		}
		ast.Inspect(s.AST, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			// An identifier with an object is a variable that only shares the name.
			x, ok := sel.X.(*ast.Ident)
			if !ok || local == "" || x.Name != local || x.Obj != nil {
				return true
			}
			if len(inj.names) == 0 || slices.Contains(inj.names, sel.Sel.Name) {
				out = append(out, at(s.where(sel), "uses %s.%s", inj.pkg, sel.Sel.Name))
			}
			return true
		})
	}
	return out
}

// localName gives the name under which a source knows a package, "" when it
// doesn't import it.
func (s *Source) localName(pkg string) string {
	for _, spec := range s.AST.Imports {
		if name, _ := strconv.Unquote(spec.Path.Value); name != pkg {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		if base := path.Base(pkg); base != "v2" {
			return base
		}
		return path.Base(path.Dir(pkg))
	}
	return ""
}

func findComments(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		if why := p.commentFault(); why != "" {
			out = append(out, at(p.Path, "%s", why))
		}
	}
	return out
}

// commentFault says what is wrong with the package's comment, or "". Any file
// may hold it; a folder of tests has it in a test.
func (p *Package) commentFault() string {
	name := p.name()
	start := "Package " + name + " "
	if name == "main" {
		start = "Command " + path.Base(p.Path) + " "
	}
	sources := p.Code
	if len(sources) == 0 {
		sources = p.Tests
	}
	fault := "has no package comment"
	for _, s := range sources {
		text := s.AST.Doc.Text()
		switch {
		case text == "":
		case !strings.HasPrefix(strings.ReplaceAll(text, "\n", " "), start):
			fault = fmt.Sprintf("its comment in %s doesn't start with %q", s.Path, start)
		case len(text) < minComment:
			fault = fmt.Sprintf("its comment in %s has %d bytes of at least %d", s.Path, len(text), minComment)
		default:
			return ""
		}
	}
	return fault
}

func findNames(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		if name := p.name(); slices.Contains(emptyNames, name) || slices.Contains(emptyNames, path.Base(p.Path)) {
			out = append(out, at(p.Path, "package %s", name))
		}
	}
	return out
}

// findSkips looks for tests that give up without failing.
func findSkips(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		for _, s := range p.Tests {
			ast.Inspect(s.AST, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok && skips(sel) {
					out = append(out, at(s.where(sel), "%s", types.ExprString(sel)))
				}
				return true
			})
		}
	}
	return out
}

// skips tells whether a selector is the Skip of a test: by its name where no
// other type has one, else by the declared type of what it hangs on.
func skips(sel *ast.SelectorExpr) bool {
	switch sel.Sel.Name {
	case "SkipNow", "Skipf":
		return true
	case "Skip":
	default:
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok || x.Obj == nil {
		return false
	}
	field, ok := x.Obj.Decl.(*ast.Field)
	if !ok {
		return false
	}
	kind := strings.TrimPrefix(types.ExprString(field.Type), "*")
	return strings.HasPrefix(kind, "testing.") || strings.HasPrefix(kind, "rapid.")
}
