package store

import (
	"context"
	"time"
)

// ShiftEnd is the end of the device's last shift.
type ShiftEnd struct {
	At     time.Time
	Seq    uint64 // the newest own record then
	By     string // who ended it
	Alone  uint64 // own records that nobody else was known to hold
	Unsent uint64 // own records that the server was not known to hold
	Forced bool
}

// LastLeave gives the end of the last shift; ok is false before the first.
func (s *Store) LastLeave(ctx context.Context) (e ShiftEnd, ok bool, err error) {
	var at int64
	ok, err = one(ctx, s.db.Read(), `select at_ms, seq, by_whom, alone, unsent, forced from shift_end`, nil,
		&at, &e.Seq, &e.By, &e.Alone, &e.Unsent, &e.Forced)
	if err != nil || !ok {
		return ShiftEnd{}, false, stored(err, "reading the end of the last shift")
	}
	e.At = time.UnixMilli(at).UTC()
	return e, true, nil
}

// KeepLeave replaces the end of the last shift.
func (s *Store) KeepLeave(ctx context.Context, e ShiftEnd) error {
	err := s.db.Exec(ctx, `
		insert into shift_end (only_row, at_ms, seq, by_whom, alone, unsent, forced) values (1, $1, $2, $3, $4, $5, $6)
		on conflict (only_row) do update set at_ms = excluded.at_ms, seq = excluded.seq, by_whom = excluded.by_whom,
		       alone = excluded.alone, unsent = excluded.unsent, forced = excluded.forced`,
		e.At.UnixMilli(), e.Seq, e.By, e.Alone, e.Unsent, e.Forced)
	return stored(err, "keeping the end of a shift")
}

// TryWrite stores something as a scan's record is stored, to see that the disk
// takes it. It is no record, and nobody is told of it.
func (s *Store) TryWrite(ctx context.Context) error {
	err := s.db.Exec(ctx, `insert into trial (only_row, times) values (1, 1) on conflict (only_row) do update set times = trial.times + 1`)
	return stored(err, "writing to its disk")
}
