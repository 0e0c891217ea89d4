package catalog

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// place is where something stands in a file; lines and columns count from 1.
type place struct{ line, column int }

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

// locate walks a document that was decoded without error.
func locate(document []byte) places {
	l := locator{places: places{}, next: map[string]int{}}
	l.parser.Reset(document)
	for l.parser.NextExpression() {
		switch e := l.parser.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			l.table = l.header(e)
		case unstable.KeyValue:
			l.pair(l.table, e)
		}
	}
	return l.places
}

type locator struct {
	parser unstable.Parser
	places places
	table  string         // path of the table that the walk is in
	next   map[string]int // how many elements each array of tables has so far
}

// header gives the path of a [table] or [[table]], in which a name that is an
// array of tables means its last element.
func (l *locator) header(e *unstable.Node) string {
	path := ""
	for key := e.Key(); key.Next(); {
		path = join(path, string(key.Node().Data))
		if e.Kind == unstable.ArrayTable && key.IsLast() {
			l.next[path]++
		}
		if n := l.next[path]; n > 0 {
			path = element(path, n-1)
		}
		l.note(path, key.Node())
	}
	return path
}

// pair notes a key and what is inside its value.
func (l *locator) pair(table string, e *unstable.Node) {
	path := table
	for key := e.Key(); key.Next(); {
		path = join(path, string(key.Node().Data))
		l.note(path, key.Node())
	}
	l.value(path, e.Value())
}

func (l *locator) value(path string, v *unstable.Node) {
	switch v.Kind {
	case unstable.InlineTable:
		for child := v.Children(); child.Next(); {
			l.pair(path, child.Node())
		}
	case unstable.Array:
		i := 0
		for child := v.Children(); child.Next(); i++ {
			l.note(element(path, i), child.Node())
			l.value(element(path, i), child.Node())
		}
	}
}

// note keeps the first place of a path. A node without a text of its own stands
// where what is around it does.
func (l *locator) note(path string, n *unstable.Node) {
	if _, have := l.places[path]; have || n.Raw.Length == 0 {
		return
	}
	start := l.parser.Shape(n.Raw).Start
	l.places[path] = place{start.Line, start.Column}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func element(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
