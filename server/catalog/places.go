package catalog

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// place is where something stands in a file; lines and columns count from 1,
// columns in bytes.
type place struct{ line, column int }

func (p place) compare(other place) int {
	return cmp.Or(cmp.Compare(p.line, other.line), cmp.Compare(p.column, other.column))
}

// places knows where each value of a TOML document stands, by its path: names
// joined by dots, elements of arrays by number from 0, as in gate[2].products[0].
type places map[string]place

// nearest gives the place of the path, or of the nearest table around it.
func (p places) nearest(path string) place {
	for path != "" {
		if at, ok := p[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return place{1, 1}
}

// before gives the path of what stands at a place, or last before it.
func (p places) before(at place) string {
	var path string
	var best place
	for candidate, has := range p {
		if has.compare(at) > 0 {
			continue
		}
		// Of those in one place, the innermost; it has the longest path.
		if c := has.compare(best); c > 0 || c == 0 && len(candidate) > len(path) {
			path, best = candidate, has
		}
	}
	return path
}

// stranger is a key that no table of an event file has.
type stranger struct {
	at    place
	path  string
	table reflect.Type // that it would be a field of
	in    string       // how people know the table
}

// locate walks a document, as far as it is TOML.
func locate(document []byte) (places, []stranger) {
	l := locator{places: places{}, next: map[string]int{}, lines: []int{0}}
	for i, c := range document {
		if c == '\n' {
			l.lines = append(l.lines, i+1)
		}
	}
	l.parser.Reset(document)
	l.table = node{table: reflect.TypeFor[fileTable](), name: "an event"}
	root := l.table
	for l.parser.NextExpression() {
		switch e := l.parser.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			l.table = l.header(root, e)
		case unstable.KeyValue:
			l.pair(l.table, e)
		}
	}
	return l.places, l.strangers
}

// node is a key of the document, or the document itself.
type node struct {
	path  string
	table reflect.Type // that it is or holds; nil when it is none, or not known
	name  string
}

type locator struct {
	parser    unstable.Parser
	lines     []int // offsets at which lines begin
	places    places
	strangers []stranger
	table     node           // that the walk is in
	next      map[string]int // how many elements each array of tables has so far
}

// header gives the node of a [table] or [[table]], in which a name that is an
// array of tables means its last element.
func (l *locator) header(at node, e *unstable.Node) node {
	for key := e.Key(); key.Next(); {
		at = l.enter(at, key.Node())
		if e.Kind == unstable.ArrayTable && key.IsLast() {
			l.next[at.path]++
		}
		if n := l.next[at.path]; n > 0 {
			at.path = element(at.path, n-1)
			l.note(at.path, key.Node())
		}
	}
	return at
}

// pair notes a key and what is inside its value.
func (l *locator) pair(at node, e *unstable.Node) {
	for key := e.Key(); key.Next(); {
		at = l.enter(at, key.Node())
	}
	l.value(at, e.Value())
}

// enter goes from a table to one of its keys.
func (l *locator) enter(at node, key *unstable.Node) node {
	name := string(key.Data)
	to := node{path: join(at.path, name), name: name}
	l.note(to.path, key)
	if at.table == nil {
		return to
	}
	kind, known := fieldOf(at.table, name)
	if !known {
		l.strangers = append(l.strangers, stranger{l.place(key), to.path, at.table, at.name})
	}
	to.table = kind
	return to
}

func (l *locator) value(at node, v *unstable.Node) {
	switch v.Kind {
	case unstable.InlineTable:
		for child := v.Children(); child.Next(); {
			l.pair(at, child.Node())
		}
	case unstable.Array:
		i := 0
		for child := v.Children(); child.Next(); i++ {
			of := at
			of.path = element(at.path, i)
			l.note(of.path, child.Node())
			l.value(of, child.Node())
		}
	}
}

// note keeps the first place of a path. A node without a text of its own stands
// where what is around it does.
func (l *locator) note(path string, n *unstable.Node) {
	if _, have := l.places[path]; !have && n.Raw.Length > 0 {
		l.places[path] = l.place(n)
	}
}

func (l *locator) place(n *unstable.Node) place {
	offset := int(n.Raw.Offset)
	line, found := slices.BinarySearch(l.lines, offset)
	if found {
		line++
	}
	return place{line, offset - l.lines[line-1] + 1}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func element(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// plain gives a path without the numbers of elements, as people know a field,
// and cut: a hostile file may call a key anything.
func plain(path string) string {
	var b bytes.Buffer
	inside := false
	for _, c := range path {
		switch {
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case !inside:
			b.WriteRune(c)
		}
	}
	return fmt.Sprintf("%.80s", b.String())
}
