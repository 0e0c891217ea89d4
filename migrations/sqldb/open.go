package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// newFile is the mode of a database file that we make: it holds names and keys.
const newFile fs.FileMode = 0o600

// OpenSQLite opens the database file at path. When there is none it is made,
// readable by its owner only, in a folder that has to be there. Path is always
// the name of a file, whatever characters are in it.
func OpenSQLite(ctx context.Context, path string, opt Options) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if !opt.ReadOnly {
		if err := create(path); err != nil {
			return nil, fmt.Errorf("open database: %w", err)
		}
	}
	fdatasync()
	f, err := openFile(ctx, path, opt)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	db := &DB{engine: SQLite, path: path, file: f, reader: f.reader, side: f.side}
	if f.writer != nil {
		db.own = f.writer
	}
	db.life, db.stop = context.WithCancel(context.Background())
	if !opt.ReadOnly {
		due := db.notices.add()
		db.start(func() { db.checkpointWhenIdle(due) })
	}
	return db, nil
}

// create makes the file if there is none. One that is there isn't so much as
// opened: closing it would drop the locks that SQLite holds on it elsewhere in
// this process (fcntl(2): any close releases a process's locks on the file).
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, newFile)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// fdatasync makes SQLite sync with fdatasync(2) where there is one. It leaves
// out the file's times and nothing that is needed to read it back; SQLite's own
// builds do the same. Where there is none, fsync stays.
func fdatasync() { _, _ = sqlite.Fdatasync(true) }

// file is an open database file.
type file struct {
	writer *writer // nil when read-only
	side   *sql.DB // for tables and checkpoints: beside the writer, never in its way
	reader *sql.DB
	teller *sql.DB // one connection that is never interrupted, so its data_version can be compared
}

// openFile opens the connections and tries them.
func openFile(ctx context.Context, path string, opt Options) (_ *file, err error) {
	f := &file{}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.close())
		}
	}()
	if !opt.ReadOnly {
		// First, because what only reads can't turn a new file into a database.
		if f.writer, err = openWriter(ctx, dsn(path, write, opt)); err != nil {
			return nil, err
		}
		if f.side, err = openPool(dsn(path, write, opt), 1); err != nil {
			return nil, err
		}
	}
	readers := opt.Readers
	if readers <= 0 {
		readers = DefaultReaders
	}
	if f.reader, err = openPool(dsn(path, read, opt), readers); err != nil {
		return nil, err
	}
	if f.teller, err = openPool(dsn(path, read, opt), 1); err != nil {
		return nil, err
	}
	if opt.ReadOnly {
		f.side = f.reader
	}
	return f, f.reader.PingContext(ctx)
}

// close closes what was opened. The writer goes last: SQLite empties the log into
// the file when the last connection goes, which one that may only read can't do.
func (f *file) close() error {
	var errs []error
	for _, pool := range []*sql.DB{f.teller, f.reader, f.side} {
		if pool != nil {
			errs = append(errs, pool.Close()) // closing again does nothing
		}
	}
	if f.writer != nil {
		errs = append(errs, f.writer.close())
	}
	return errors.Join(errs...)
}

// openPool makes a pool of at most size connections, none of them opened yet.
func openPool(dsn string, size int) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool, nil
}
