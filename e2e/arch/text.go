package arch

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

func findTopLevel(t *Tree) []Finding {
	var out []Finding
	seen := map[string]bool{}
	for _, f := range t.Files {
		top, _, _ := strings.Cut(f.Path, "/")
		if seen[top] || strings.HasPrefix(top, ".") || slices.Contains(topLevel, top) {
			continue
		}
		seen[top] = true
		out = append(out, at(top, "is not one of %s", strings.Join(topLevel, " ")))
	}
	return out
}

// ours tells whether we wrote the file by hand: not vendored, not generated, not
// squeezed, not a test's data.
func (f File) ours() bool {
	for part := range strings.SplitSeq(f.Path, "/") {
		if part == "vendor" || part == "testdata" {
			return false
		}
	}
	base := path.Base(f.Path)
	return !strings.Contains(base, ".min.") && !strings.HasSuffix(base, "_gen.go") && !strings.HasSuffix(base, ".pb.go")
}

func (f File) hasExt(exts ...string) bool {
	return slices.Contains(exts, path.Ext(f.Path))
}

func findLong(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.Files {
		if !f.ours() || !f.hasExt(".go", ".js", ".css") {
			continue
		}
		if n := bytes.Count(f.Text, []byte("\n")); n > maxLines {
			out = append(out, at(f.Path, "%d lines, %d at most", n, maxLines))
		}
	}
	return out
}

// The markers are put together here so that this file has none.
var unfinished = regexp.MustCompile(strings.Join([]string{
	"TO" + "DO", "FIX" + "ME", "XX" + "X", "not (yet )?imple" + "mented", "unimple" + "mented"}, "|"))

func findUnfinished(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.Files {
		if f.ours() && (f.hasExt(".go", ".js", ".css", ".html", ".md", ".sql") || path.Base(f.Path) == "Makefile") {
			out = append(out, f.grep(unfinished)...)
		}
	}
	return out
}

// machinePath matches the folders of the machines we work on, where a path
// starts, and the hosts of package registries.
var machinePath = regexp.MustCompile(`(?:^|[^\w.~/)}-])/(?:work|farm|root|tmp/bash\w*)(?:$|[^\w-])|proxy\.golang\.org|registry\.npmjs\.org|deb\.debian\.org`)

func findMachinePaths(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.Files {
		if !f.hasExt(".sum") && !strings.Contains(f.Path, "/vendor/") && utf8.Valid(f.Text) {
			out = append(out, f.grep(machinePath)...)
		}
	}
	return out
}

// grep gives one finding for each line that the pattern matches.
func (f File) grep(pattern *regexp.Regexp) []Finding {
	var out []Finding
	n := 0
	for line := range bytes.Lines(f.Text) {
		n++
		if m := pattern.Find(bytes.TrimRight(line, "\n")); m != nil {
			out = append(out, at(f.line(n), "%q", bytes.TrimSpace(m)))
		}
	}
	return out
}

// thirdParty are the kinds of file that others make wherever they stand.
var thirdParty = []string{".ttf", ".otf", ".woff", ".woff2"}

func findUnlicensed(t *Tree) []Finding {
	var out []Finding
	asked := map[string]bool{}
	for _, f := range t.Files {
		dir := path.Dir(f.Path)
		if before, after, ok := strings.Cut(f.Path, "/vendor/"); ok {
			name, _, nested := strings.Cut(after, "/")
			dir = before + "/vendor"
			if nested {
				dir += "/" + name
			}
		} else if !f.hasExt(thirdParty...) && !strings.Contains(f.Path, ".min.") {
			continue
		}
		if !asked[dir] && !t.licensed(dir) {
			out = append(out, at(dir, "holds %s and no LICENSE", path.Base(f.Path)))
		}
		asked[dir] = true
	}
	return out
}

func (t *Tree) licensed(dir string) bool {
	return slices.ContainsFunc(t.Files, func(f File) bool {
		base := strings.ToUpper(path.Base(f.Path))
		return path.Dir(f.Path) == dir &&
			(strings.HasPrefix(base, "LICEN") || strings.HasPrefix(base, "OFL") || strings.HasPrefix(base, "COPYING"))
	})
}

func findCI(t *Tree) []Finding {
	const name = ".ci/run"
	f, ok := t.file(name)
	switch {
	case !ok:
		return []Finding{at(name, "is not there")}
	case f.Mode.Perm()&0o111 == 0:
		return []Finding{at(name, "can't be executed: chmod 755")}
	case !bytes.Contains(f.Text, []byte("make test")):
		return []Finding{at(name, "doesn't call make test")}
	}
	return nil
}
