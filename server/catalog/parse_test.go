package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"usher/sync/fault"
)

// mistake is one edit of a good file, and the beginning of the one thing that is
// then to be said.
type mistake struct{ old, new, want string }

func (m mistake) check(t *testing.T) {
	t.Helper()
	got := problems(t, edited(t, edit{m.old, m.new}))
	if len(got) != 1 || !strings.HasPrefix(got[0], m.want) {
		t.Errorf("%q instead of %q:\n got %q\nwant %q", m.new, m.old, got, m.want)
	}
}

var mistakesOfTheEvent = []mistake{
	// TOML itself.
	{`ends = 2026-07-05T02:00:00`, `ends = `, `6:8: unexpected character`},
	{`[policy]`, `[policy`, `12:8: `},
	{`name = "Harbour Night"`, `name = "Harbour Night"` + "\n" + `name = "Again"`, `3:1: name: `},
	{`name = "Harbour Night"`, `name = 5`, `2:8: name: want a text in quotes, not a TOML integer`},
	{`rehearsal = false`, `rehearsal = "no"`, `10:13: rehearsal: want true or false, not a TOML string`},
	{`stale = "ask"`, "stale = \"\xff\"", `14:10: invalid UTF-8`},
	{`[policy]`, "[polity]\n[policy]", `12:2: polity: there is no such field; an event has `},
	{`rehearsal = false`, `rehearsal = false` + "\n" + `"policy.stale" = "ask"`, `11:1: policy.stale: there is no such field; an event has `},
	{`rehearsal = false`, `rehearsal = false` + "\n" + `Name = "Quay Night"`, `11:1: Name: there is no such field; an event has `},
	{`rules = [{ max_entries = 3, text = "three times" }]`, `rules = { max_entries = 3 }`, `42:9: product.rules: want a list, not a TOML inline table`},
	{`{ max_entries = 3, text = "three times" }`, `3`, `42:10: product.rules: want a table, not a TOML integer`},
	{`venue = `, `Venue = `, `7:1: Venue: there is no such field; an event has code, name, `},
	{`stale = "ask"`, `stael = "ask"`, `14:1: policy.stael: there is no such field; policy has stale_after_minutes, `},
	{`capacity = 450`, `capcity = 450`, `23:1: zone.capcity: there is no such field; zone has code, name, capacity`},
	{`max_entries = 3`, `max_entry = 3`, `42:12: product.rules.max_entry: there is no such field; rules has max_entries, `},

	{`code = "NIGHT-1"`, `code = "night-1"`, `1:1: code: `},
	{`code = "NIGHT-1"`, `code = ""`, `1:1: code: `},
	{`code = "NIGHT-1"`, `code = "NIGHT-OF-THE-LONG-1"`, `1:1: code: `},
	{`code = "NIGHT-1"` + "\n", ``, `1:1: code: `},
	{`name = "Harbour Night"`, ``, `1:1: name: it is needed, and missing or empty`},
	{`name = "Harbour Night"`, `name = " "`, `2:1: name: it is needed, and missing or empty`},
	{`"Harbour Night"`, `"` + strings.Repeat("n", 201) + `"`, `2:1: name: it has 201 bytes, want at most 200`},
	{`"Harbour Night"`, `"Harbour\nNight"`, `2:1: name: it has a line break or another control character`},
	{`"Harbour Night"`, `"Harbour\u0000"`, `2:1: name: it has a line break or another control character`},
	{`"Fischauktionshalle"`, `"` + strings.Repeat("n", 201) + `"`, `7:1: venue: it has 201 bytes, want at most 200`},
	{`"Fischauktionshalle"`, `"""a` + "\n" + `b"""`, `7:1: venue: it has a line break`},
	{`"Sail on: tickets are sold at the quay"`, `"` + strings.Repeat("n", 401) + `"`, `8:1: door_text: it has 401 bytes, want at most 400`},
	{`"Sail on: tickets are sold at the quay"`, `"a\tb"`, `8:1: door_text: it has a line break`},
	{`"de"`, `"Deutsch"`, `11:1: language: "Deutsch" is no language`},
	{`"de"`, `"DE"`, `11:1: language: "DE" is no language: want a tag`},
	{`"de"`, `"de_CH"`, `11:1: language: "de_CH" is no language`},
	{`"No refund."`, `"` + strings.Repeat("n", 4001) + `"`, `9:1: terms: it has 4001 bytes, want at most 4000`},
	{`"No refund."`, `"No\u0007 refund."`, `9:1: terms: it has a control character that is no line break`},
	{`"No refund."`, `"No \ufffd refund."`, `9:1: terms: it has a control character`},

	{`"Europe/Berlin"`, `"Europe/Atlantis"`, `3:1: time_zone: "Europe/Atlantis" is no time zone: want a name of the IANA list`},
	{`"Europe/Berlin"`, `"Local"`, `3:1: time_zone: "Local" is no time zone`},
	{`"Europe/Berlin"`, `""`, `3:1: time_zone: "" is no time zone`},
	{`"Europe/Berlin"`, `"../../etc/localtime"`, `3:1: time_zone: "../../etc/localtime" is no time zone`},
	{`time_zone = "Europe/Berlin"` + "\n", ``, `1:1: time_zone: "" is no time zone`},

	{`stale_after_minutes = 30`, `stale_after_minutes = 0`, `13:1: policy.stale_after_minutes: 0 is out of range: want 1 to 10080`},
	{`stale_after_minutes = 30`, `stale_after_minutes = 10081`, `13:1: policy.stale_after_minutes: 10081 is out of range`},
	{`stale_after_minutes = 30`, `stale_after_minutes = "30"`, `13:23: policy.stale_after_minutes: want a whole number, not a TOML string`},
	{`stale = "ask"`, `stale = "maybe"`, `14:1: policy.stale: "maybe" is no choice: want accept, ask or cannot`},
	{`stale = "ask"`, `stale = ""`, `14:1: policy.stale: "" is no choice`},
	{`down_to = "name"`, `down_to = "chip"`, `18:1: policy.down_to: "chip" is no choice: want live, code, typed or name`},
	{`down_to = "name"`, `down_to = ""`, `18:1: policy.down_to: "" is no choice`},
	{`down_to = "name"`, `down_to = false`, `18:11: policy.down_to: want a text in quotes, not a TOML boolean`},
	{`down_to = "name"`, `live_required = true`, `18:1: policy.live_required: there is no such field any more: write down_to = "live" in place of true`},
	{`proof_past_seconds = 60`, `proof_past_seconds = 14`, `15:1: policy.proof_past_seconds: 14 is out of range: want 15 to 3600`},
	{`proof_past_seconds = 60`, `proof_past_seconds = 3601`, `15:1: policy.proof_past_seconds: 3601 is out of range`},
	{`proof_future_seconds = 20`, `proof_future_seconds = -1`, `16:1: policy.proof_future_seconds: -1 is out of range: want 0 to 600`},
	{`proof_future_seconds = 20`, `proof_future_seconds = 601`, `16:1: policy.proof_future_seconds: 601 is out of range`},
	{`clock_tolerance_minutes = 3`, `clock_tolerance_minutes = -1`, `17:1: policy.clock_tolerance_minutes: -1 is out of range: want 0 to 1440`},
	{`clock_tolerance_minutes = 3`, `clock_tolerance_minutes = 1441`, `17:1: policy.clock_tolerance_minutes: 1441 is out of range`},
}

var mistakesOfParts = []mistake{
	{`code = "quay"`, `code = "sun deck"`, `30:1: zone 3.code: "sun deck" is no code: want 1 to 40 letters`},
	{`code = "quay"`, `code = "-deck"`, `30:1: zone 3.code: "-deck" is no code`},
	{`code = "quay"`, `code = "däck"`, `30:1: zone 3.code: "däck" is no code`},
	{`code = "quay"`, `code = "` + strings.Repeat("d", 41) + `"`, `30:1: zone 3.code: "` + strings.Repeat("d", 41) + `" is no code`},
	{`name = "Sun deck"`, ``, `25:3: zone deck.name: it is needed, and missing or empty`},
	{`name = "Sun deck"`, `name = "Sun\rdeck"`, `27:1: zone deck.name: it has a line break`},
	{`capacity = 450`, `capacity = 0`, `23:1: zone floor.capacity: 0 is out of range: want 1 to 10000000, or leave it out for no limit`},
	{`capacity = 450`, `capacity = 10_000_001`, `23:1: zone floor.capacity: 10000001 is out of range`},
	{`capacity = 450`, `capacity = -1`, `23:1: zone floor.capacity: -1 is out of range`},
	{`capacity = 450`, `capacity = 450.5`, `23:12: zone.capacity: want a whole number, not a TOML float`},
	{`capacity = 450`, `capacity = 99999999999999999999`, `23:12: zone.capacity: decimal number is too large`},

	{`code = "quay"`, ``, `29:3: zone 3.code: it is needed, and missing or empty`},
	{`code = "ga"`, ``, `33:3: product 1.code: it is needed, and missing or empty`},
	{`name = "VIP"`, `name = ""`, `40:1: product vip.name: it is needed, and missing or empty`},
	{`code = "ga"`, `code = "VIP"`, `39:1: product vip.code: there is a product VIP already; capitals make no difference`},
	{`zones = ["floor"]`, ``, `33:3: product ga.zones: say which zones it opens: "all", or a list of codes`},
	{`zones = ["floor"]`, `zones = []`, `36:1: product ga.zones: the list is empty`},
	{`zones = ["floor"]`, `zones = "floor"`, `36:1: product ga.zones: want "all", or a list of zone codes`},
	{`zones = ["floor"]`, `zones = 5`, `36:1: product ga.zones: want "all", or a list of zone codes`},
	{`zones = ["floor"]`, `zones = ["floor", 5]`, `36:19: product ga.zones: want a list of zone codes, each a text`},
	{`zones = ["floor"]`, `zones = ["floor", "floor"]`, `36:19: product ga.zones: "floor" stands in it twice`},
	{`zones = ["floor"]`, `zones = ["flor"]`, `36:10: product ga.zones: there is no zone "flor"; there are: floor, deck, quay`},

	{`code = "north"`, `code = "north/1"`, `45:1: gate 1.code: "north/1" is no code`},
	{`name = "North door"`, ``, `44:3: gate north.name: it is needed`},
	{`directions = "at the crane"`, `directions = "` + strings.Repeat("n", 201) + `"`, `51:1: gate north.directions: it has 201 bytes, want at most 200`},
	{`zone = "deck"`, ``, `53:3: gate bridge.zone: say which zone it opens into; there are: floor, deck, quay`},
	{`zone = "deck"`, `zone = "dock"`, `56:1: gate bridge.zone: there is no zone "dock"; there are: floor, deck, quay`},
	{`zone = "deck"`, `zone = ""`, `56:1: gate bridge.zone: there is no zone ""`},
	{`products = ["vip"]`, `products = ["ga", "vip", "ga"]`, `57:26: gate bridge.products: "ga" stands in it twice`},
	{`products = ["vip"]`, `products = ["press"]`, `57:13: gate bridge.products: there is no product "press"; there are: ga, vip`},
	{`products = ["vip"]`, `products = "vip"`, `57:1: gate bridge.products: want "all", or a list of product codes`},
	{`entry = "multi"`, `entry = "many"`, `58:1: gate bridge.entry: "many" is no way of entering: want single or multi`},
	{`reentry_after_exit = false`, `reentry_after_exit = "no"`, `50:22: gate.reentry_after_exit: want true or false, not a TOML string`},
}

var mistakesOfRules = []mistake{
	{`{ max_entries = 3, text = "three times" }`, `{ text = "none" }`, `42:10: product vip.rule 1: a rule has exactly one condition, this one has none; there are: max_entries, `},
	{`{ max_entries = 3, text = "three times" }`, `{ max_entries = 3, max_days = 2 }`, `42:10: product vip.rule 1: a rule has exactly one condition, this one has max_entries, max_days; `},
	{`max_entries = 3`, `max_entries = 0`, `42:12: product vip.rule 1.max_entries: 0 is out of range: want 1 to 10000`},
	{`max_entries = 3`, `max_entries = 10_001`, `42:12: product vip.rule 1.max_entries: 10001 is out of range`},
	{`max_entries = 3`, `max_entries_per_day = 0`, `42:12: product vip.rule 1.max_entries_per_day: 0 is out of range: want 1 to 10000`},
	{`max_entries = 3`, `max_days = 0`, `42:12: product vip.rule 1.max_days: 0 is out of range: want 1 to 10000`},
	{`max_entries = 3`, `cooldown_minutes = 0`, `42:12: product vip.rule 1.cooldown_minutes: 0 is out of range: want 1 to 527040`},
	{`max_entries = 3`, `max_minutes_since_first_entry = 527_041`, `42:12: product vip.rule 1.max_minutes_since_first_entry: 527041 is out of range: want 1 to 527040`},
	{`max_entries = 3`, `max_entries_since = { cutoff = 2026-07-04T22:00:00 }`, `42:12: product vip.rule 1.max_entries_since: it needs max, a number of entries`},
	{`max_entries = 3`, `max_entries_since = { max = 1 }`, `42:12: product vip.rule 1.max_entries_since.cutoff: it is needed, and missing`},
	{`max_entries = 3`, `max_entries_before = { cutoff = 2026-07-04T22:00:00, max = 0 }`, `42:65: product vip.rule 1.max_entries_before.max: 0 is out of range: want 1 to 10000`},
	{`max_entries = 3`, `max_entries_before = { cutoff = 22:00:00, max = 1 }`, `42:35: product vip.rule 1.max_entries_before.cutoff: want a date and time`},
	{`max_entries = 3`, `max_entries_before = { cutof = 2026-07-04T22:00:00, max = 1 }`, `42:35: product.rules.max_entries_before.cutof: there is no such field; max_entries_before has cutoff, max`},
	{`"three times"`, `"` + strings.Repeat("n", 201) + `"`, `42:29: product vip.rule 1.text: it has 201 bytes, want at most 200`},
	{`max_entries = 3`, `max_entries = 3, tolerance_min = 5`, `42:29: product vip.rule 1.tolerance_min: it goes with not_before and not_after only`},
	{`not_before = "admission"`, `not_before = "doors"`, `61:1: gate bridge.rule 1.not_before: "doors" is no time of the event: want admission, starts or ends`},
	{`not_before = "admission"`, `not_after = ""`, `61:1: gate bridge.rule 1.not_after: "" is no time of the event`},
	{`tolerance_min = 15`, `tolerance_min = -1`, `62:1: gate bridge.rule 1.tolerance_min: -1 is out of range: want 0 to 527040`},
	{`weekdays = ["sat", 7]`, `weekdays = []`, `65:1: gate bridge.rule 2.weekdays: it has 0 days, want 1 to 7`},
	{`weekdays = ["sat", 7]`, `weekdays = [1, 2, 3, 4, 5, 6, 7, 1]`, `65:1: gate bridge.rule 2.weekdays: it has 8 days, want 1 to 7`},
	{`weekdays = ["sat", 7]`, `weekdays = ["sat", "sam"]`, `65:20: gate bridge.rule 2.weekdays: sam is no day: want "mon" to "sun", or 1 for Monday to 7`},
	{`weekdays = ["sat", 7]`, `weekdays = ["sat", 8]`, `65:20: gate bridge.rule 2.weekdays: 8 is no day`},
	{`weekdays = ["sat", 7]`, `weekdays = [0]`, `65:13: gate bridge.rule 2.weekdays: 0 is no day`},
	{`weekdays = ["sat", 7]`, `weekdays = ["sat", true]`, `65:20: gate bridge.rule 2.weekdays: true is no day`},
	{`weekdays = ["sat", 7]`, `weekdays = ["sat", "Saturday"]`, `65:20: gate bridge.rule 2.weekdays: Saturday stands in it twice`},
	{`weekdays = ["sat", 7]`, `weekdays = "sat"`, `65:12: gate.rules.weekdays: want a list, not a TOML string`},
	{`weekdays = ["sat", 7]`, `not_before_local_time = "25:00"`, `65:1: gate bridge.rule 2.not_before_local_time: want a local time to the minute: "14:30"`},
	{`weekdays = ["sat", 7]`, `not_before_local_time = "9:30"`, `65:1: gate bridge.rule 2.not_before_local_time: want a local time`},
	{`weekdays = ["sat", 7]`, `not_before_local_time = 21:30:30`, `65:1: gate bridge.rule 2.not_before_local_time: want a local time`},
	{`weekdays = ["sat", 7]`, `not_before_local_time = 9`, `65:1: gate bridge.rule 2.not_before_local_time: want a local time`},
	{`weekdays = ["sat", 7]`, `gates = []`, `65:1: gate bridge.rule 2.gates: it has 0 gates, want 1 to 500`},
	{`weekdays = ["sat", 7]`, `gates = ["north", "south"]`, `65:19: gate bridge.rule 2.gates: there is no gate "south"; there are: north, bridge`},
	{`weekdays = ["sat", 7]`, `gates = ["north", "north"]`, `65:19: gate bridge.rule 2.gates: "north" stands in it twice`},
	{`weekdays = ["sat", 7]`, `never = false`, `65:1: gate bridge.rule 2.never: it can only be true: leave the rule out instead`},
}

func TestFileWithoutAMistake(t *testing.T) {
	if got := problems(t, file); len(got) > 0 {
		t.Errorf("%q", got)
	}
	if got := problems(t, "\ufeff"+strings.ReplaceAll(file, "\n", "\r\n")); len(got) > 0 {
		t.Errorf("as some editors save it: %q", got)
	}
}

// Every mistake is named with its place, and nothing else is.
func TestMistakes(t *testing.T) {
	for _, list := range [][]mistake{mistakesOfTheEvent, mistakesOfParts, mistakesOfRules} {
		for _, m := range list {
			m.check(t)
		}
	}
}

// Limits hold where they are stated: the most is taken, one more is not.
func TestLimits(t *testing.T) {
	zone := func(i int) string { return fmt.Sprintf("[[zone]]\ncode = \"z%d\"\nname = \"Z\"\n", i) }
	product := func(i int) string {
		return fmt.Sprintf("[[product]]\ncode = \"p%d\"\nname = \"P\"\nzones = \"all\"\n", i)
	}
	gate := func(i int) string {
		return fmt.Sprintf("[[gate]]\ncode = \"g%d\"\nname = \"G\"\nzone = \"z0\"\n", i)
	}
	rule := func(int) string { return "[[gate.rules]]\nmax_entries = 1\n" }
	const head = "code = \"E\"\nname = \"E\"\ntime_zone = \"UTC\"\nstarts = 2026-07-04T20:00:00\nends = 2026-07-05T02:00:00\n"
	for _, c := range []struct {
		zones, products, gates, rules int
		want                          string
	}{
		{32, 500, 500, 50, ""},
		{33, 1, 1, 0, "6:3: zone: the event has 33 zones, want 1 to 32"},
		{1, 501, 1, 0, "9:3: product: the event has 501 products, want 1 to 500"},
		{1, 1, 501, 0, "13:3: gate: the event has 501 gates, want 1 to 500"},
		{1, 1, 1, 51, "17:8: gate g0.rules: 51 rules, want at most 50"},
		{1, 0, 1, 0, "1:1: product: the event has 0 products, want 1 to 500"},
		{1, 1, 0, 0, "1:1: gate: the event has 0 gates, want 1 to 500"},
	} {
		text := head
		for _, part := range []struct {
			n    int
			text func(int) string
		}{{c.zones, zone}, {c.products, product}, {c.gates, gate}, {c.rules, rule}} {
			for i := range part.n {
				text += part.text(i)
			}
		}
		got := strings.Join(problems(t, text), "\n")
		if got != c.want {
			t.Errorf("%d zones, %d products, %d gates, %d rules: %.300q, want %q", c.zones, c.products, c.gates, c.rules, got, c.want)
		}
	}
}

func TestFileOfAnySize(t *testing.T) {
	pad := func(n int) []byte { return []byte(file + "#" + strings.Repeat("x", n-len(file)-1)) }
	if _, err := ParseFile("night.toml", pad(MaxFile)); err != nil {
		t.Errorf("a file of the largest size: %v", err)
	}
	_, err := ParseFile("night.toml", pad(MaxFile+1))
	if !errors.Is(err, fault.TooLarge) || !strings.Contains(err.Error(), "night.toml: the file has 1048577 bytes, want at most 1048576") {
		t.Errorf("a file over the largest size: %v", err)
	}
	if got := problems(t, ""); len(got) == 0 {
		t.Error("an empty file is an event")
	}
}

// All that is wrong is said at once, in the order of lines; of very much, the
// first fifty and how much more.
func TestAllProblemsAtOnce(t *testing.T) {
	got := problems(t, edited(t, edit{`entry = "multi"`, `entry = "many"`}, edit{`capacity = 450`, `capacity = 0`}, edit{`"Harbour Night"`, `""`}))
	if len(got) != 3 || !slices.EqualFunc(got, []string{"2:1: name", "23:1: zone floor.capacity", "58:1: gate bridge.entry"}, strings.HasPrefix) {
		t.Errorf("three mistakes: %q", got)
	}
	got = problems(t, edited(t, edit{`zones = ["floor"]`, `zones = ["floor"` + strings.Repeat(`, "x"`, 60) + `]`}))
	if len(got) != maxProblems+1 || !strings.HasSuffix(got[maxProblems], "and 69 more problems from here on") {
		t.Errorf("%d problems, the last is %q", len(got), got[len(got)-1])
	}
	got = problems(t, strings.ReplaceAll(file, "name =", "nme ="))
	if len(got) != 8 || !strings.Contains(got[7], "55:1: gate.nme: there is no such field") {
		t.Errorf("eight unknown fields: %q", got)
	}
}

// Whoever calls it asks for the kind, and for the kind only.
func TestProblemsAreBadInput(t *testing.T) {
	_, err := ParseFile("night.toml", []byte(edited(t, edit{`"Harbour Night"`, `""`})))
	if fault.KindOf(err) != fault.BadInput || !errors.Is(err, fault.BadInput) {
		t.Errorf("the kind of %v is %s", err, fault.KindOf(err))
	}
	if want := "night.toml:2:1: name: it is needed, and missing or empty"; err.Error() != want || fault.Message(err) != want {
		t.Errorf("it says %q and %q, want %q", err, fault.Message(err), want)
	}
}
