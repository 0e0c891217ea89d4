package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb"
)

// PostgresVariable names the variable that says where the tests' PostgreSQL is:
// one to throw away, opened as its superuser.
const PostgresVariable = "USHER_TEST_PG_URL"

// OpenPostgres gives a PostgreSQL database with the tables of set, in a schema
// that no other test has. It is closed at the test's end.
func OpenPostgres(t testing.TB, set migrations.Set) *sqldb.DB {
	t.Helper()
	db, err := sqldb.OpenPostgres(t.Context(), PostgresURL(t, set), sqldb.Options{})
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

// PostgresURL gives the address of such a database, for tests that open it
// themselves. Without a PostgreSQL the test fails.
func PostgresURL(t testing.TB, set migrations.Set) string {
	t.Helper()
	s := borrow(t, set)
	t.Cleanup(func() { s.giveBack(t) })
	return s.address
}

// NewPostgresURL gives the address of an empty database that only this test has.
func NewPostgresURL(t testing.TB) string {
	t.Helper()
	address, drop, err := NewPostgres(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return address
}

// NewPostgres is NewPostgresURL for what is no test by itself: within the database at
// an address, the tests' own when that is empty. drop removes all that is in it.
func NewPostgres(ctx context.Context, within string) (address string, drop func() error, err error) {
	s, err := newSchema(ctx, within)
	if err != nil {
		return "", nil, err
	}
	return s.address, func() error { return errors.Join(s.run(`drop schema `+s.name+` cascade`), s.admin.Close()) }, nil
}

// schema is where one test at a time has its tables. To make them takes longer
// than most tests do, so they are emptied and used again.
type schema struct {
	set     migrations.Set
	name    string
	address string
	admin   *sqldb.DB
	tables  map[string]bool
}

// free are the schemas that no test has, by their set.
var (
	freeMu sync.Mutex
	free   = map[migrations.Set][]*schema{}
)

func borrow(t testing.TB, set migrations.Set) *schema {
	t.Helper()
	freeMu.Lock()
	if list := free[set]; len(list) > 0 {
		s := list[len(list)-1]
		free[set] = list[:len(list)-1]
		freeMu.Unlock()
		return s
	}
	freeMu.Unlock()
	s, err := newSchema(context.Background(), "")
	if err == nil {
		s.set = set
		err = migrations.Up(context.Background(), s.admin, set)
	}
	if err == nil {
		s.tables, err = s.names(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newSchema makes a schema in the database at an address.
func newSchema(ctx context.Context, address string) (*schema, error) {
	if address == "" {
		address = os.Getenv(PostgresVariable)
	}
	if address == "" {
		return nil, errors.New("there is no PostgreSQL for the tests; run them by: bash deploy/dev/services.sh go test PACKAGES")
	}
	where, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("the address of a PostgreSQL for tests: %w", err)
	}
	s := &schema{name: "test_" + strings.ToLower(rand.Text())}
	q := where.Query()
	q.Set("search_path", s.name)
	where.RawQuery = q.Encode()
	s.address = where.String()
	if s.admin, err = sqldb.OpenPostgres(ctx, s.address, sqldb.Options{}); err != nil {
		return nil, err
	}
	return s, s.run(`create schema ` + s.name)
}

func (s *schema) run(query string) error {
	_, err := s.admin.SQL().ExecContext(context.Background(), query)
	return err
}

// giveBack makes the schema what it was. One that it can't be made of is dropped.
func (s *schema) giveBack(t testing.TB) {
	t.Helper()
	if err := s.clean(context.Background()); err != nil {
		t.Errorf("cleaning up after a test: %v", err)
		return
	}
	freeMu.Lock()
	defer freeMu.Unlock()
	free[s.set] = append(free[s.set], s)
}

// small is up to which size a table is emptied row by row, in bytes.
const small = 1 << 17

// clean drops what the test made, empties what it filled, and begins every count
// anew, in one round trip.
func (s *schema) clean(ctx context.Context) error {
	now, err := s.names(ctx)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("begin; set local session_replication_role = replica;\n") // references are for later
	for name := range s.tables {
		if _, there := now[name]; !there {
			return fmt.Errorf("a test dropped the table %s", name)
		}
	}
	for name, large := range now {
		switch _, ours := s.tables[name]; {
		case !ours:
			fmt.Fprintf(&b, "drop table %s cascade;\n", name)
		case name == "migration": // what a test adds to it stands alone
			fmt.Fprintf(&b, "delete from migration where set_name <> '%s';\n", s.set)
		case large:
			fmt.Fprintf(&b, "truncate %s cascade;\n", name)
		default:
			fmt.Fprintf(&b, "delete from %s;\n", name)
		}
	}
	b.WriteString(`select setval(format('%I.%I', schemaname, sequencename), start_value, false) from pg_sequences where schemaname = current_schema(); commit`)
	return s.run(b.String())
}

// names gives the tables of the schema, and whether they are large.
func (s *schema) names(ctx context.Context) (list map[string]bool, err error) {
	rows, err := s.admin.SQL().QueryContext(ctx,
		`select relname, pg_relation_size(oid) > $1 from pg_class where relkind = 'r' and relnamespace = current_schema()::regnamespace`, small)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	list = map[string]bool{}
	return list, eachTable(rows, list)
}

func eachTable(rows *sql.Rows, list map[string]bool) error {
	for rows.Next() {
		var name string
		var large bool
		if err := rows.Scan(&name, &large); err != nil {
			return err
		}
		list[name] = large
	}
	return rows.Err()
}
