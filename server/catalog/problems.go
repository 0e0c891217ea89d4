package catalog

import (
	"fmt"
	"slices"
	"strings"

	"usher/sync/fault"
)

// maxProblems bounds how much of a bad file is told at once.
const maxProblems = 50

// Problems is all that is wrong with a file, in the order of its lines. Each has
// the kind fault.BadInput, Where "file:line:column", and a message that begins
// with the field.
type Problems []*fault.Error

// Error gives a line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap makes the kinds of the problems those of the whole.
func (p Problems) Unwrap() []error {
	list := make([]error, len(p))
	for i, one := range p {
		list[i] = one
	}
	return list
}

// finder gathers the problems of one file.
type finder struct {
	file   string
	places places
	found  []foundProblem
}

type foundProblem struct {
	at      place
	message string
}

// blame notes a problem with the value at a path; label is how people know the
// field. What is not in the file is blamed on the table it should be in.
func (f *finder) blame(path, label, format string, args ...any) {
	f.blameAt(f.places.nearest(path), label, format, args...)
}

func (f *finder) blameAt(at place, label, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if label != "" {
		message = label + ": " + message
	}
	f.found = append(f.found, foundProblem{at, message})
}

// err gives what was found; nil for nothing.
func (f *finder) err() error {
	if len(f.found) == 0 {
		return nil
	}
	slices.SortStableFunc(f.found, func(a, b foundProblem) int {
		return a.at.compare(b.at)
	})
	var list Problems
	for i, p := range f.found {
		where := fmt.Sprintf("%s:%d:%d", f.file, p.at.line, p.at.column)
		if i == maxProblems {
			list = append(list, fault.At(fault.BadInput, where, "and %d more problems from here on", len(f.found)-i))
			break
		}
		list = append(list, fault.At(fault.BadInput, where, "%s", p.message))
	}
	return list
}
