package inventory

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/sync/fault"
)

// taker marks a seat that was sold without a hold. No hold has this id.
const taker = "-"

// check refuses what no statement should see.
func (r *Request) check(now time.Time) error {
	if err := checkID(r.ID); err != nil {
		return err
	}
	if err := checkCode("owner", r.Owner); err != nil && r.Owner != "" {
		return err
	}
	if err := checkUntil(now, r.Until, MaxHold); err != nil {
		return err
	}
	return checkLines(r.Event, r.Lines)
}

func checkID(id string) error {
	if err := checkCode("id", id); err != nil {
		return err
	}
	if id == taker {
		return fault.At(fault.BadInput, "id", "%q is no id of a hold", id)
	}
	return nil
}

func checkUntil(now, until time.Time, most time.Duration) error {
	switch left := until.Sub(now); {
	case left <= 0:
		return fault.At(fault.BadInput, "until", "places can't be held until a time that is over")
	case left > most:
		return fault.At(fault.BadInput, "until", "places can be held for %s at most", most)
	}
	return nil
}

// checkCode refuses what is no name of anything: a database would take it, log it,
// or end the whole batch over it.
func checkCode(where, code string) error {
	switch {
	case code == "":
		return fault.At(fault.BadInput, where, "it is empty")
	case len(code) > MaxCode:
		return fault.At(fault.BadInput, where, "it has %d bytes, limit %d", len(code), MaxCode)
	case strings.ContainsFunc(code, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }):
		return fault.At(fault.BadInput, where, "%q has characters that no code has", code)
	}
	return nil
}

// checkLines refuses lines that ask for nothing, too much or one seat twice.
func checkLines(event string, lines []Line) error {
	if err := checkCode("event", event); err != nil {
		return err
	}
	if len(lines) == 0 || len(lines) > MaxLines {
		return fault.At(fault.BadInput, "lines", "there are %d lines, want 1 to %d", len(lines), MaxLines)
	}
	var places int64
	seen := make(map[[2]string]bool)
	for i, l := range lines {
		where := fmt.Sprintf("lines[%d]", i)
		if err := checkCode(where+".pool", l.Pool); err != nil {
			return err
		}
		if len(l.Seats) > MaxPlaces || l.Count > MaxPlaces {
			return fault.At(fault.TooLarge, where, "that is more than %d places at once", MaxPlaces)
		}
		if n := l.places(); n < 1 {
			return fault.At(fault.BadInput, where+".count", "%d places can't be taken, want 1 or more", n)
		}
		if len(l.Seats) > 0 && l.Count != 0 && l.Count != int64(len(l.Seats)) {
			return fault.At(fault.BadInput, where+".count", "%d places, and %d seats are named", l.Count, len(l.Seats))
		}
		places += l.places() // each is bounded, and so are the lines
		for _, seat := range l.Seats {
			if err := checkCode(where+".seats", seat); err != nil {
				return err
			}
			if seen[[2]string{l.Pool, seat}] {
				return fault.At(fault.BadInput, where+".seats", "seat %s is named twice", seat)
			}
			seen[[2]string{l.Pool, seat}] = true
		}
	}
	if places > MaxPlaces {
		return fault.At(fault.TooLarge, "lines", "that is %d places at once, limit %d", places, MaxPlaces)
	}
	return nil
}

// places is how many places the line is about.
func (l *Line) places() int64 {
	if len(l.Seats) > 0 {
		return int64(len(l.Seats))
	}
	return l.Count
}

// same reports whether the hold is what the request asks for, whoever its owner: a phone
// that asks again may have another address by then.
func (r *Request) same(h *Hold) bool {
	return r.Event == h.Event && slices.EqualFunc(r.Lines, h.Lines, func(asked, given Line) bool {
		return asked.Pool == given.Pool && asked.places() == given.places() &&
			(len(asked.Seats) == 0 || slices.Equal(asked.Seats, given.Seats))
	})
}

// perPool adds up the places of lines by pool.
func perPool(lines []Line) map[string]int64 {
	sums := make(map[string]int64, 1)
	for i := range lines {
		sums[lines[i].Pool] += lines[i].places()
	}
	return sums
}
