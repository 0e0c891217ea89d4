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
	address, giveBack, err := LendPostgres(t.Context(), "", set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := giveBack(); err != nil {
			t.Error(err)
		}
	})
	return address
}

// LendPostgres is PostgresURL for what is no test by itself: within the database at an
// address, the tests' own when that is empty. giveBack makes it what it was, for the
// next who asks.
func LendPostgres(ctx context.Context, within string, set migrations.Set) (address string, giveBack func() error, err error) {
	s, err := borrow(ctx, kind{within, set})
	if err != nil {
		return "", nil, err
	}
	return s.address, s.giveBack, nil
}

// NewPostgresURL gives the address of an empty database that only this test has.
func NewPostgresURL(t testing.TB) string {
	t.Helper()
	address, drop, err := NewPostgres(t.Context())
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

// NewPostgres is NewPostgresURL for what is no test by itself. drop removes all that is
// in it.
func NewPostgres(ctx context.Context) (address string, drop func() error, err error) {
	s, err := newSchema(ctx, "")
	if err != nil {
		return "", nil, err
	}
	return s.address, s.drop, nil
}

// schema is where one test at a time has its tables. To make them takes longer
// than most tests do, so they are emptied and used again.
type schema struct {
	kind    kind
	name    string
	address string
	admin   *sqldb.DB
	tables  map[string]bool
}

// kind is what a schema has to be like to be used again.
type kind struct {
	within string // address of its database
	set    migrations.Set
}

// free are the schemas that no test has.
var (
	freeMu sync.Mutex
	free   = map[kind][]*schema{}
)

// taken gives one that was used before, if there is one.
func taken(k kind) *schema {
	freeMu.Lock()
	defer freeMu.Unlock()
	list := free[k]
	if len(list) == 0 {
		return nil
	}
	free[k] = list[:len(list)-1]
	return list[len(list)-1]
}

// DropPostgres removes what LendPostgres made within the database at an address and was
// given back.
func DropPostgres(within string) (err error) {
	for s := taken(kind{within, migrations.Server}); s != nil; s = taken(s.kind) {
		err = errors.Join(err, s.drop())
	}
	return err
}

func borrow(ctx context.Context, k kind) (*schema, error) {
	if s := taken(k); s != nil {
		return s, nil
	}
	s, err := newSchema(ctx, k.within)
	if err != nil {
		return nil, err
	}
	s.kind = k
	if err := migrations.Up(ctx, s.admin, k.set); err != nil {
		return nil, errors.Join(err, s.admin.Close())
	}
	if s.tables, err = s.names(ctx); err != nil {
		return nil, errors.Join(err, s.admin.Close())
	}
	return s, nil
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

// giveBack makes the schema what it was. One that it can't be made of is used no more.
func (s *schema) giveBack() error {
	if err := s.clean(context.Background()); err != nil {
		return fmt.Errorf("cleaning up after a test: %w", err)
	}
	freeMu.Lock()
	defer freeMu.Unlock()
	free[s.kind] = append(free[s.kind], s)
	return nil
}

// drop removes the schema with all that is in it.
func (s *schema) drop() error {
	return errors.Join(s.run(`drop schema `+s.name+` cascade`), s.admin.Close())
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
			fmt.Fprintf(&b, "delete from migration where set_name <> '%s';\n", s.kind.set)
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
