package document

import "strings"

// style is how a block of text is set: as large as it fits, from max down to
// min points, on at most so many lines; past that it is cut.
type style struct {
	face     *face
	max, min float64 // type size in points
	lines    int
	ink      ink
}

// leading is the distance of baselines, in type sizes.
const leading = 1.22

// shrink is the step, in points, in which a block is tried smaller.
const shrink = 0.5

// fit breaks drawable text into lines no wider than width points and gives the
// type size at which they fit the style. Text that doesn't fit at the smallest
// size is cut with an ellipsis.
func fit(s string, width float64, st style) (lines []string, size float64) {
	if s == "" {
		return nil, st.max
	}
	for size = st.max; size > st.min; size -= shrink {
		if lines = wrap(s, width, size, st.face, st.lines+1); len(lines) <= st.lines && whole(lines, s) {
			return lines, size
		}
	}
	size = st.min
	lines = wrap(s, width, size, st.face, st.lines+1)
	if len(lines) > st.lines {
		last := strings.Join(lines[st.lines-1:], " ")
		lines = append(lines[:st.lines-1], cut(last, width, size, st.face))
	}
	return lines, size
}

// whole reports whether the lines broke s at spaces only: a word is broken only
// when no smaller size avoids it.
func whole(lines []string, s string) bool { return strings.Join(lines, " ") == s }

// wrap breaks s at spaces into lines no wider than width, and inside a word only
// where the word alone is too wide. It stops after limit lines.
func wrap(s string, width, size float64, f *face, limit int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		candidate := word
		if line != "" {
			candidate = line + " " + word
		}
		if f.width(candidate, size) <= width {
			line = candidate
			continue
		}
		if line != "" {
			lines, line = append(lines, line), ""
		}
		pieces := chop(word, width, size, f)
		lines = append(lines, pieces[:len(pieces)-1]...)
		line = pieces[len(pieces)-1]
		if len(lines) >= limit {
			return lines[:limit]
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// chop cuts a word into pieces no wider than width, each at least a character.
func chop(word string, width, size float64, f *face) []string {
	var pieces []string
	start, used := 0, 0.0
	for i, r := range word {
		step := float64(f.advance[r]) * size / em
		if used+step > width && i > start {
			pieces = append(pieces, word[start:i])
			start, used = i, 0
		}
		used += step
	}
	return append(pieces, word[start:])
}

// cut shortens a line until it fits width with an ellipsis at its end.
func cut(line string, width, size float64, f *face) string {
	runes := []rune(line)
	for len(runes) > 0 && f.width(string(runes)+ellipsis, size) > width {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + ellipsis
}
