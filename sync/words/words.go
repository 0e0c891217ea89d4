// Package words says things to people in their language: messages from one file a
// language, with numbers, times and amounts as that language writes them.
//
// # Files
//
// A book is a folder of TOML files, named after their language: en.toml, de.toml. A
// message is a text with {places}, and its key is its name below those of its
// tables: void in [word] is word.void. A table whose keys are all plural forms of
// CLDR (zero, one, two, few, many, other) is one message with a form for each, chosen
// by its place {n}:
//
//	[word]
//	void = "VOID"
//
//	[more.gates]
//	one = "{n} gate of {event}"
//	other = "{n} gates of {event}"
//
// English is what the other languages are held against: all have the same keys and
// the same places. A book that breaks this is not loaded, so that no screen ever
// shows a hole.
//
// # What stands in a place
//
// Names and other people's words stand as they are, and are never looked into for
// places of their own.
package words

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"usher/sync/money"
)

// With is what stands in a message's places, by their names: text; whole numbers;
// time.Duration, how long something lasted; time.Time, a moment by the clock of its
// zone; Date; Amount; Or.
type With map[string]any

// Date is a moment of which only the day is said.
type Date time.Time

// Amount is a sum of money.
type Amount struct {
	Minor    int64  // minor units
	Currency string // ISO 4217
}

// Or are names of which any will do.
type Or []string

// Language says messages in one language.
type Language struct {
	code     string
	tag      language.Tag
	numbers  *message.Printer
	messages map[string]text
}

// Code is the language's tag, as en.
func (l *Language) Code() string { return l.code }

// Keys lists the keys of all messages, sorted.
func (l *Language) Keys() []string { return slices.Sorted(maps.Keys(l.messages)) }

// Has reports whether there is a message with the key.
func (l *Language) Has(key string) bool {
	_, has := l.messages[key]
	return has
}

// Say gives a message. A key that no message has is a defect of the caller's, which
// its tests find; a person gets to see the key then.
func (l *Language) Say(key string, with With) string {
	t, known := l.messages[key]
	if !known {
		return key
	}
	form := t.other
	if t.forms != nil {
		if own, has := t.forms[l.form(with["n"])]; has {
			form = own
		}
	}
	var out strings.Builder
	for _, part := range form {
		if part.place == "" {
			out.WriteString(part.text)
		} else {
			out.WriteString(l.put(with[part.place]))
		}
	}
	return out.String()
}

// put writes what stands in a place.
func (l *Language) put(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case time.Duration:
		return l.span(v)
	case time.Time:
		return l.moment(v)
	case Date:
		return l.date(time.Time(v))
	case Amount:
		return l.amount(v)
	case Or:
		return l.or(v)
	case nil:
		return "…" // a defect like an unknown key, and found like one
	}
	return l.numbers.Sprint(v)
}

// form is the plural form for a whole number.
func (l *Language) form(n any) string {
	const enough = 10_000_000
	var i uint64
	switch n := n.(type) {
	case int:
		i = uint64(max(n, -n))
	case int64:
		i = uint64(max(n, -n))
	case uint32:
		i = uint64(n)
	case uint64:
		i = n
	default:
		return forms[plural.Other]
	}
	if i > enough {
		i = enough + i%enough // an int holds it everywhere, and no rule looks further
	}
	return forms[plural.Cardinal.MatchPlural(l.tag, int(i), 0, 0, 0, 0)]
}

// forms are the names of CLDR's plural forms.
var forms = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

func (l *Language) or(names Or) string {
	if len(names) == 0 {
		return ""
	}
	said := names[0]
	for _, name := range names[1:] {
		said = l.Say("list.or", With{"a": said, "b": name})
	}
	return said
}

// span says how long something lasted, to a unit that people count in.
func (l *Language) span(d time.Duration) string {
	switch seconds := int(d / time.Second); {
	case seconds < 90:
		return l.Say("span.s", With{"n": seconds})
	case seconds < 90*60:
		return l.Say("span.min", With{"n": (seconds + 30) / 60})
	default:
		return l.Say("span.h", With{"n": (seconds + 1800) / 3600})
	}
}

func (l *Language) moment(t time.Time) string {
	two := func(n int) string { return fmt.Sprintf("%02d", n) }
	with := l.day(t)
	with["clock"] = l.Say("time.clock", With{"hour": two(t.Hour()), "minute": two(t.Minute()), "second": two(t.Second())})
	return l.Say("time.moment", with)
}

func (l *Language) date(t time.Time) string {
	with := l.day(t)
	with["year"] = fmt.Sprint(t.Year())
	return l.Say("time.date", with)
}

func (l *Language) day(t time.Time) With {
	return With{
		"weekday": l.Say(fmt.Sprintf("time.weekday.%d", (t.Weekday()+6)%7+1), nil),
		"day":     fmt.Sprint(t.Day()),
		"month":   l.Say(fmt.Sprintf("time.month.%d", t.Month()), nil),
	}
}

func (l *Language) amount(a Amount) string {
	if !money.Known(a.Currency) {
		return l.Say("money.unknown", With{"n": a.Minor, "currency": fmt.Sprintf("%.10s", a.Currency)})
	}
	return money.FormatIn(l.code, a.Minor, a.Currency)
}
