package inventory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Aside begins the codes of pools that stand beside those that the organiser lists:
// one for each ticket that somebody sells on. They are held and sold like all others.
// [Stock.SetIn] leaves them alone, and nobody who asks what the event has left hears
// of them.
const Aside = "aside/"

// beside says in SQL that a pool is one of those, listed that it is not.
const (
	beside = `substr(code, 1, 6) = '` + Aside + `'`
	listed = `not ` + beside
)

// isAside says whether a code is of one of those.
func isAside(code string) bool { return strings.HasPrefix(code, Aside) }

// OpenIn makes a pool aside of one place, in the caller's transaction: of a seat, or
// of a counted place where seat is "".
func (s *Stock) OpenIn(ctx context.Context, tx *sqldb.Tx, event, code, name, seat string) error {
	p := Pool{Code: code, Name: name, Capacity: 1}
	if seat != "" {
		p.Seats = []Seat{{Code: seat}}
	}
	if !isAside(code) {
		return fault.New(fault.Internal, "pool %.40q is none that stands aside", code)
	}
	if err := checkPools(event, []Pool{p}); err != nil {
		return err
	}
	return stored(setPool(ctx, tx, event, p, nil), "opening pool %s of event %s", code, event)
}

// ShutIn has nobody take the place of a pool aside any more, in the caller's
// transaction. fault.Refused while somebody holds it, or when it is sold. Doing it
// again changes nothing.
func (s *Stock) ShutIn(ctx context.Context, tx *sqldb.Tx, event, code string) error {
	done, err := tx.ExecContext(ctx, `update pool set capacity = 0, rev = rev + 1 where event = $1 and code = $2 and taken = 0 and `+beside, event, code)
	if err != nil {
		return stored(err, "shutting pool %s of event %s", code, event)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return fault.Wrap(fault.Refused, err, "somebody has the place of pool %s", code)
	}
	return nil
}

// DropIn deletes a pool aside of which nobody takes a place any more, in the caller's
// transaction, and says whether it is gone: one that is shut, or any other whose place
// nobody has, and one whose place is sold for good when the caller says so. Who asks for
// its place later hears that none is left.
func (s *Stock) DropIn(ctx context.Context, tx *sqldb.Tx, event, code string, sold bool) (gone bool, err error) {
	if !isAside(code) {
		return false, fault.New(fault.Internal, "pool %.40q is none that stands aside", code)
	}
	most := 0
	if sold {
		most = 1
	}
	var open bool // somebody has its place
	err = tx.QueryRowContext(ctx, `update pool set rev = rev + 1 where event = $1 and code = $2 returning taken > $3`, event, code, most).Scan(&open)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	if err != nil || open {
		return false, stored(err, "dropping pool %s of event %s", code, event)
	}
	for _, query := range []string{`delete from seat where event = $1 and pool = $2`, `delete from pool where event = $1 and code = $2`} {
		if _, err := tx.ExecContext(ctx, query, event, code); err != nil {
			return false, stored(err, "dropping pool %s of event %s", code, event)
		}
	}
	return true, nil
}

// missing says that an event has no such pool. One that stands aside and isn't there was
// dropped: its place is nobody's to have.
func missing(event, code string, line int) error {
	if isAside(code) {
		return &Short{Left: map[string]int64{code: 0}}
	}
	return fault.At(fault.NotFound, fmt.Sprintf("lines[%d].pool", line), "event %s has no pool %q", event, code)
}

// FreeAside gives those pools aside of an event that have their place free.
func (s *Stock) FreeAside(ctx context.Context, event string) (map[string]bool, error) {
	free := make(map[string]bool)
	err := each(ctx, s.db.Read(), func(scan func(...any) error) error {
		var code string
		err := scan(&code)
		free[code] = true
		return err
	}, `select code from pool where event = $1 and `+beside+` and taken < capacity`, event)
	return free, stored(err, "looking for free places of event %s", event)
}
