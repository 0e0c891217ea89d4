package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// matches tells whether an import path falls under a pattern.
func matches(pattern, name string) bool {
	base, below := strings.CutSuffix(pattern, "/...")
	return name == base || below && strings.HasPrefix(name, base+"/")
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
}

// use is one import of one file.
type use struct {
	from  *Package
	what  string
	where string
}

// uses gives every import of the tree in order, those of tests only if asked.
func (t *Tree) uses(tests bool) []use {
	var out []use
	for _, p := range t.Packages {
		sources := p.Code
		if tests {
			sources = p.sources()
		}
		for _, s := range sources {
			places := s.imports()
			for _, what := range slices.Sorted(maps.Keys(places)) {
				out = append(out, use{p, what, places[what]})
			}
		}
	}
	return out
}

func findArrows(t *Tree) []Finding {
	var out []Finding
	for _, u := range t.uses(true) {
		if !matches(module+"/...", u.what) || u.what == u.from.Path {
			continue
		}
		a := arrowOf(u.from.Path)
		if !matchesAny(a.may, u.what) {
			out = append(out, Finding{u.where, u.from.Path + " imports " + u.what, a.why})
		}
	}
	return out
}

func arrowOf(from string) arrow {
	for _, a := range arrows {
		if matches(a.from, from) {
			return a
		}
	}
	return arrow{why: "this folder has no arrow: say in the arrows table what it may import"}
}

func findLayers(t *Tree) []Finding {
	var out []Finding
	for _, u := range t.uses(true) {
		if slices.Contains(kits, u.from.Path) {
			continue
		}
		for folder, lines := range layers {
			from, ok := sibling(folder, u.from.Path)
			to, ok2 := sibling(folder, u.what)
			if !ok || !ok2 || from == to {
				continue
			}
			if why := againstLayers(lines, from, to); why != "" {
				out = append(out, Finding{u.where, u.from.Path + " imports " + u.what, why})
			}
		}
	}
	return out
}

// sibling gives the name under which a package stands in a folder's layers:
// its first part below the folder.
func sibling(folder, name string) (string, bool) {
	if name == folder {
		return ".", true
	}
	below, ok := strings.CutPrefix(name, folder+"/")
	first, _, _ := strings.Cut(below, "/")
	return first, ok
}

// againstLayers says why from may not import to, or "".
func againstLayers(lines [][]string, from, to string) string {
	line := func(name string) int {
		return slices.IndexFunc(lines, func(l []string) bool { return slices.Contains(l, name) })
	}
	f, o := line(from), line(to)
	switch {
	case f < 0:
		return fmt.Sprintf("%s stands on no line of the layers table, so it is taken to be at the very bottom: give it a line above %s", from, to)
	case o >= f:
		return fmt.Sprintf("%s stands on line %d of its layers and %s on line %d: only what is on an earlier line may be imported; what both need goes lower, or comes in as an interface", from, f+1, to, o+1)
	default:
		return ""
	}
}

func findHomes(t *Tree) []Finding {
	var out []Finding
	for _, h := range homes {
		first := "" // where there is no named place: the package that came first
		for _, u := range t.uses(h.tests) {
			if !matchesAny(h.libs, u.what) {
				continue
			}
			if len(h.places) > 0 {
				if !matchesAny(h.places, u.from.Path) {
					out = append(out, Finding{u.where, fmt.Sprintf("%s imports %s, which belongs in %s", u.from.Path, u.what, strings.Join(h.places, ", ")), h.why})
				}
				continue
			}
			if first == "" {
				first = u.from.Path
			}
			if u.from.Path != first {
				out = append(out, Finding{u.where, fmt.Sprintf("%s imports %s, and so does %s", u.from.Path, u.what, first), h.why})
			}
		}
	}
	return out
}

func findNever(t *Tree) []Finding {
	graph := t.graph()
	var out []Finding
	for _, b := range bans {
		for _, p := range t.Packages {
			if !matches(b.from, p.Path) || b.except != "" && matches(b.except, p.Path) {
				continue
			}
			if chain := b.reach(graph, p.Path); chain != nil {
				out = append(out, Finding{p.Path, strings.Join(chain, " → "), b.why})
			}
		}
	}
	return out
}

// graph gives what every package imports in shipped code, ours and others'.
func (t *Tree) graph() map[string][]string {
	graph := maps.Clone(t.Outside)
	for _, u := range t.uses(false) {
		graph[u.from.Path] = append(graph[u.from.Path], u.what)
	}
	return graph
}

// reach gives the shortest chain of imports from a package to a banned one, or
// nil.
func (b ban) reach(graph map[string][]string, from string) []string {
	came := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, next := range graph[queue[0]] {
			if _, seen := came[next]; seen {
				continue
			}
			came[next] = queue[0]
			if matchesAny(b.never, next) {
				return chainTo(came, next)
			}
			if b.deep && !matchesAny(b.beyond, next) {
				queue = append(queue, next)
			}
		}
	}
	return nil
}

func chainTo(came map[string]string, last string) []string {
	var chain []string
	for p := last; p != ""; p = came[p] {
		chain = append(chain, p)
	}
	slices.Reverse(chain)
	return chain
}
