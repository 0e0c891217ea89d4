package catalog

import (
	"bytes"
	"errors"
	"reflect"
	"regexp"
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
	err := toml.Unmarshal(b, &table)
	// The decoder takes keys of any capitals and passes over what it doesn't know;
	// the walk does neither.
	var strangers []stranger
	f.places, strangers = locate(b)
	for _, s := range strangers {
		if s.path == "policy.live_required" {
			f.blameAt(s.at, s.path, "there is no such field any more: write down_to = \"live\" in place of true, and nothing in place of false")
			continue
		}
		f.blameAt(s.at, plain(s.path), "there is no such field; %s has %s", s.in, strings.Join(fields(s.table), ", "))
	}
	if err != nil {
		f.decoding(err)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	spec := f.spec(&table)
	if err := f.err(); err != nil {
		return nil, err
	}
	return spec, nil
}

// decoding notes the first thing that the TOML decoder couldn't take.
func (f *finder) decoding(err error) {
	var one *toml.DecodeError
	if !errors.As(err, &one) {
		f.blameAt(place{1, 1}, "", "the file is no TOML that can be read: %.200v", err)
		return
	}
	line, column := one.Position()
	at := place{max(1, line), max(1, column)}
	message := strings.TrimPrefix(one.Error(), "toml: ")
	if found := mismatch.FindStringSubmatch(message); found != nil {
		f.blameAt(at, plain(f.places.before(at)), "want %s, not a TOML %s", wanted(found[2]), found[1])
		return
	}
	f.blameAt(at, plain(strings.Join(one.Key(), ".")), "%.200s", message)
}

// mismatch is what the decoder says of a value that a field can't have.
var mismatch = regexp.MustCompile(`^cannot decode TOML (.+) into (?:struct field \S+ of type )?(.+)$`)

// wanted says what a field of a Go type may have.
func wanted(goType string) string {
	switch goType = strings.TrimLeft(goType, "*"); {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case goType == "string":
		return "a text in quotes"
	case goType == "int64":
		return "a whole number"
	case goType == "bool":
		return "true or false"
	default:
		return "a table"
	}
}

// fields lists the fields that a table has.
func fields(table reflect.Type) []string {
	names := make([]string, table.NumField())
	for i := range names {
		names[i] = table.Field(i).Tag.Get("toml")
	}
	return names
}

// fieldOf finds a field of a table, and gives the table that the field is or
// holds, nil if it is none.
func fieldOf(table reflect.Type, name string) (inner reflect.Type, known bool) {
	for i := range table.NumField() {
		if table.Field(i).Tag.Get("toml") != name {
			continue
		}
		inner = table.Field(i).Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() != reflect.Struct {
			inner = nil
		}
		return inner, true
	}
	return nil, false
}
