package arch

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
)

// markdown is a Markdown file's lines, parted into what is rendered as text and
// what is shown as code, fenced or between backticks. Both keep their numbers.
type markdown struct {
	prose, code []string
}

var (
	fence    = regexp.MustCompile("^\\s*(```|~~~)")
	inline   = regexp.MustCompile("`[^`]+`")
	link     = regexp.MustCompile(`\]\(<?([^)\s>]+)>?[^)]*\)|(?:src|href)="([^"]+)"|^\s*\[[^\]]+\]:\s*(\S+)`)
	scheme   = regexp.MustCompile(`^(?:[a-z][a-z0-9+.-]*:|//|#)`)
	makeWord = regexp.MustCompile("(?:^|[\\s`;&(])make ([a-z][a-z-]*)")
	makeRule = regexp.MustCompile(`(?m)^([a-z][a-z-]*):(?:[^=]|$)`)
)

func (f File) markdown() markdown {
	lines := strings.Split(string(f.Text), "\n")
	md := markdown{make([]string, len(lines)), make([]string, len(lines))}
	fenced := false
	for i, line := range lines {
		switch {
		case fence.MatchString(line):
			fenced = !fenced
		case fenced:
			md.code[i] = line
		default:
			md.prose[i] = inline.ReplaceAllString(line, "")
			md.code[i] = strings.Join(inline.FindAllString(line, -1), " ")
		}
	}
	return md
}

func findDeadLinks(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.Files {
		if !f.ours() || !f.hasExt(".md") {
			continue
		}
		for i, line := range f.markdown().prose {
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				target := m[1] + m[2] + m[3]
				if !scheme.MatchString(target) && !t.leads(f.Path, target) {
					out = append(out, at(f.line(i+1), "links to %s", target))
				}
			}
		}
	}
	return out
}

// leads tells whether a relative link in the file leads to a file or a folder.
func (t *Tree) leads(from, target string) bool {
	target, _, _ = strings.Cut(target, "#")
	target, _, _ = strings.Cut(target, "?")
	name := path.Join(path.Dir(from), target)
	return slices.ContainsFunc(t.Files, func(f File) bool {
		return name == "." || f.Path == name || strings.HasPrefix(f.Path, name+"/")
	})
}

func findMissingTargets(t *Tree) []Finding {
	var targets []string
	if f, ok := t.file("Makefile"); ok {
		for _, m := range makeRule.FindAllSubmatch(f.Text, -1) {
			targets = append(targets, string(bytes.TrimSpace(m[1])))
		}
	}
	var out []Finding
	for _, f := range t.Files {
		if !f.ours() || !f.hasExt(".md") {
			continue
		}
		for i, line := range f.markdown().code {
			for _, m := range makeWord.FindAllStringSubmatch(line, -1) {
				if !slices.Contains(targets, m[1]) {
					out = append(out, at(f.line(i+1), "names make %s, which is no target", m[1]))
				}
			}
		}
	}
	return out
}
