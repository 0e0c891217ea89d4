package catalog

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/sync/journal"
)

func at(text string) int64 {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t.Unix()
}

// Every field of the file comes to where it belongs.
func TestWhatAFileSays(t *testing.T) {
	want := &Spec{
		File: "night.toml", Code: "NIGHT-1", Name: "Harbour Night", Zone: "Europe/Berlin",
		Starts: at("2026-07-04T18:00:00Z"), Ends: at("2026-07-05T00:00:00Z"), Admission: at("2026-07-04T17:00:00Z"),
		Venue: "Fischauktionshalle", Language: "de", DoorText: "Sail on: tickets are sold at the quay", Terms: "No refund.",
		Policy: journal.Policy{StaleAfter: 1800, Stale: "ask", ProofPast: 60, ProofFuture: 20, Tolerance: 180},
		Zones:  []ZoneSpec{{Code: "floor", Name: "Floor", Capacity: 450}, {Code: "deck", Name: "Sun deck"}, {Code: "quay", Name: "Quay"}},
		Products: []ProductSpec{
			{Code: "ga", Name: "General admission", Zones: []string{"floor"}},
			{Code: "vip", Name: "VIP", Zones: []string{"floor", "deck", "quay"}, Rules: []journal.Rule{{Kind: "max_entries", N: 3, Text: "three times"}}},
		},
		Gates: []GateSpec{
			{Code: "north", Name: "North door", Zone: "floor", All: true, NoReentry: true, Direction: "at the crane"},
			{Code: "bridge", Name: "Bridge", Zone: "deck", Products: []string{"vip"}, Multi: true, Rules: []journal.Rule{
				{Kind: "not_before", Field: "admission", Tolerance: 15}, {Kind: "weekdays", Days: []int{6, 7}},
			}},
		},
	}
	if got := parsed(t, file); !reflect.DeepEqual(got, want) {
		t.Errorf("the file says\n%+v, want\n%+v", got, want)
	}
}

// What is left out has the default that the documentation states.
func TestDefaults(t *testing.T) {
	got := parsed(t, `code = "E"
name = "E"
time_zone = "UTC"
starts = 2026-07-04T20:00:00
ends = 2026-07-05T02:00:00
zone = [{ code = "z", name = "Z" }]
product = [{ code = "p", name = "P" }]
gate = [{ code = "g", name = "G" }]
`)
	want := &Spec{
		File: "night.toml", Code: "E", Name: "E", Zone: "UTC", Starts: at("2026-07-04T20:00:00Z"), Ends: at("2026-07-05T02:00:00Z"),
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15, Tolerance: 300},
		Zones:    []ZoneSpec{{Code: "z", Name: "Z"}},
		Products: []ProductSpec{{Code: "p", Name: "P", Zones: []string{"z"}}},
		Gates:    []GateSpec{{Code: "g", Name: "G", Zone: "z", All: true}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the least file says\n%+v, want\n%+v", got, want)
	}
}

func TestRules(t *testing.T) {
	ten := at("2026-07-04T20:00:00Z") // 22:00 in Berlin
	for _, c := range []struct {
		text string
		want journal.Rule
	}{
		{`max_entries = 10_000`, journal.Rule{Kind: "max_entries", N: 10000}},
		{`max_entries_per_day = 1`, journal.Rule{Kind: "max_entries_per_day", N: 1}},
		{`max_entries_since = { cutoff = 2026-07-04T22:00:00, max = 2 }`, journal.Rule{Kind: "max_entries_since", N: 2, Cutoff: ten}},
		{`max_entries_before = { max = 2, cutoff = 2026-07-04T20:00:00Z }`, journal.Rule{Kind: "max_entries_before", N: 2, Cutoff: ten}},
		{`max_days = 3`, journal.Rule{Kind: "max_days", N: 3}},
		{`cooldown_minutes = 527_040`, journal.Rule{Kind: "cooldown_minutes", N: 527040}},
		{`max_minutes_since_first_entry = 90`, journal.Rule{Kind: "max_minutes_since_first_entry", N: 90}},
		{`not_before = "starts"`, journal.Rule{Kind: "not_before", Field: "starts"}},
		{"not_after = \"ends\"\ntolerance_min = 0", journal.Rule{Kind: "not_after", Field: "ends"}},
		{`not_before_local_time = "09:30"`, journal.Rule{Kind: "not_before_local_time", Field: "09:30"}},
		{`not_before_local_time = 09:30:00`, journal.Rule{Kind: "not_before_local_time", Field: "09:30"}},
		{`weekdays = ["MON", "tuesday", 3, "Thu"]`, journal.Rule{Kind: "weekdays", Days: []int{1, 2, 3, 4}}},
		{`weekdays = [1, 2, 3, 4, 5, 6, 7]`, journal.Rule{Kind: "weekdays", Days: []int{1, 2, 3, 4, 5, 6, 7}}},
		{`gates = ["bridge", "north"]`, journal.Rule{Kind: "gates", Gates: []string{"bridge", "north"}}},
		{"never = true\ntext = \"closed\"", journal.Rule{Kind: "never", Text: "closed"}},
	} {
		spec := parsed(t, edited(t, edit{`weekdays = ["sat", 7]`, c.text}))
		if got := spec.Gates[1].Rules[1]; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s is %+v, want %+v", c.text, got, c.want)
		}
	}
}

// Every field of a rule is a condition, or goes with one.
func TestEveryKindOfRuleCanBeWritten(t *testing.T) {
	left := map[string]bool{}
	for _, name := range fields(reflect.TypeFor[ruleTable]()) {
		left[name] = name != "text" && name != "tolerance_min"
	}
	for _, c := range conditions {
		if !left[c.name] {
			t.Errorf("condition %s is no field of a rule, or stands twice", c.name)
		}
		left[c.name] = false
	}
	for name, no := range left {
		if no {
			t.Errorf("%s is a field of a rule and no condition", name)
		}
	}
}

// The walk tells fields from strangers by their exact names, while the decoder
// takes any capitals: names without capitals keep the two together.
func TestNamesOfFields(t *testing.T) {
	form := regexp.MustCompile(`^[a-z_]+$`)
	var look func(table reflect.Type)
	look = func(table reflect.Type) {
		for _, name := range fields(table) {
			if !form.MatchString(name) {
				t.Errorf("%s has a field %q", table, name)
			}
			if inner, _ := fieldOf(table, name); inner != nil {
				look(inner)
			}
		}
	}
	look(reflect.TypeFor[fileTable]())
}

// An error offers what there is: nothing, all of it, or as much as helps.
func TestOffers(t *testing.T) {
	var many []string
	for i := range 15 {
		many = append(many, fmt.Sprintf("z%d", i))
	}
	for _, c := range []struct {
		have []string
		want string
	}{
		{nil, "the file has no zone at all"},
		{[]string{"", "no code"}, "the file has no zone at all"},
		{[]string{"floor", "", "deck"}, "there are: floor, deck"},
		{many, "there are z0, z1, z2, z3, z4, z5, z6, z7, z8, z9, z10, z11 and 3 more"},
	} {
		if got := offer("zone", c.have); got != c.want {
			t.Errorf("of %q: %q, want %q", c.have, got, c.want)
		}
	}
}

// A path is where the error says, whatever a file calls its keys.
func TestPlaces(t *testing.T) {
	const document = "a = 1\nb.c = [1, { d = 2 }]\n\n[[e]]\nf = 3\n[[e]]\n  f = 4\n[e.g]\nh = { i = [\n  5,\n  6 ] }\n[\"j.k\"]\nl=7\n"
	found, _ := locate([]byte(document))
	for path, want := range map[string]place{
		"a": {1, 1}, "b": {2, 1}, "b.c": {2, 3}, "b.c[0]": {2, 8}, "b.c[1].d": {2, 13},
		"e": {4, 3}, "e[0]": {4, 3}, "e[0].f": {5, 1}, "e[1]": {6, 3}, "e[1].f": {7, 3}, "e[1].g": {8, 4},
		"e[1].g.h.i": {9, 7}, "e[1].g.h.i[0]": {10, 3}, "e[1].g.h.i[1]": {11, 3}, "j.k.l": {13, 1},
		// What is not there stands where what is around it does.
		"e[1].x": {6, 3}, "e[1].g.h.x": {9, 1}, "x": {1, 1}, "": {1, 1}, "b.c[7].d": {2, 3},
	} {
		if got := found.nearest(path); got != want {
			t.Errorf("%s is at %v, want %v", path, got, want)
		}
	}
	for at, want := range map[place]string{{1, 1}: "a", {1, 5}: "a", {2, 16}: "b.c[1].d", {9, 1}: "e[1].g.h", {99, 1}: "j.k.l", {0, 0}: ""} {
		if got := found.before(at); got != want {
			t.Errorf("before %v is %s, want %s", at, got, want)
		}
	}
	if got := plain("gate[2].rules[0].x" + strings.Repeat("y", 100)); got != "gate.rules.x"+strings.Repeat("y", 68) {
		t.Errorf("a long path is %q", got)
	}
}
