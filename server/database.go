package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/server/bus"
	"usher/sync/fault"
)

// DatabaseFile is the name of the SQLite database in the data folder.
const DatabaseFile = "server.db"

// OpenDatabase opens the database of the data as it is; a SQLite file is made where
// there is none.
func OpenDatabase(ctx context.Context, cfg Config) (db *sqldb.DB, err error) {
	if cfg.Database != "" {
		db, err = sqldb.OpenPostgres(ctx, cfg.Database, sqldb.Options{})
	} else {
		if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "can't make the server's data folder %s", cfg.Data)
		}
		db, err = sqldb.OpenSQLite(ctx, filepath.Join(cfg.Data, DatabaseFile), sqldb.Options{})
	}
	if err != nil {
		return nil, fmt.Errorf("opening the server data in %s: %w", cfg.Where(), err)
	}
	return db, nil
}

// Exists reports whether there are server data where the config says.
func (cfg Config) Exists(ctx context.Context) (bool, error) {
	if cfg.Database == "" {
		_, err := os.Stat(filepath.Join(cfg.Data, DatabaseFile))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, fault.Wrap(fault.Unavailable, err, "can't look into the server's data folder %s", cfg.Data)
		}
		return err == nil, nil
	}
	db, err := sqldb.OpenPostgres(ctx, cfg.Database, sqldb.Options{ReadOnly: true})
	if err != nil {
		return false, fmt.Errorf("opening the server data in %s: %w", cfg.Where(), err)
	}
	v, err := migrations.Status(ctx, db, migrations.Server)
	return v.Have > 0, errors.Join(err, db.Close())
}

// Where says where the data are, without the password of a database: for people.
func (cfg Config) Where() string {
	if cfg.Database == "" {
		return cfg.Data
	}
	u, err := url.Parse(cfg.Database)
	if err != nil {
		return "the database"
	}
	return "database " + u.Host + u.Path
}

// openBus links the server to the others by Redis, if it is to be.
func (s *Server) openBus(ctx context.Context) error {
	if s.Redis == "" {
		return nil
	}
	if s.Database == "" {
		return fault.New(fault.BadInput, "Redis carries word between servers, and there is only one on a SQLite file: add --database")
	}
	name, err := s.busName(ctx)
	if err != nil {
		return err
	}
	self, err := s.drawText()
	if err != nil {
		return err
	}
	if s.bus, err = bus.Open(s.Redis, name, self); err != nil {
		return err
	}
	s.DB.Carry(s.bus)
	return nil
}

// shareClaims has gates at the other servers of the database waited for, by Redis where
// there is one.
func (s *Server) shareClaims() {
	switch locks := s.DB.Locks(); {
	case s.bus != nil:
		s.Doors.ShareClaims(s.bus)
	case locks != nil:
		s.Doors.ShareClaims(locks)
	}
}
