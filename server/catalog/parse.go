package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"usher/sync/fault"
)

// MaxFile is the most bytes an event file may have. The largest event of 500
// gates and products needs a quarter.
const MaxFile = 1 << 20

// ParseFile reads an event file and checks all that can be said without a
// database; name is how errors call it. What is wrong with it comes as Problems,
// of kind fault.BadInput; a file over MaxFile gives fault.TooLarge.
func ParseFile(name string, b []byte) (*Spec, error) {
	if len(b) > MaxFile {
		return nil, fault.At(fault.TooLarge, name, "the file has %d bytes, want at most %d", len(b), MaxFile)
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	f := &finder{file: name}
	var table fileTable
	if err := toml.NewDecoder(bytes.NewReader(b)).DisallowUnknownFields().Decode(&table); err != nil {
		f.decoding(err)
		return nil, f.err()
	}
	f.places = locate(b)
	spec := f.spec(&table)
	if err := f.err(); err != nil {
		return nil, err
	}
	return spec, nil
}

// decoding notes what the TOML decoder found: several unknown fields, or the
// first value it couldn't take.
func (f *finder) decoding(err error) {
	var unknown *toml.StrictMissingError
	var one *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		for i := range unknown.Errors {
			e := &unknown.Errors[i]
			f.blameAt(at(e), label(e.Key()), "there is no such field; %s", known(e.Key()))
		}
	case errors.As(err, &one):
		f.blameAt(at(one), label(one.Key()), "%s", strings.TrimPrefix(one.Error(), "toml: "))
	default:
		f.blameAt(place{1, 1}, "", "the file is no TOML that can be read: %v", err)
	}
}

func at(e *toml.DecodeError) place {
	line, column := e.Position()
	return place{max(1, line), max(1, column)}
}

// label cuts what a hostile file may call a key.
func label(key toml.Key) string { return fmt.Sprintf("%.80s", strings.Join(key, ".")) }

// known says which fields there are beside an unknown one.
func known(key toml.Key) string {
	table := reflect.TypeFor[fileTable]()
	where := "an event"
	for _, name := range key[:max(0, len(key)-1)] {
		field, ok := fieldOf(table, name)
		if !ok {
			return "docs/event-file.md lists what there is"
		}
		table, where = field, name
	}
	var names []string
	for i := range table.NumField() {
		names = append(names, table.Field(i).Tag.Get("toml"))
	}
	return fmt.Sprintf("%s has %s", where, strings.Join(names, ", "))
}

// fieldOf gives the table that a field is or holds.
func fieldOf(table reflect.Type, name string) (reflect.Type, bool) {
	for i := range table.NumField() {
		if table.Field(i).Tag.Get("toml") != name {
			continue
		}
		t := table.Field(i).Type
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		return t, t.Kind() == reflect.Struct
	}
	return nil, false
}
