package sqldb_test

import (
	"testing"
	"time"

	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
)

// takes wants that a name is had by one of two, and not by the other.
func takes(t *testing.T, l *sqldb.Locks, name string, want bool) {
	t.Helper()
	if got, err := l.Take(t.Context(), name, time.Second); err != nil || got != want {
		t.Fatalf("%s: %v, %v, want %v", name, got, err, want)
	}
}

func gives(t *testing.T, l *sqldb.Locks, name string) {
	t.Helper()
	if err := l.Give(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

// A name is one process's at a time: until it gives it, or is gone.
func TestLocks(t *testing.T) {
	address := dbtest.NewPostgresURL(t)
	behind, way := dbtest.Behind(t, address)
	one, two := openPostgres(t, behind, sqldb.Options{}).Locks(), openPostgres(t, address, sqldb.Options{}).Locks()
	elsewhere := openPostgres(t, dbtest.NewPostgresURL(t), sqldb.Options{}).Locks()
	takes(t, one, "a", true)
	takes(t, one, "a", true) // once more is not twice
	takes(t, two, "a", false)
	takes(t, two, "b", true)
	takes(t, elsewhere, "a", true)
	gives(t, two, "a") // it isn't its own
	takes(t, two, "a", false)
	gives(t, one, "a")
	takes(t, two, "a", true)
	gives(t, two, "a")
	takes(t, one, "a", true)

	way.Cut()
	if got, err := one.Take(t.Context(), "c", time.Second); err == nil {
		t.Fatalf("locked %v on a connection that is lost", got)
	}
	for got := false; !got; {
		var err error
		if got, err = two.Take(t.Context(), "a", time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := one.Take(t.Context(), "c", time.Second); err == nil {
		t.Fatalf("locked %v on a connection that is lost", got)
	}
	way.Mend()
	for {
		if got, err := one.Take(t.Context(), "c", time.Second); err == nil && got {
			break
		}
		time.Sleep(time.Millisecond)
	}
	takes(t, one, "a", false)
}

// Nobody locks anything in a file.
func TestLocksOfAFile(t *testing.T) {
	if l := openItems(t, newPath(t), sqldb.Options{}).Locks(); l != nil {
		t.Errorf("got %v", l)
	}
}
