package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/sync/fault"
	"usher/sync/journal"
)

// FuzzFile holds the reader of event files to its word: any bytes are either
// refused, each problem with a place in the file and a short message, or make an
// event that can be written into a record and says the same when read again.
func FuzzFile(f *testing.F) {
	f.Fuzz(func(t *testing.T, text []byte) {
		spec, err := ParseFile("night.toml", text)
		if err != nil {
			checkRefusal(t, text, err)
			return
		}
		numbers := newNumbers()
		e, err := spec.number(numbers)
		if err != nil {
			t.Fatalf("a new event has no numbers: %v", err)
		}
		content, err := journal.Encode(e)
		if err != nil {
			t.Fatalf("the event can't be encoded: %v", err)
		}
		var again journal.Event
		if err := journal.Decode(content, &again); err != nil {
			t.Fatalf("the event can't be read again: %v\n%+v", err, e)
		}
		if was, is := fmt.Sprintf("%+v", e), fmt.Sprintf("%+v", &again); was != is {
			t.Fatalf("the event reads\n%s, not\n%s", is, was)
		}
		checkShop(t, spec.Shop)
		if report := compare(nil, e, spec.Terms, numbers); len(report.Changes) != 1+len(spec.Zones)+len(spec.Products)+len(spec.Gates) {
			t.Fatalf("a new event adds %d parts", len(report.Changes))
		}
		if report := compare(&Event{Event: *e, Terms: spec.Terms}, &again, spec.Terms, numbers); report.Outcome != Unchanged {
			t.Fatalf("an event differs from itself: %s", report)
		}
	})
}

// checkShop holds a shop that was read to what those who sell rely on.
func checkShop(t *testing.T, s *Shop) {
	t.Helper()
	if s == nil {
		return
	}
	content, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("the shop can't be kept: %v", err)
	}
	var again Shop
	if err := json.Unmarshal(content, &again); err != nil || len(compareShops(s, &again, time.UTC)) > 0 {
		t.Fatalf("the shop reads %+v, not %+v: %v", again, s, err)
	}
	for _, o := range s.Offers {
		pool, known := s.PoolByCode(o.Pool)
		if !known || pool.Capacity < 1 || o.Price < 0 || o.Price > maxPrice || o.Fee < 0 || o.Fee > maxPrice || o.Tax < 0 || o.Tax > 10_000 ||
			o.Min < 1 || o.Min > o.Max || o.Max > s.MaxPerOrder || o.From >= o.Until {
			t.Fatalf("offer %+v of pool %+v", o, pool)
		}
	}
}

func checkRefusal(t *testing.T, text []byte, err error) {
	t.Helper()
	if errors.Is(err, fault.TooLarge) && len(text) > MaxFile {
		return
	}
	var found Problems
	if !errors.As(err, &found) || len(found) == 0 || len(found) > maxProblems+1 {
		t.Fatalf("refused without a list of problems: %v", err)
	}
	lines := strings.Split(string(text), "\n")
	for _, p := range found {
		var line, column int
		if n, err := fmt.Sscanf(strings.TrimPrefix(p.Where, "night.toml:"), "%d:%d", &line, &column); n != 2 || err != nil {
			t.Fatalf("a problem is at %q", p.Where)
		}
		// One past the end is where something is missing; a mark at the beginning
		// of the file is no part of its first line.
		if line < 1 || line > len(lines) || column < 1 || column > len(lines[line-1])+1 {
			t.Fatalf("%s is not in the file: %v", p.Where, p)
		}
		if p.Kind != fault.BadInput || p.Message == "" || len(p.Message) > 2500 {
			t.Fatalf("a problem of kind %s with a message of %d bytes: %.300q", p.Kind, len(p.Message), p.Message)
		}
	}
}
