package stage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"usher/migrations/sqldb"
)

// kept begins the names of the tables that hold a backup.
const kept = "kept_"

// dump copies every table, as pg_dump would, beside itself.
func (s *Server) dump(ctx context.Context) error {
	return everyTable(ctx, s.DB, func(tx *sqldb.Tx, name string) error {
		for _, query := range []string{`drop table if exists ` + kept + name, `create table ` + kept + name + ` as table ` + name} {
			if _, err := tx.ExecContext(ctx, query); err != nil {
				return err
			}
		}
		return nil
	})
}

// undump puts the copies in place of the tables. The counts of what is numbered go
// on from where the copy was, as after a pg_restore.
func (s *Server) undump(ctx context.Context) error {
	db, err := sqldb.OpenPostgres(ctx, s.database, sqldb.Options{})
	if err != nil {
		return err
	}
	err = everyTable(ctx, db, func(tx *sqldb.Tx, name string) error {
		for _, query := range []string{`set local session_replication_role = replica`, `delete from ` + name, `insert into ` + name + ` select * from ` + kept + name} {
			if _, err := tx.ExecContext(ctx, query); err != nil {
				return err
			}
		}
		if name != "record" {
			return nil
		}
		var next int64
		return tx.QueryRowContext(ctx, `select setval(pg_get_serial_sequence('record', 'id'), coalesce(max(id), 0) + 1, false) from record`).Scan(&next)
	})
	return errors.Join(err, db.Close())
}

// everyTable calls do for each table that is no copy, in one transaction.
func everyTable(ctx context.Context, db *sqldb.DB, do func(tx *sqldb.Tx, name string) error) error {
	return db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		var list string
		if err := tx.QueryRowContext(ctx, `select string_agg(tablename, ' ') from pg_tables where schemaname = current_schema()`).Scan(&list); err != nil {
			return err
		}
		for _, name := range strings.Fields(list) {
			if strings.HasPrefix(name, kept) {
				continue
			}
			if err := do(tx, name); err != nil {
				return fmt.Errorf("table %s: %w", name, err)
			}
		}
		return nil
	})
}
