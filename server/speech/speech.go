// Package speech is what the server says to buyers, in their language: on its pages,
// in its mail and on its papers. All of it stands in one file a language, in messages.
//
// A language is picked by the tag of an event's language; where there is none of
// ours it is English. Clock times are the venue's.
package speech

import (
	"embed"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"usher/sync/money"
	"usher/sync/words"
)

//go:embed messages
var files embed.FS

// book reads the messages, once. They are part of the program, and its tests see that
// they can be read.
var book = sync.OnceValue(func() *words.Book {
	folder, err := fs.Sub(files, "messages")
	if err != nil {
		panic(err)
	}
	b, err := words.Load(folder)
	if err != nil {
		panic(err)
	}
	return b
})

// Lang says things in one language; templates call its methods.
type Lang struct {
	*words.Language
	Zone *time.Location // whose clock times are told by
}

// In gives the language that fits a list of wishes best, such as de-AT or what a
// browser sends in Accept-Language; English where none does.
func In(wishes string, zone *time.Location) Lang {
	return Lang{book().Pick(wishes, words.English), zone}
}

// Has says whether there is a language with a code.
func Has(code string) bool { return book().Language(code) != nil }

// Codes lists the languages that there are, sorted.
func Codes() []string { return book().Codes() }

// T says a message. Names of its places and what stands in them follow in turn.
func (l Lang) T(key string, pairs ...any) string {
	with := words.With{}
	for i := 0; i+1 < len(pairs); i += 2 {
		with[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return l.Say(key, with)
}

// Money says an amount.
func (l Lang) Money(minor int64, currency string) string {
	return money.FormatIn(l.Code(), minor, currency)
}

// At is a moment by the clock of the zone.
func (l Lang) At(unix int64) time.Time { return time.Unix(unix, 0).In(l.Zone) }

// Day says a day: Friday, 14 August 2026.
func (l Lang) Day(unix int64) string {
	t := l.At(unix)
	return l.Say("when.day", words.With{"weekday": l.weekday(t), "day": l.day(t), "month": l.month(t), "year": fmt.Sprint(t.Year())})
}

// Date says a day without its weekday: 14 August 2026.
func (l Lang) Date(unix int64) string {
	t := l.At(unix)
	return l.Say("when.date", words.With{"day": l.day(t), "month": l.month(t), "year": fmt.Sprint(t.Year())})
}

// Clock says a time of day: 20:00.
func (l Lang) Clock(unix int64) string {
	t := l.At(unix)
	return l.Say("when.clock", words.With{"hour": fmt.Sprintf("%02d", t.Hour()), "minute": fmt.Sprintf("%02d", t.Minute())})
}

// Moment says a day and time without the year: Friday, 14 August, 20:00.
func (l Lang) Moment(unix int64) string {
	t := l.At(unix)
	return l.Say("when.moment", words.With{"weekday": l.weekday(t), "day": l.day(t), "month": l.month(t), "clock": l.Clock(unix)})
}

// Span says from when until when something lasts, as short as can be understood.
func (l Lang) Span(from, until int64) string {
	a, b := l.At(from), l.At(until)
	// What ends in the small hours is of the night before.
	if night := b.Add(-8 * time.Hour); a.YearDay() == night.YearDay() && a.Year() == night.Year() || a.YearDay() == b.YearDay() && a.Year() == b.Year() {
		return l.Say("when.evening", words.With{"day": l.Day(from), "from": l.Clock(from), "until": l.Clock(until)})
	}
	return l.Say("when.days", words.With{"from": l.Moment(from), "until": l.Moment(until), "year": fmt.Sprint(b.Year())})
}

// ISO gives a moment for machines.
func (l Lang) ISO(unix int64) string { return l.At(unix).Format(time.RFC3339) }

// ZoneName says how the venue's time is called on a day: CEST.
func (l Lang) ZoneName(unix int64) string {
	name, _ := l.At(unix).Zone()
	return name
}

// day is the day of the month; some languages count the first.
func (l Lang) day(t time.Time) string {
	if t.Day() == 1 {
		return l.Say("when.first", nil)
	}
	return fmt.Sprint(t.Day())
}

func (l Lang) weekday(t time.Time) string {
	return l.Say(fmt.Sprintf("time.weekday.%d", (t.Weekday()+6)%7+1), nil)
}

func (l Lang) month(t time.Time) string { return l.Say(fmt.Sprintf("time.month.%d", t.Month()), nil) }
