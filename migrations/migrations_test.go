package migrations_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
)

// files makes a folder of the gate's, file by file.
func files(texts ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i, text := range texts {
		name := "gate/000" + string(rune('1'+i)) + "_step.sql"
		fsys[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)}
	}
	return fsys
}

const (
	makeStep  = `create table step (n integer not null) strict;`
	enterStep = `insert into step (n) values (1);`
)

func open(t *testing.T, path string, opt sqldb.Options) *sqldb.DB {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func newPath(t *testing.T) string { return filepath.Join(t.TempDir(), "usher.db") }

func steps(t *testing.T, db *sqldb.DB) (n int) {
	t.Helper()
	if err := db.Read().QueryRowContext(t.Context(), `select count(*) from step`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestUpIsDoneOnce(t *testing.T) {
	db := open(t, newPath(t), sqldb.Options{})
	for range 2 {
		if err := migrations.UpFrom(t.Context(), db, migrations.Gate, files(makeStep, enterStep)); err != nil {
			t.Fatal(err)
		}
	}
	if err := migrations.UpFrom(t.Context(), db, migrations.Gate, files(makeStep, enterStep, enterStep)); err != nil {
		t.Fatal(err)
	}
	if n := steps(t, db); n != 2 {
		t.Errorf("%d steps, want 2", n)
	}
}

func TestNewerIsRefused(t *testing.T) {
	db := open(t, newPath(t), sqldb.Options{})
	if err := migrations.UpFrom(t.Context(), db, migrations.Gate, files(makeStep, enterStep, enterStep)); err != nil {
		t.Fatal(err)
	}
	err := migrations.UpFrom(t.Context(), db, migrations.Gate, files(makeStep, enterStep))
	if !errors.Is(err, fault.Newer) {
		t.Fatalf("got %v, want fault.Newer", err)
	}
	for _, version := range []string{"version 3", "version 2"} {
		if !strings.Contains(fault.Message(err), version) {
			t.Errorf("%q doesn't name %s", fault.Message(err), version)
		}
	}
	if n := steps(t, db); n != 2 {
		t.Errorf("the refused database has %d steps, want 2", n)
	}
}

// The same with the files of this binary, by each way to open a database.
func TestNewerIsRefusedByAll(t *testing.T) {
	for _, set := range []migrations.Set{migrations.Gate, migrations.Server} {
		t.Run(string(set), func(t *testing.T) {
			db := open(t, newPath(t), sqldb.Options{})
			if err := migrations.Up(t.Context(), db, set); err != nil {
				t.Fatal(err)
			}
			v, err := migrations.Status(t.Context(), db, set)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.SQL().ExecContext(t.Context(), `insert into migration (set_name, version) values ($1, $2)`, string(set), v.Want+1); err != nil {
				t.Fatal(err)
			}
			_, status := migrations.Status(t.Context(), db, set)
			for name, err := range map[string]error{
				"Up":     migrations.Up(t.Context(), db, set),
				"Check":  migrations.Check(t.Context(), db, set),
				"Status": status,
			} {
				says := fmt.Sprintf("version %d and this usher knows version %d", v.Want+1, v.Want)
				if !errors.Is(err, fault.Newer) || !strings.Contains(fault.Message(err), says) {
					t.Errorf("%s: %v, want fault.Newer and %q", name, err, says)
				}
			}
		})
	}
}

func TestOtherSetIsRefused(t *testing.T) {
	db := open(t, newPath(t), sqldb.Options{})
	if err := migrations.Up(t.Context(), db, migrations.Gate); err != nil {
		t.Fatal(err)
	}
	if err := migrations.Up(t.Context(), db, migrations.Server); !errors.Is(err, fault.Refused) {
		t.Errorf("got %v, want fault.Refused", err)
	}
}

func TestLateNumberIsRefused(t *testing.T) {
	db := open(t, newPath(t), sqldb.Options{})
	late := files(makeStep, enterStep, enterStep)
	early := fstest.MapFS{"gate/0001_step.sql": late["gate/0001_step.sql"], "gate/0003_step.sql": late["gate/0003_step.sql"]}
	if err := migrations.UpFrom(t.Context(), db, migrations.Gate, early); err != nil {
		t.Fatal(err)
	}
	if err := migrations.UpFrom(t.Context(), db, migrations.Gate, late); err == nil {
		t.Error("number 2 was passed over in silence after number 3")
	}
}

func TestFailingFileLeavesNothing(t *testing.T) {
	db := open(t, newPath(t), sqldb.Options{})
	err := migrations.UpFrom(t.Context(), db, migrations.Gate, files(makeStep, enterStep+enterStep+`insert into nowhere (n) values (1);`))
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Fatalf("got %v, want an error that tells of nowhere", err)
	}
	if n := steps(t, db); n != 0 {
		t.Errorf("%d steps of the failing file, want 0", n)
	}
	if err := migrations.UpFrom(t.Context(), db, migrations.Gate, files(makeStep, enterStep)); err != nil {
		t.Errorf("with the file mended: %v", err)
	}
}

// Each of several that start at once must find its database up to date, and no
// file may have been applied twice. Connections of their own stand for processes:
// SQLite's locks don't tell them apart.
func TestSeveralAtOnce(t *testing.T) {
	path := newPath(t)
	all := files(makeStep, enterStep, enterStep, `alter table step add column at integer;`, enterStep)
	var dbs []*sqldb.DB
	for range 6 {
		dbs = append(dbs, open(t, path, sqldb.Options{}))
	}
	var running sync.WaitGroup
	for _, db := range dbs {
		running.Go(func() {
			if err := migrations.UpFrom(t.Context(), db, migrations.Gate, all); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if n := steps(t, dbs[0]); n != 3 {
		t.Errorf("%d steps, want 3", n)
	}
}

// The same on PostgreSQL, where the second waits for the first.
func TestSeveralAtOnceOnPostgres(t *testing.T) {
	address := dbtest.NewPostgresURL(t)
	var dbs []*sqldb.DB
	for range 6 {
		dbs = append(dbs, openPostgres(t, address))
	}
	all := fstest.MapFS{}
	for name, file := range files(`create table step (n bigint not null);`, enterStep, enterStep, `alter table step add column at bigint;`, enterStep) {
		all[strings.Replace(name, "gate/", "server/postgres/", 1)] = file
	}
	var running sync.WaitGroup
	for _, db := range dbs {
		running.Go(func() {
			if err := migrations.UpFrom(t.Context(), db, migrations.Server, all); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if n := steps(t, dbs[0]); n != 3 {
		t.Errorf("%d steps, want 3", n)
	}
	delete(all, "server/postgres/0005_step.sql")
	if err := migrations.UpFrom(t.Context(), dbs[0], migrations.Server, all); !errors.Is(err, fault.Newer) {
		t.Errorf("of a newer usher: %v, want fault.Newer", err)
	}
}

func openPostgres(t *testing.T, address string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.OpenPostgres(t.Context(), address, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestStatusAndCheckOnlyRead(t *testing.T) {
	path := newPath(t)
	db := open(t, path, sqldb.Options{})
	reading := open(t, path, sqldb.Options{ReadOnly: true})
	v, err := migrations.Status(t.Context(), reading, migrations.Server)
	if err != nil || v.Have != 0 || v.Want == 0 {
		t.Errorf("status of an empty database %+v, %v", v, err)
	}
	if err := migrations.Check(t.Context(), reading, migrations.Server); !errors.Is(err, fault.NotReady) {
		t.Errorf("check of an empty database: %v, want fault.NotReady", err)
	}
	if err := migrations.Up(t.Context(), db, migrations.Server); err != nil {
		t.Fatal(err)
	}
	v, err = migrations.Status(t.Context(), reading, migrations.Server)
	if err != nil || v.Have != v.Want {
		t.Errorf("status after Up %+v, %v", v, err)
	}
	if err := migrations.Check(t.Context(), reading, migrations.Server); err != nil {
		t.Errorf("check after Up: %v", err)
	}
}

func TestUnknownEngineAndReadOnly(t *testing.T) {
	path := newPath(t)
	db := open(t, path, sqldb.Options{})
	if err := migrations.Up(t.Context(), otherEngine{db}, migrations.Server); err == nil {
		t.Error("Up knows no tables of this engine and says nothing")
	}
	reading := open(t, path, sqldb.Options{ReadOnly: true})
	if err := migrations.Up(t.Context(), reading, migrations.Server); err == nil {
		t.Error("Up wrote to a database that was opened for reading only")
	}
}

type otherEngine struct{ *sqldb.DB }

func (otherEngine) Engine() migrations.Engine { return "other" }
