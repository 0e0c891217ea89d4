package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/pressly/goose/v3"

	"usher/sync/fault"
)

//go:embed gate/*.sql server/*/*.sql
var embedded embed.FS

// Engine is a dialect of SQL that tables are written in.
type Engine string

// The engines.
const (
	// SQLite is inside usher: at every gate, and in a server on one machine.
	SQLite Engine = "sqlite"
	// Postgres is PostgreSQL, for servers on several machines.
	Postgres Engine = "postgres"
)

// Set is one of usher's databases, with tables of its own.
type Set string

// The sets.
const (
	Gate   Set = "gate"   // what a gate keeps: records, forks, its enrolment
	Server Set = "server" // what the server keeps: keys, records, events, tickets
)

// folder is where the files of the set for the engine are.
func (s Set) folder(e Engine) string {
	if s == Gate {
		return string(Gate)
	}
	return path.Join(string(s), string(e))
}

// Database is what can be brought up to date; *sqldb.DB is one.
type Database interface {
	// Engine says which of the texts to run.
	Engine() Engine
	// SQL gives a handle that may change tables, unless the database was opened
	// for reading only.
	SQL() *sql.DB
}

// Version is how far a database is and how far this binary would bring it. They
// are the numbers of files.
type Version struct {
	Have int64 // 0 of an empty database
	Want int64
}

// Up brings the database up to date, and does nothing when it is. Each file is
// applied as a whole or not at all. The error is of fault.Newer when the database
// was written by a newer binary, and of fault.Refused when it holds another set;
// it is left as it is then.
func Up(ctx context.Context, db Database, set Set) error {
	return up(ctx, db, set, embedded)
}

func up(ctx context.Context, db Database, set Set, files fs.FS) error {
	before, err := look(ctx, db, set, files)
	if err != nil || len(before.missing) == 0 {
		return err
	}
	if db.Engine() == Postgres {
		free, err := alone(ctx, db.SQL())
		if err != nil {
			return fmt.Errorf("wait for others to bring the %s database up to date: %w", set, err)
		}
		defer free()
	}
	for {
		before, err := look(ctx, db, set, files)
		if err != nil || len(before.missing) == 0 {
			return err
		}
		failed := apply(ctx, db, set, files)
		if failed == nil {
			return nil
		}
		failed = fmt.Errorf("bring the %s database from version %d to %d: %w", set, before.Have, before.Want, failed)
		after, err := look(ctx, db, set, files)
		if err != nil {
			return errors.Join(failed, err)
		}
		if len(after.missing) == len(before.missing) {
			return failed
		}
		// Another process got further in the meantime: go on from there.
	}
}

// Status says how far the database is, and changes nothing. Its errors are those
// of Up.
func Status(ctx context.Context, db Database, set Set) (Version, error) {
	s, err := look(ctx, db, set, embedded)
	return s.Version, err
}

// Check makes sure that the database is up to date, and changes nothing: it is
// for one that is opened for reading only. Beside the errors of Up there is
// fault.NotReady, for a database that Up would have to bring up to date.
func Check(ctx context.Context, db Database, set Set) error {
	s, err := look(ctx, db, set, embedded)
	if err != nil || len(s.missing) == 0 {
		return err
	}
	return fault.New(fault.NotReady,
		"the %s database has version %d and this usher needs version %d: start the one that writes it first", set, s.Have, s.Want)
}

// standing is how a database compares with a binary's files.
type standing struct {
	Version
	missing []int64 // files that were not applied
}

func look(ctx context.Context, db Database, set Set, files fs.FS) (standing, error) {
	numbers, err := numbered(files, set.folder(db.Engine()))
	if err != nil {
		return standing{}, fmt.Errorf("list the tables of the %s database: %w", set, err)
	}
	applied, err := ledger{set: set, engine: db.Engine()}.applied(ctx, db.SQL())
	if err != nil {
		return standing{}, fmt.Errorf("read the version of the %s database: %w", set, err)
	}
	s := standing{Version: Version{Want: slices.Max(append(numbers, 0))}}
	s.missing = slices.DeleteFunc(numbers, func(n int64) bool { return slices.Contains(applied, n) })
	if len(applied) > 0 {
		s.Have = applied[0]
	}
	if s.Have > s.Want {
		return standing{}, fault.New(fault.Newer,
			"the %s database has version %d and this usher knows version %d: run the newer usher on it", set, s.Have, s.Want)
	}
	return s, nil
}

// numbered lists the numbers of the files in a folder.
func numbered(files fs.FS, folder string) ([]int64, error) {
	names, err := fs.Glob(files, path.Join(folder, "*.sql"))
	if err != nil {
		return nil, err
	}
	numbers := make([]int64, len(names))
	for i, name := range names {
		if numbers[i], err = goose.NumericComponent(name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return numbers, nil
}

// apply runs the files that the database lacks.
func apply(ctx context.Context, db Database, set Set, files fs.FS) error {
	folder, err := fs.Sub(files, set.folder(db.Engine()))
	if err != nil {
		return err
	}
	l := ledger{set: set, engine: db.Engine()}
	// Before goose does: it would try four times, a second apart, whatever is wrong.
	if err := l.begin(ctx, db.SQL()); err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectCustom, db.SQL(), folder, goose.WithStore(l), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
