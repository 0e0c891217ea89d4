package ticketing

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/sync/fault"
)

// Limits of an attendee list.
const (
	MaxFile = 256 << 20 // bytes
	MaxRows = 1_000_000
	// maxReported bounds the bad rows that one error names.
	maxReported = 20
)

// column is a column of an attendee list.
type column string

const (
	colExternal   column = "external_id"
	colName       column = "name"
	colEmail      column = "email"
	colProduct    column = "product"
	colSeat       column = "seat"
	colZone       column = "zone"
	colFrom       column = "valid_from"
	colUntil      column = "valid_until"
	colAdmissions column = "admissions"
	colOrder      column = "order"
	colNote       column = "note"
	colPaid       column = "paid"
)

var (
	needed   = []column{colExternal, colName, colEmail, colProduct}
	optional = []column{colSeat, colZone, colFrom, colUntil, colAdmissions, colOrder, colNote, colPaid}
)

// row is one line of an attendee list as it stands there. A quoted cell may
// hold line breaks, so a row names the line that it starts on.
type row struct {
	line  int
	cells []string // by the table's columns, trimmed
}

// table is an attendee list as it was read.
type table struct {
	columns map[column]int
	rows    []row
}

// cell gives what stands in a column, "" where the list has no such column.
func (t *table) cell(r row, c column) string {
	if i, there := t.columns[c]; there {
		return r.cells[i]
	}
	return ""
}

// has reports whether the list has a column.
func (t *table) has(c column) bool {
	_, there := t.columns[c]
	return there
}

// problems collects what is wrong with a list, so that one look mends many rows.
type problems struct {
	name  string
	list  []string
	count int
}

func (p *problems) add(line int, col column, format string, args ...any) {
	p.count++
	if len(p.list) < maxReported {
		p.list = append(p.list, fmt.Sprintf("line %d, column %s: %s", line, col, fmt.Sprintf(format, args...)))
	}
}

// err gives the problems as one error, nil when there are none.
func (p *problems) err() error {
	if p.count == 0 {
		return nil
	}
	text := strings.Join(p.list, "\n")
	if more := p.count - len(p.list); more > 0 {
		text += fmt.Sprintf("\n… and %d more", more)
	}
	if p.count > 1 {
		text = fmt.Sprintf("%d mistakes, nothing was imported:\n%s", p.count, text)
	} else {
		text += "; nothing was imported"
	}
	return fault.At(fault.BadInput, p.name, "%s", text)
}

// readCSV reads an attendee list (RFC 4180, with "," or ";" between cells, in
// UTF-8 with or without a byte order mark). Its errors name line and column.
func readCSV(name string, r io.Reader) (*table, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "can't read %s", name)
	}
	if len(text) > MaxFile {
		return nil, fault.At(fault.TooLarge, name, "over %d MiB", MaxFile>>20)
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if line, ok := validUTF8(text); !ok {
		return nil, fault.At(fault.BadInput, name, "line %d: not UTF-8; save the list as UTF-8 (in a spreadsheet: “CSV UTF-8”)", line)
	}
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma, reader.FieldsPerRecord, reader.ReuseRecord = delimiter(text), -1, true
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, fault.At(fault.BadInput, name, "the file is empty; its first line must name the columns: %s", listed(needed))
	}
	if err != nil {
		return nil, parseError(name, err)
	}
	line, _ := reader.FieldPos(0)
	columns, err := readHeader(name, line, header)
	if err != nil {
		return nil, err
	}
	return readRows(name, reader, columns)
}

// delimiter looks at the header line alone: names of columns hold neither
// character. Blank lines before it don't count.
func delimiter(text []byte) rune {
	line, _, _ := bytes.Cut(bytes.TrimLeft(text, "\r\n"), []byte("\n"))
	if bytes.Count(line, []byte(";")) > bytes.Count(line, []byte(",")) {
		return ';'
	}
	return ','
}

func validUTF8(text []byte) (line int, ok bool) {
	if utf8.Valid(text) {
		return 0, true
	}
	line = 1
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		text = text[size:]
	}
	return line, false
}

func readHeader(name string, line int, cells []string) ([]column, error) {
	columns := make([]column, len(cells))
	for i, cell := range cells {
		c := column(strings.ToLower(strings.TrimSpace(cell)))
		if !slices.Contains(needed, c) && !slices.Contains(optional, c) {
			return nil, fault.At(fault.BadInput, name, "line %d, column %d: %.40q is no column of an attendee list; there are %s and, if wanted, %s",
				line, i+1, cell, listed(needed), listed(optional))
		}
		if slices.Contains(columns[:i], c) {
			return nil, fault.At(fault.BadInput, name, "line %d, column %d: %s is there twice", line, i+1, c)
		}
		columns[i] = c
	}
	for _, c := range needed {
		if !slices.Contains(columns, c) {
			return nil, fault.At(fault.BadInput, name, "line %d: column %s is missing; an attendee list has %s", line, c, listed(needed))
		}
	}
	return columns, nil
}

func readRows(name string, reader *csv.Reader, columns []column) (*table, error) {
	t := &table{columns: make(map[column]int, len(columns))}
	for i, c := range columns {
		t.columns[c] = i
	}
	bad := problems{name: name}
	for {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return t, bad.err()
		}
		if err != nil {
			return nil, parseError(name, err)
		}
		line, _ := reader.FieldPos(0)
		if !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
			continue // nothing but spaces and separators, as spreadsheets leave them
		}
		if len(cells) != len(columns) {
			bad.add(line, columns[min(len(cells), len(columns)-1)], "the line has %d cells, the header has %d", len(cells), len(columns))
			continue
		}
		if len(t.rows) == MaxRows {
			return nil, fault.At(fault.TooLarge, name, "line %d: more than %d rows", line, MaxRows)
		}
		r := row{line: line, cells: make([]string, len(cells))}
		for i, cell := range cells {
			r.cells[i] = strings.TrimSpace(cell)
		}
		t.rows = append(t.rows, r)
	}
}

func parseError(name string, err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fault.At(fault.BadInput, name, "line %d, character %d: %v (the row starts on line %d); nothing was imported", p.Line, p.Column, p.Err, p.StartLine)
	}
	return fault.Wrap(fault.BadInput, err, "can't read %s", name)
}

func listed(columns []column) string {
	words := make([]string, len(columns))
	for i, c := range columns {
		words[i] = string(c)
	}
	return strings.Join(words, ", ")
}
