package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"usher/sync/fault"
)

// A file that is no .sql keeps a folder in the binary that has none yet.
//
//go:embed all:gate all:server
var files embed.FS

// Engine is a dialect of SQL that the tables are written in.
type Engine string

// SQLite is the engine inside usher, at every gate and in a server of one process.
const SQLite Engine = "sqlite"

// Set is one of the databases of usher, with tables of its own.
type Set string

// The sets.
const (
	Gate   Set = "gate"   // what a gate keeps: its journals, roster, revocations
	Server Set = "server" // what the server keeps: catalogue, tickets, journals, keys
)

// Database is what can be brought up to date: *sqldb.DB is one.
type Database interface {
	// Engine says which of the tables' texts to run.
	Engine() Engine
	// SQL gives the handle that may change tables.
	SQL() *sql.DB
}

// Version is how far a database is, and how far this binary would bring it.
type Version struct {
	Have int64 // of the database; 0 when it is empty
	Want int64 // of this binary: the number of its newest file
}

// Up brings the database up to date with this binary. One written by a newer
// binary is left as it is, with an error of fault.Newer.
func Up(ctx context.Context, db Database, set Set) error {
	provider, err := open(db, set)
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil
	}
	if err != nil {
		return err
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the version of the %s database: %w", set, err)
	}
	if have > want {
		return fault.New(fault.Newer, "the %s database has version %d, this usher knows %d: run the newer usher on it", set, have, want)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the %s database from version %d to %d: %w", set, have, want, err)
	}
	return nil
}

func open(db Database, set Set) (*goose.Provider, error) {
	dir := string(set)
	if set == Server {
		dir += "/" + string(db.Engine())
	}
	tree, err := fs.Sub(files, dir)
	if err != nil {
		return nil, fmt.Errorf("open the migrations of %s: %w", dir, err)
	}
	return goose.NewProvider(goose.DialectSQLite3, db.SQL(), tree,
		goose.WithDisableGlobalRegistry(true), goose.WithTableName("schema_"+string(set)))
}
