package store

import (
	"context"

	"usher/migrations/sqldb"
)

// Tries gives how many wrong PINs in a row each one was tried with.
func (s *Store) Tries(ctx context.Context) (map[string]int, error) {
	rows, err := s.db.Read().QueryContext(ctx, `select who, failed from tries order by who`)
	if err != nil {
		return nil, stored(err, "reading how many PINs were tried")
	}
	defer rows.Close()
	tries := map[string]int{}
	for rows.Next() {
		var who string
		var failed int
		if err := rows.Scan(&who, &failed); err != nil {
			return nil, stored(err, "reading how many PINs were tried")
		}
		tries[who] = failed
	}
	return tries, stored(rows.Err(), "reading how many PINs were tried")
}

// CountTry notes one more try, before it is known to be a wrong one.
func (s *Store) CountTry(ctx context.Context, who ...string) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		for _, who := range who {
			_, err := tx.ExecContext(ctx, `
				insert into tries (who, failed) values ($1, 1)
				on conflict (who) do update set failed = tries.failed + 1`, who)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return stored(err, "counting a PIN that was tried")
}

// ClearTries forgets the tries of those who got it right.
func (s *Store) ClearTries(ctx context.Context, who ...string) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		for _, who := range who {
			if _, err := tx.ExecContext(ctx, `delete from tries where who = $1`, who); err != nil {
				return err
			}
		}
		return nil
	})
	return stored(err, "clearing the PINs that were tried")
}
