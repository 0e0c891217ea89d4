package inventory

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawn makes a plan of a picture: a word a run, x taken, o free. Codes are the
// number of the run and of the seat.
func drawn(picture string) *plan {
	var codes, taken []string
	var runs []int64
	for r, word := range strings.Fields(picture) {
		for i, c := range word {
			code := fmt.Sprintf("%d.%d", r+1, i+1)
			codes, runs = append(codes, code), append(runs, int64(r))
			if c == 'x' {
				taken = append(taken, code)
			}
		}
	}
	p := newPlan(codes, runs)
	for _, code := range taken {
		p.set(code, "somebody")
	}
	return p
}

func TestBestSeats(t *testing.T) {
	for _, c := range []struct {
		picture string
		n       int
		want    string
	}{
		{"ooooo", 1, "1.3"},                                // the middle
		{"oooooo", 2, "1.3 1.4"},                           // the middle
		{"ooooo", 2, "1.1 1.2"},                            // the middle would leave one alone
		{"oooo", 2, "1.1 1.2"},                             // as the middle would, on both sides
		{"xxxx oooo", 2, "2.1 2.2"},                        // the first row that has them
		{"oxox oooo", 2, "2.1 2.2"},                        // together rather than in front
		{"oooo oooo", 4, "1.1 1.2 1.3 1.4"},                //
		{"ooxooo oooooo", 4, "2.1 2.2 2.3 2.4"},            // leaves a pair
		{"oxoox", 1, "1.1"},                                // breaks no pair
		{"oox oo", 3, "1.1 1.2 2.1"},                       // no row has three
		{"oxoxo oo", 4, "2.1 2.2 1.3 1.1"},                 // the largest group first
		{"xoxx ooxo", 4, "2.1 2.2 1.2 2.4"},                // all there are
		{"xxxx", 1, ""},                                    // none
		{"ooo", 4, ""},                                     // too few
		{"xoooooxx", 3, "1.4 1.5 1.6"},                     // near the middle
		{"ooooooooo", 3, "1.4 1.5 1.6"},                    // the middle
		{"ox" + strings.Repeat("ox", 25), 24, "1.1 1.3 -"}, // more than are put together
	} {
		p := drawn(c.picture)
		free := p.free
		got := strings.Join(p.best(c.n), " ")
		if want, start := strings.CutSuffix(c.want, " -"); got != want && !(start && strings.HasPrefix(got, want)) {
			t.Errorf("%d of %s: %q, want %q", c.n, c.picture, got, c.want)
		}
		if p.free != free {
			t.Errorf("%d of %s: %d are free after choosing, and were %d", c.n, c.picture, p.free, free)
		}
	}
}

// The best are as many as were asked for, free, each once, and together whenever
// anywhere so many are.
func TestBestSeatsAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		picture := rapid.StringMatching(`([ox]{1,9} ){1,5}`).Draw(t, "seats")
		p := drawn(picture)
		if p.free == 0 {
			return
		}
		n := rapid.IntRange(1, p.free).Draw(t, "n")
		got := p.best(n)
		if len(got) != n {
			t.Fatalf("%d seats, want %d", len(got), n)
		}
		for _, code := range got {
			if holder, known := p.holder(code); !known || holder != "" {
				t.Fatalf("seat %s: known %v, holder %q", code, known, holder)
			}
			p.set(code, "me") // so that one that comes twice isn't free
		}
		if together := strings.Contains(picture, strings.Repeat("o", n)); together && !neighbours(p, got) {
			t.Fatalf("%v aren't together, and could be", got)
		}
	})
}

func neighbours(p *plan, codes []string) bool {
	first := p.at[codes[0]]
	for i, code := range codes {
		if p.at[code] != first+i || p.seats[first+i].run != p.seats[first].run {
			return false
		}
	}
	return true
}

func TestRuns(t *testing.T) {
	numbered := func(text string) (list []Seat) {
		for word := range strings.FieldsSeq(text) {
			s := Seat{Code: word}
			if _, err := fmt.Sscanf(word, "%1s%d", &s.Row, &s.Number); err != nil {
				s.Row = word[:1]
			}
			list = append(list, s)
		}
		return list
	}
	for _, c := range []struct {
		seats string
		want  []int64
	}{
		{"", []int64{}},
		{"A1", []int64{0}},
		{"A1 A2 A3", []int64{0, 0, 0}},
		{"A1 A2 A5 A6", []int64{0, 0, 1, 1}},       // a gap
		{"A1 A3 A5", []int64{0, 0, 0}},             // a side with odd numbers
		{"A1 A3 A5 A9", []int64{0, 0, 0, 1}},       // with a gap
		{"A3 A2 A1 B1 B2", []int64{0, 0, 0, 1, 1}}, // backwards; another row
		{"Ax Ay Az", []int64{0, 0, 0}},             // no numbers
		{"A1 B1 A2", []int64{0, 1, 2}},             // not beside each other in the list
		{"A1 A2 B1 B3 B5", []int64{0, 0, 1, 1, 1}}, // each row its own step
		{"A1 A2 A9 B1 B2", []int64{0, 0, 1, 2, 2}}, //
		{"A10 A11 A12 A13", []int64{0, 0, 0, 0}},   //
	} {
		got := runsOf(numbered(c.seats))
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.seats, got, c.want)
		}
	}
}
