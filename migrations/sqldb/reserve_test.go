//go:build unix

package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"usher/migrations/sqldb"
)

// crashed copies a database as a power cut would leave it: with its log, and
// without the memory that processes share.
func crashed(t *testing.T, path string) string {
	t.Helper()
	to := newPath(t)
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func logSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// Space that was reserved means nothing: what was in the log before stays, and
// what is written afterwards goes over it.
func TestReserve(t *testing.T) {
	path := newPath(t)
	db := openItems(t, path, sqldb.Options{})
	write(t, db, addItem, 0)
	var long int64
	for n := range 2 { // the second time there is nothing to do
		if err := db.Reserve(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []int{0, 1, 2}[:n+1]
		wantItems(t, open(t, crashed(t, path), sqldb.Options{}), want...)
		write(t, db, addItem, n+1)
		after := open(t, crashed(t, path), sqldb.Options{})
		wantItems(t, after, append(want, n+1)...)
		whole(t, after)
		if long == 0 {
			long = logSize(t, path)
		}
		if now := logSize(t, path); now < 16<<20 || now != long {
			t.Errorf("the log has %d bytes, and had %d", now, long)
		}
	}
	if frames, commits := logFrames(t, path); frames < commits || commits < 3 {
		t.Errorf("%d frames of %d commits are in the log", frames, commits)
	}
}

// childReserves reserves space where there is none, and says how long the log was
// before and after; then it writes an item.
func childReserves(ctx context.Context) (err error) {
	signal.Ignore(syscall.SIGXFSZ) // the write fails instead
	path := os.Getenv(pathEnv)
	db, err := sqldb.OpenSQLite(ctx, path, sqldb.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	low := syscall.Rlimit{Cur: 2_500_000, Max: 2_500_000} // in the middle of a step
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &low); err != nil {
		return err
	}
	if err := db.Reserve(ctx); !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("reserving more than there is room for: %w", err)
	}
	info, err := os.Stat(path + "-wal")
	if err != nil {
		return err
	}
	fmt.Println(info.Size())
	return tryWrite(ctx, db, addItem, 1)
}

// A disk that has no room for all of it is not filled to its last byte, and can be
// written to.
func TestReserveOnAFullDisk(t *testing.T) {
	path := newPath(t)
	if err := openItems(t, path, sqldb.Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	process, said, _ := child(t, "reserves", path)
	all, err := io.ReadAll(said)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil {
		t.Fatalf("%v; it said %q", err, all)
	}
	var size int
	if _, err := fmt.Sscan(string(all), &size); err != nil || size != 2<<20 {
		t.Errorf("the log has %d bytes (%v), want the two steps that there was room for", size, err)
	}
	wantItems(t, open(t, path, sqldb.Options{}), 1)
}
