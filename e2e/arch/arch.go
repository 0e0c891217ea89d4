// Package arch holds usher's source to its own design.
//
// A design that only a document states is bent a little by every change. Here
// each of its rules is a row of a table or a short function, with the reason
// beside it, and the tests of this package run them all over the tree. When one
// fails, its text says what is where it shouldn't be, why that matters and what
// to do instead.
//
// # What is looked at
//
// [Load] reads a tree once: every file, the parsed Go of every package (all
// build tags, tests apart) and, from go list, what the packages outside the
// module import in their turn. [Rules] lists the rules; each finds what it can
// in a loaded tree.
//
// # Adding to it
//
// A new server capability needs one line in layers, what only the tests of many of
// them share one in kits; a library that should stay behind one package needs one
// in homes. A new kind of rule needs a case under testdata/planted that breaks it: a
// rule that nothing can break is no rule, and a test says so.
package arch

import "fmt"

// Rule is one thing that must hold of the tree.
type Rule struct {
	Name string // stable; the planted cases name it
	Why  string // what is lost when it is broken, and what to do instead
	Find func(*Tree) []Finding
}

// Finding is one place where a rule is broken.
type Finding struct {
	Where string // a file with its line, or an import path
	What  string
	Why   string // for this place; "" when the rule's own says it all
}

// at makes a finding whose reason is the rule's.
func at(where, format string, args ...any) Finding {
	return Finding{Where: where, What: fmt.Sprintf(format, args...)}
}

// Rules lists every rule, the arrows first.
func Rules() []Rule {
	return []Rule{
		{"arrows", "an arrow that points up ties what is below to what is above it", findArrows},
		{"layers", "within a folder, packages import one another downwards only; say where a new one stands in the layers table", findLayers},
		{"homes", "a library behind one package can be changed in one place", findHomes},
		{"never", "some packages promise to do without", findNever},
		{"injected", "what reads the clock or draws chance by itself can't run under a simulated clock or be replayed: take a now func() time.Time, or an io.Reader, from the caller", findInjected},
		{"package-comment", "the comment is where a reader learns what a package is for: start it with Package or Command and its name, and say at least a sentence", findComments},
		{"package-name", "a name that says nothing collects everything: name the package for what it does", findNames},
		{"top-level", "the top level is the map of the project: put this into one of its folders", findTopLevel},
		{"file-length", "past this a file is hard to find one's way in: split it by what it is about", findLong},
		{"unfinished", "what is here works, and what is missing is an issue, not a note in a file", findUnfinished},
		{"skipped-test", "a test that may skip tells nothing when it passes: a missing service is a failure, and rapid's draws are narrowed by a generator's Filter", findSkips},
		{"machine-path", "a path or host of one machine breaks on the next: use a relative path, testdata, or t.TempDir", findMachinePaths},
		{"dead-link", "a link that leads nowhere costs a reader's trust: point it at a file that is here", findDeadLinks},
		{"make-target", "a command that the docs name must exist: mend the text or add the target", findMissingTargets},
		{"test-command", "a figure that no command makes any more is nobody's: mend the command, or measure anew", findMissingTests},
		{"licence", "what others wrote stays theirs: put their LICENSE (or OFL.txt) beside it", findUnlicensed},
		{"ci", "what checks a submission is the README's command, run by a clone that has nothing else", findCI},
	}
}
