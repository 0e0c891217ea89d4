package catalog

import (
	"fmt"
	"strconv"
	"strings"
)

// Limits of pools and their seats.
const (
	maxPlaces = 10_000_000 // of a pool that is only counted
	maxSeats  = 5_000      // of a pool that has numbered ones
	maxRow    = 12         // bytes of a row's name
	maxSeat   = 9_999      // the highest number in a row
)

// pools reads the stocks that products are sold from.
func (f *finder) pools(shop *Shop, tables []poolTable) {
	if n := len(tables); n == 0 || n > maxPools {
		f.blame("pool", "pool", "the shop has %d pools, want 1 to %d: say how many places there are, [[pool]] with code, name and capacity", n, maxPools)
	}
	taken, rows := codes{kind: "pool"}, map[string]string{}
	for i, t := range tables {
		path, label := element("pool", i), taken.take(f, i, t.Code)
		p := Pool{Code: t.Code, Name: f.line(path+".name", label+".name", t.Name, maxName, true)}
		switch {
		case len(t.Seats) > 0 && t.Capacity != nil:
			f.blame(path+".capacity", label+".capacity", "its seats say how many there are: leave one of the two out")
		case len(t.Seats) > 0:
			p.Seats = f.seats(path+".seats", label, t.Seats, rows)
			p.Capacity = int64(len(p.Seats))
		case t.Capacity == nil:
			f.blame(path+".capacity", label+".capacity", "say how many places there are, or list the seats")
		default:
			p.Capacity = f.number(path+".capacity", label+".capacity", t.Capacity, 0, 1, maxPlaces)
		}
		shop.Pools = append(shop.Pools, p)
	}
}

// seats reads the rows of a pool: "A 1-12, 15" are thirteen seats of row A. Rows
// notes whose each row is: a seat on a ticket names no pool.
func (f *finder) seats(path, label string, list []string, rows map[string]string) []Seat {
	var seats []Seat
	seen := map[string]bool{}
	for i, text := range list {
		at := element(path, i)
		row, numbers, _ := strings.Cut(strings.TrimSpace(text), " ")
		if len(row) > maxRow || !wellFormed(row) {
			f.blame(at, label+".seats", "%.60q: want a row and its numbers, such as \"A 1-12, 15\"; a row has up to %d letters, digits, dots, hyphens and underscores", text, maxRow)
			continue
		}
		if other, known := rows[strings.ToLower(row)]; known && other != label {
			f.blame(at, label+".seats", "%s has a row %s already; a row stands in one pool only", other, row)
			continue
		}
		rows[strings.ToLower(row)] = label
		for span := range strings.SplitSeq(numbers, ",") {
			first, last, ok := seatSpan(span)
			if !ok {
				f.blame(at, label+".seats", "%.60q: want numbers from 1 to %d, such as \"%s 1-12, 15\"", text, maxSeat, row)
				break
			}
			for n := first; n <= last && len(seats) <= maxSeats; n++ {
				seat := Seat{Code: fmt.Sprintf("%s-%d", row, n), Row: row, Name: strconv.Itoa(n)}
				if seen[strings.ToLower(seat.Code)] {
					f.blame(at, label+".seats", "seat %s stands in it twice", seat.Code)
					return seats
				}
				seen[strings.ToLower(seat.Code)] = true
				seats = append(seats, seat)
			}
		}
	}
	if len(seats) > maxSeats {
		f.blame(path, label+".seats", "it has more than %d seats: make it several pools", maxSeats)
	}
	return seats
}

// seatSpan reads "7" or "1-12".
func seatSpan(text string) (first, last int, ok bool) {
	from, to, isSpan := strings.Cut(strings.TrimSpace(text), "-")
	if !isSpan {
		to = from
	}
	first, err := strconv.Atoi(strings.TrimSpace(from))
	last, err2 := strconv.Atoi(strings.TrimSpace(to))
	return first, last, err == nil && err2 == nil && first >= 1 && first <= last && last <= maxSeat
}

// poolOf is the pool that a product is sold from; where there is only one it need
// not be said.
func (f *finder) poolOf(path, label string, code *string, pools []Pool) string {
	have := each(pools, func(p Pool) string { return p.Code })
	switch {
	case code != nil:
		f.refer(path, label, "pool", *code, have)
		return *code
	case len(have) == 1:
		return have[0]
	case len(have) > 1:
		f.blame(path, label, "say which pool it is sold from; %s", offer("pool", have))
	}
	return ""
}
