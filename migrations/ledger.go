package migrations

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pressly/goose/v3/database"

	"usher/sync/fault"
)

// ledgerTable is where a database says which files were applied to it. The name
// of the set stands with each, so that one set's files are never applied to
// another's database.
const ledgerTable = "migration"

// ledgerFinds says for each engine whether the ledger is there.
var ledgerFinds = map[Engine]string{
	SQLite:   `select count(*) from sqlite_master where type = 'table' and name = $1`,
	Postgres: `select count(*) from pg_tables where schemaname = current_schema() and tablename = $1`,
}

// ledger is what goose keeps its books in (database.Store), in place of its own,
// which would let a file be entered twice.
type ledger struct {
	set    Set
	engine Engine
}

// applied lists the numbers of the files that were applied, the highest first,
// and refuses another set's database. It changes nothing.
func (l ledger) applied(ctx context.Context, db database.DBTxConn) (versions []int64, err error) {
	there, err := l.TableExists(ctx, db)
	if err != nil || !there {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, `select set_name, version from migration order by version desc`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var set Set
		var version int64
		if err := rows.Scan(&set, &version); err != nil {
			return nil, err
		}
		if set != l.set {
			return nil, fault.New(fault.Refused, "this is a %s database, and a %s database is needed", set, l.set)
		}
		versions = append(versions, version)
	}
	return versions, rows.Err()
}

// begin makes the ledger if there is none, with the entry 0 that goose wants to
// find in it. Several may do so at once.
func (l ledger) begin(ctx context.Context, db database.DBTxConn) error {
	if err := l.CreateVersionTable(ctx, db); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, `insert into migration (set_name, version) values ($1, 0) on conflict do nothing`, string(l.set))
	return err
}

// Tablename implements database.Store.
func (l ledger) Tablename() string { return ledgerTable }

// TableExists implements database.StoreExtender.
func (l ledger) TableExists(ctx context.Context, db database.DBTxConn) (bool, error) {
	find, known := ledgerFinds[l.engine]
	if !known {
		return false, fmt.Errorf("no tables for engine %q", l.engine)
	}
	var n int
	err := db.QueryRowContext(ctx, find, ledgerTable).Scan(&n)
	return n > 0, err
}

// CreateVersionTable implements database.Store.
func (l ledger) CreateVersionTable(ctx context.Context, db database.DBTxConn) error {
	_, err := db.ExecContext(ctx, `create table if not exists migration (
		set_name text   not null,
		version  bigint not null,
		primary key (set_name, version)
	)`)
	return err
}

// Insert implements database.Store. It fails for a file that was applied already,
// and with it the transaction that would have applied it again.
func (l ledger) Insert(ctx context.Context, db database.DBTxConn, req database.InsertRequest) error {
	_, err := db.ExecContext(ctx, `insert into migration (set_name, version) values ($1, $2)`, string(l.set), req.Version)
	return err
}

// Delete implements database.Store. There is no way back.
func (l ledger) Delete(context.Context, database.DBTxConn, int64) error {
	return database.ErrNotImplemented
}

// GetMigration implements database.Store.
func (l ledger) GetMigration(ctx context.Context, db database.DBTxConn, version int64) (*database.GetMigrationResult, error) {
	versions, err := l.applied(ctx, db)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(versions, version) {
		return nil, database.ErrVersionNotFound
	}
	return &database.GetMigrationResult{IsApplied: true}, nil
}

// GetLatestVersion implements database.Store.
func (l ledger) GetLatestVersion(ctx context.Context, db database.DBTxConn) (int64, error) {
	versions, err := l.applied(ctx, db)
	if err != nil {
		return 0, err
	}
	if len(versions) == 0 {
		return 0, database.ErrVersionNotFound
	}
	return versions[0], nil
}

// ListMigrations implements database.Store.
func (l ledger) ListMigrations(ctx context.Context, db database.DBTxConn) ([]*database.ListMigrationsResult, error) {
	versions, err := l.applied(ctx, db)
	list := make([]*database.ListMigrationsResult, len(versions))
	for i, version := range versions {
		list[i] = &database.ListMigrationsResult{Version: version, IsApplied: true}
	}
	return list, err
}
