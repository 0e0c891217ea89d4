//go:build unix

package sqldb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"usher/migrations/sqldb"
)

// A child process does the work that childEnv names on the database of pathEnv.
const (
	childEnv = "SQLDB_TEST_CHILD"
	pathEnv  = "SQLDB_TEST_PATH"
)

var children = map[string]func(context.Context) error{"writes": childWrites, "fills": childFills, "reserves": childReserves}

// child starts a process of this test binary. It is killed at the end of the
// test, if it still runs.
func child(t *testing.T, work, path string) (process *exec.Cmd, said *bufio.Reader, listens io.Writer) {
	t.Helper()
	process = exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), childEnv+"="+work, pathEnv+"="+path)
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = process.Process.Kill(), process.Wait() })
	return process, bufio.NewReader(out), in
}

// childWrites adds items for ever, two a transaction, and says each pair's number
// when InTx has returned.
func childWrites(ctx context.Context) error {
	db, err := sqldb.OpenSQLite(ctx, os.Getenv(pathEnv), sqldb.Options{})
	if err != nil {
		return err
	}
	for {
		var pair int
		err := db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
			if err := tx.QueryRowContext(ctx, `select count(*) / 2 from item where n >= $1`, 0).Scan(&pair); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, addItem, 2*pair); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, addItem, 2*pair+1)
			return err
		})
		if err != nil {
			return err
		}
		if _, err := fmt.Println(pair); err != nil {
			return err
		}
	}
}

// What InTx has returned for is there after the process was killed, and what it
// was busy with is there as a whole or not at all. One life goes on after the
// other, over what the killed ones left.
func TestKilledRightAfterACommit(t *testing.T) {
	path := newPath(t)
	if err := openItems(t, path, sqldb.Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	for life := range 12 {
		process, said, _ := child(t, "writes", path)
		var last int
		for range 1 + 7*life {
			line, err := said.ReadString('\n')
			if err != nil {
				t.Fatalf("life %d: %v", life, err)
			}
			if last, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
				t.Fatal(err)
			}
		}
		if err := process.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(said) // until it is dead: what it said after the line we killed it for
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Fields(string(rest)); len(lines) > 0 {
			if last, err = strconv.Atoi(lines[len(lines)-1]); err != nil {
				t.Fatal(err)
			}
		}
		var exit *exec.ExitError
		if err := process.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("life %d ended by itself: %v", life, err)
		}
		db := open(t, path, sqldb.Options{})
		whole(t, db)
		got, err := items(t.Context(), db.Read())
		if err != nil {
			t.Fatal(err)
		}
		for n, is := range got {
			if n != is {
				t.Fatalf("life %d: item %d is missing", life, n)
			}
		}
		if n := len(got); n%2 != 0 || n/2 < last+1 || n/2 > last+2 {
			t.Fatalf("life %d: %d items are there, and %d pairs were committed", life, n, last+1)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// childFills writes items of a page each until its files may not grow any more,
// says how many there are and why the next one failed; then that may, and writes
// another one.
func childFills(ctx context.Context) (err error) {
	signal.Ignore(syscall.SIGXFSZ) // the write fails instead
	db, err := sqldb.OpenSQLite(ctx, os.Getenv(pathEnv), sqldb.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var limits syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limits); err != nil {
		return err
	}
	low := limits
	low.Cur = 300_001 // in the middle of a page: the last one is written in part
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &low); err != nil {
		return err
	}
	done := 0
	add := func() error {
		return tryWrite(ctx, db, `insert into item (n, text) values ($1, printf('%.*c', 4000, 'x'))`, done)
	}
	for ; ; done++ {
		if err = add(); err != nil {
			break
		}
	}
	fmt.Println(done, sqldb.IsFull(err), sqldb.IsBusy(err))
	if again := add(); !sqldb.IsFull(again) {
		return fmt.Errorf("while the disk is still full: %w", again)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limits); err != nil {
		return err
	}
	return add()
}

// The operating system refuses to write, in the middle of a commit: the log can't
// grow any more.
func TestTheDiskFailsACommit(t *testing.T) {
	path := newPath(t)
	if err := openItems(t, path, sqldb.Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	process, said, _ := child(t, "fills", path)
	all, err := io.ReadAll(said)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil {
		t.Fatalf("%v; it said %q", err, all)
	}
	var done int
	var isFull, isBusy bool
	if _, err := fmt.Sscan(string(all), &done, &isFull, &isBusy); err != nil || !isFull || isBusy || done < 10 {
		t.Fatalf("it said %q (%v), want some items, that the disk is full and nothing is busy", all, err)
	}
	db := open(t, path, sqldb.Options{})
	whole(t, db)
	got, err := items(t.Context(), db.Read())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != done+1 || got[done] != done {
		t.Errorf("%d items are there, want %d that were committed and one after there was room", len(got), done)
	}
}
