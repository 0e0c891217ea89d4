package speech

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A reader gets the language they want most of those that there are; who wants none of
// them gets the other.
func TestFor(t *testing.T) {
	for _, c := range []struct{ wishes, other, want string }{
		{"", "", "en"}, {"", "de", "de"}, {"", "de-AT", "de"}, {"", "it", "en"}, {"it", "fr", "fr"}, {"it, es;q=0.3", "fr", "es"},
		{"fr-CA,fr;q=0.9,en;q=0.8", "de", "fr"}, {"en-US,en;q=0.9", "de", "en"}, {"de;q=0.1, es;q=0.2", "en", "es"}, {"*", "de", "de"},
		{"a;b;c", "es", "es"}, {"\xff", "es", "es"},
	} {
		for range 2 { // found, and kept
			if got := For(c.wishes, c.other, time.UTC).Code(); got != c.want {
				t.Errorf("%q, else %q: %s, want %s", c.wishes, c.other, got, c.want)
			}
		}
	}
}

// What strangers send doesn't fill the memory.
func TestForKeepsLittle(t *testing.T) {
	for i := range 3 * mostAnswers {
		For(fmt.Sprintf("de;q=0.%d", i), "en", time.UTC)
	}
	For("de"+strings.Repeat(",de", longestWish), "en", time.UTC)
	kept.mu.RLock()
	defer kept.mu.RUnlock()
	if len(kept.found) > mostAnswers {
		t.Errorf("%d are kept", len(kept.found))
	}
	for w := range kept.found {
		if len(w.wishes) > longestWish {
			t.Errorf("one of %d bytes is kept", len(w.wishes))
		}
	}
}

// Days and times are written as each language writes them.
func TestDays(t *testing.T) {
	first := time.Date(2026, 8, 1, 20, 5, 0, 0, time.UTC).Unix()
	for code, want := range map[string][3]string{
		"en": {"Saturday, 1 August 2026", "Saturday, 1 August, 20:05", "Saturday, 1 August 2026, 20:05 to 23:05"},
		"de": {"Samstag, 1. August 2026", "Samstag, 1. August, 20:05 Uhr", "Samstag, 1. August 2026, 20:05 bis 23:05 Uhr"},
		"fr": {"samedi 1er août 2026", "samedi 1er août à 20:05", "samedi 1er août 2026, de 20:05 à 23:05"},
		"es": {"sábado, 1 de agosto de 2026", "sábado, 1 de agosto, 20:05", "sábado, 1 de agosto de 2026, de 20:05 a 23:05"},
	} {
		l := In(code, time.UTC)
		if got := [3]string{l.Day(first), l.Moment(first), l.Span(first, first+3*3600)}; got != want {
			t.Errorf("%s: %q", code, got)
		}
	}
}

func BenchmarkFor(b *testing.B) {
	for b.Loop() {
		For("de-AT,de;q=0.9,en-US;q=0.8,en;q=0.7", "en", time.UTC)
	}
}
