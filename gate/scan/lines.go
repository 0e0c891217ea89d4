package scan

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"

	"usher/sync/fault"
)

// Line is one code of a stream.
type Line struct {
	Number int // counted from 1, empty lines included
	Text   string
}

// Lines reads a stream of codes, one a line, ended by LF, CRLF or CR, as files and
// serial readers have them. Noise of readers is taken off and empty lines are left
// out. A line with a NUL byte or of more than MaxText bytes comes as an error that
// names it (fault.BadInput, fault.TooLarge), with its number in the Line, and the
// stream goes on after it; an error of r ends the stream. A line is given as soon
// as its end is read, so a person or a reader may be at the other end.
func Lines(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		in := lineReader{in: bufio.NewReader(r)}
		for {
			line, err := in.next()
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				if !yield(line, err) || fault.KindOf(err) == fault.Internal {
					return
				}
			case line.Text != "":
				if !yield(line, nil) {
					return
				}
			}
		}
	}
}

// lineReader splits a stream into lines.
type lineReader struct {
	in      *bufio.Reader
	number  int  // of the line read last
	afterCR bool // it ended in CR: an LF that follows belongs to it
}

// next reads a line to its end, however long it is, and keeps what is within the
// limit. It gives io.EOF when there is no more line.
func (l *lineReader) next() (Line, error) {
	l.number++
	line := Line{Number: l.number}
	var text []byte
	var bad error
	for read := 0; ; read++ {
		c, err := l.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && read > 0:
			return l.ended(line, text, bad)
		case errors.Is(err, io.EOF):
			return line, io.EOF
		case err != nil:
			return line, fmt.Errorf("read codes, line %d: %w", l.number, err)
		case c == '\n' && l.afterCR && read == 0:
			l.afterCR = false
			read--
		case c == '\n' || c == '\r':
			l.afterCR = c == '\r'
			return l.ended(line, text, bad)
		case bad != nil:
		case c == 0:
			bad = fault.At(fault.BadInput, l.where(), "a NUL byte: this is no text")
		case len(text) == MaxText:
			bad = fault.At(fault.TooLarge, l.where(), "more than %d bytes: this is no code", MaxText)
		default:
			text = append(text, c)
		}
	}
}

// ended gives a line that was read to its end.
func (l *lineReader) ended(line Line, text []byte, bad error) (Line, error) {
	if bad == nil {
		line.Text = cleaned(string(text))
	}
	return line, bad
}

func (l *lineReader) where() string { return fmt.Sprintf("line %d", l.number) }
