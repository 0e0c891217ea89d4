package inventory

import (
	"context"
	"fmt"
	"slices"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Pool is what an event has of one kind of place.
type Pool struct {
	Code     string
	Name     string
	Capacity int64  // counts where there are no seats; with seats it is their number or 0
	Seats    []Seat // from the best
}

// Seat is a numbered place.
type Seat struct {
	Code string // what the ticket says; one in its pool
	Row  string
	// Number is its number in the row. Seats of one row that follow each other in
	// the list are neighbours when their numbers do too, in whatever step the row
	// has; with 0 they are neighbours as they are listed.
	Number int
}

// SetIn makes an event's pools what the list says, in the caller's transaction. A
// pool never gets smaller than what is sold and held of it, and loses no seat that
// somebody has: fault.Refused, by name, and nothing is changed. What is so already
// is left alone.
func (s *Stock) SetIn(ctx context.Context, tx *sqldb.Tx, event string, pools []Pool) error {
	if err := checkPools(event, pools); err != nil {
		return err
	}
	there, err := readPools(ctx, tx, event)
	if err != nil {
		return stored(err, "reading the pools of event %s", event)
	}
	sorted := slices.SortedFunc(slices.Values(pools), func(a, b Pool) int { return compare(a.Code, b.Code) })
	for _, p := range sorted {
		if err := setPool(ctx, tx, event, p, there[p.Code]); err != nil {
			return stored(err, "setting pool %s of event %s", p.Code, event)
		}
		delete(there, p.Code)
	}
	for _, code := range poolCodes(there) {
		if err := dropPool(ctx, tx, event, code); err != nil {
			return stored(err, "removing pool %s of event %s", code, event)
		}
	}
	s.memory.forget(event)
	return nil
}

func checkPools(event string, pools []Pool) error {
	if err := checkCode("event", event); err != nil {
		return err
	}
	codes := make(map[string]bool)
	for i, p := range pools {
		where := fmt.Sprintf("pools[%d]", i)
		if err := checkCode(where+".code", p.Code); err != nil {
			return err
		}
		if codes[p.Code] {
			return fault.At(fault.BadInput, where+".code", "pool %s is there twice", p.Code)
		}
		codes[p.Code] = true
		if p.Capacity < 0 || p.Capacity > MaxPool {
			return fault.At(fault.BadInput, where+".capacity", "%d places, want 0 to %d", p.Capacity, MaxPool)
		}
		if err := checkSeats(where, &p); err != nil {
			return err
		}
	}
	return nil
}

func checkSeats(where string, p *Pool) error {
	if len(p.Seats) > MaxSeats {
		return fault.At(fault.TooLarge, where+".seats", "%d seats, limit %d", len(p.Seats), MaxSeats)
	}
	if n := int64(len(p.Seats)); n > 0 && p.Capacity != 0 && p.Capacity != n {
		return fault.At(fault.BadInput, where+".capacity", "%d places, and %d seats are listed", p.Capacity, n)
	}
	seen := make(map[string]bool, len(p.Seats))
	for i, seat := range p.Seats {
		at := fmt.Sprintf("%s.seats[%d]", where, i)
		if err := checkCode(at, seat.Code); err != nil {
			return err
		}
		if seen[seat.Code] {
			return fault.At(fault.BadInput, at, "seat %s is there twice", seat.Code)
		}
		seen[seat.Code] = true
	}
	return nil
}

// runsOf numbers the runs of neighbours in a list of seats.
func runsOf(seats []Seat) []int64 {
	step := make(map[string]int) // the least between two neighbours of a row
	for i := 1; i < len(seats); i++ {
		if d := between(seats, i); d > 0 && (step[seats[i].Row] == 0 || d < step[seats[i].Row]) {
			step[seats[i].Row] = d
		}
	}
	runs := make([]int64, len(seats))
	for i := 1; i < len(seats); i++ {
		runs[i] = runs[i-1]
		if seats[i].Row != seats[i-1].Row || between(seats, i) != step[seats[i].Row] && between(seats, i) != 0 {
			runs[i]++
		}
	}
	return runs
}

// between is the difference of the numbers of a seat and the one before it, in the
// same row: 0 when they have none.
func between(seats []Seat, i int) int {
	if seats[i].Row != seats[i-1].Row || seats[i].Number == 0 || seats[i-1].Number == 0 {
		return 0
	}
	d := seats[i].Number - seats[i-1].Number
	return max(d, -d)
}

// poolRow is a pool as the table has it.
type poolRow struct {
	name     string
	capacity int64
	taken    int64
	seated   bool
	seats    []seatRow
}

type seatRow struct {
	code   string
	run    int64
	holder string
}

func setPool(ctx context.Context, tx *sqldb.Tx, event string, p Pool, there *poolRow) error {
	if n := int64(len(p.Seats)); n > 0 {
		p.Capacity = n
	}
	seated := len(p.Seats) > 0
	switch {
	case there == nil:
		_, err := tx.ExecContext(ctx, `
			insert into pool (event, code, name, capacity, taken, seated, layout, rev) values ($1, $2, $3, $4, 0, $5, 1, 1)`,
			event, p.Code, p.Name, p.Capacity, bit(seated))
		if err != nil {
			return err
		}
		return insertSeats(ctx, tx, event, p, nil)
	case there.seated != seated && there.taken > 0:
		return fault.New(fault.Refused, "pool %s can't change between counted places and seats: %d are sold or held", p.Code, there.taken)
	case p.Capacity < there.taken:
		return fault.New(fault.Refused, "pool %s can't have %d places: %d are sold or held", p.Code, p.Capacity, there.taken)
	}
	moved := !slices.Equal(codesOf(p), there.codes()) || !slices.Equal(runsOf(p.Seats), there.runs())
	if !moved && there.name == p.Name && there.capacity == p.Capacity {
		return nil
	}
	if moved {
		if err := replaceSeats(ctx, tx, event, p, there); err != nil {
			return err
		}
	}
	done, err := tx.ExecContext(ctx, `
		update pool set name = $3, capacity = $4, seated = $5, layout = layout + $6, rev = rev + 1
		where event = $1 and code = $2 and taken <= $4`, event, p.Code, p.Name, p.Capacity, bit(seated), bit(moved))
	return exactly(1, done, err)
}

// replaceSeats writes a pool's seats anew, each with the holder it has.
func replaceSeats(ctx context.Context, tx *sqldb.Tx, event string, p Pool, there *poolRow) error {
	holders := make(map[string]string)
	for _, seat := range there.seats {
		if seat.holder != "" {
			holders[seat.code] = seat.holder
		}
	}
	kept := 0
	for _, seat := range p.Seats {
		if holders[seat.Code] != "" {
			kept++
		}
	}
	if kept < len(holders) {
		return fault.New(fault.Refused, "pool %s can't lose seat %s: it is sold or held", p.Code, lost(holders, p.Seats))
	}
	if _, err := tx.ExecContext(ctx, `delete from seat where event = $1 and pool = $2`, event, p.Code); err != nil {
		return err
	}
	return insertSeats(ctx, tx, event, p, holders)
}

// lost names the first seat that has a holder and isn't in the list.
func lost(holders map[string]string, seats []Seat) string {
	for _, seat := range seats {
		delete(holders, seat.Code)
	}
	return poolCodes(holders)[0]
}

func insertSeats(ctx context.Context, tx *sqldb.Tx, event string, p Pool, holders map[string]string) error {
	runs := runsOf(p.Seats)
	rows := make([][]any, len(p.Seats))
	for i, seat := range p.Seats {
		rows[i] = []any{event, p.Code, int64(i), runs[i], seat.Code, holders[seat.Code], int64(1)}
	}
	return sqldb.InsertRows(ctx, tx, "seat", []string{"event", "pool", "place", "run", "code", "holder", "rev"}, rows)
}

// dropPool removes a pool that nobody has a place of.
func dropPool(ctx context.Context, tx *sqldb.Tx, event, code string) error {
	if _, err := tx.ExecContext(ctx, `delete from seat where event = $1 and pool = $2`, event, code); err != nil {
		return err
	}
	done, err := tx.ExecContext(ctx, `delete from pool where event = $1 and code = $2 and taken = 0`, event, code)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return fault.Wrap(fault.Refused, err, "pool %s can't go: places of it are sold or held", code)
	}
	return nil
}

func (p *poolRow) codes() []string {
	codes := make([]string, len(p.seats))
	for i := range p.seats {
		codes[i] = p.seats[i].code
	}
	return codes
}

func (p *poolRow) runs() []int64 {
	runs := make([]int64, len(p.seats))
	for i := range p.seats {
		runs[i] = p.seats[i].run
	}
	return runs
}

func codesOf(p Pool) []string {
	codes := make([]string, len(p.Seats))
	for i := range p.Seats {
		codes[i] = p.Seats[i].Code
	}
	return codes
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
