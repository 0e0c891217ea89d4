package migrations_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
)

var (
	fileName  = regexp.MustCompile(`^\d{4}_[a-z0-9_]+\.sql$`)
	directive = regexp.MustCompile(`(?m)^--\s*\+goose\s+(.+?)\s*$`)
)

// What doc.go asks of a file, as far as a test can tell.
func TestFiles(t *testing.T) {
	seen := map[string]string{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".sql" {
			return err
		}
		base := path.Base(name)
		if !fileName.MatchString(base) {
			t.Errorf("%s: want four digits, an underscore and lower-case words", name)
		}
		number := path.Join(path.Dir(name), base[:4])
		if other, twice := seen[number]; twice {
			t.Errorf("%s and %s have one number", name, other)
		}
		seen[number] = name
		checkText(t, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) == 0 {
		t.Error("found no files")
	}
	for number, name := range seen {
		n, err := strconv.Atoi(path.Base(number))
		if err != nil {
			t.Fatal(err)
		}
		before := path.Join(path.Dir(number), fmt.Sprintf("%04d", n-1))
		if _, there := seen[before]; !there && n != 1 {
			t.Errorf("%s: there is no number before it", name)
		}
	}
}

func checkText(t *testing.T, name string) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "-- +goose Up\n") {
		t.Errorf("%s doesn't begin with -- +goose Up", name)
	}
	for _, found := range directive.FindAllStringSubmatch(string(text), -1) {
		switch found[1] {
		case "Up", "StatementBegin", "StatementEnd":
		default:
			t.Errorf("%s says %q: there is no way back, and a file is one transaction", name, found[0])
		}
	}
}

func TestTablesAreStrict(t *testing.T) {
	for _, set := range []migrations.Set{migrations.Gate, migrations.Server} {
		t.Run(string(set), func(t *testing.T) {
			db := open(t, newPath(t), sqldb.Options{})
			if err := migrations.Up(t.Context(), db, set); err != nil {
				t.Fatal(err)
			}
			rows, err := db.Read().QueryContext(t.Context(),
				`select name from pragma_table_list where schema = 'main' and type = 'table' and strict = 0 and name not in ('sqlite_schema', 'migration')`)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				var name string
				if err := rows.Scan(&name); err != nil {
					t.Fatal(err)
				}
				t.Errorf("table %s isn't strict", name)
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// column is what both engines say of a column, in the words of PostgreSQL.
type column struct{ table, name, kind, null, key string }

// index is what both engines say of an index: its columns, and whether only one row
// may have the same values. What an index leaves out stands in the text of its
// making.
type index struct{ table, columns, unique, where string }

func rowsOf[T any](t *testing.T, db *sqldb.DB, query string, scan func(*sql.Rows) (T, error)) (list []T) {
	t.Helper()
	rows, err := db.Read().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func scanColumn(rows *sql.Rows) (c column, err error) {
	err = rows.Scan(&c.table, &c.name, &c.kind, &c.null, &c.key)
	return c, err
}

func scanIndex(rows *sql.Rows) (x index, err error) {
	var text sql.NullString
	err = rows.Scan(&x.table, &x.columns, &x.unique, &text)
	if _, after, ok := strings.Cut(strings.ToLower(text.String), " where "); ok {
		x.where = strings.NewReplacer("(", "", ")", "", "::text", "").Replace(after)
	}
	return x, err
}

// columnsOf and indexesOf ask an engine what its tables are like.
var (
	columnsOf = map[migrations.Engine]string{
		migrations.SQLite: `select m.name, c.name, case c.type when 'INTEGER' then 'bigint' when 'BLOB' then 'bytea' else lower(c.type) end,
				case when c."notnull" = 1 or c.pk > 0 then 'not null' else 'null' end,
				case when c.pk > 0 then 'key' else '' end
			from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and m.name <> 'migration' order by 1, 2`,
		migrations.Postgres: `select c.table_name, c.column_name,
				case when data_type = 'text' and c.collation_name is distinct from 'C' then 'text in the database''s collation' else data_type end,
				case is_nullable when 'NO' then 'not null' else 'null' end,
				case when k.column_name is not null then 'key' else '' end
			from information_schema.columns c
			left join information_schema.table_constraints p on p.table_schema = c.table_schema and p.table_name = c.table_name and p.constraint_type = 'PRIMARY KEY'
			left join information_schema.key_column_usage k on k.constraint_schema = p.constraint_schema and k.constraint_name = p.constraint_name and k.column_name = c.column_name
			where c.table_schema = current_schema() and c.table_name <> 'migration' order by 1, 2`,
	}
	indexesOf = map[migrations.Engine]string{
		migrations.SQLite: `select m.name, (select group_concat(name, ',') from (select coalesce(name, 'an expression') as name from pragma_index_info(i.name) order by seqno)),
				case i."unique" when 1 then 'unique' else '' end, (select sql from sqlite_master where type = 'index' and name = i.name)
			from sqlite_master m join pragma_index_list(m.name) i where m.type = 'table' and m.name <> 'migration' and i.origin <> 'pk'`,
		migrations.Postgres: `select t.relname, (select string_agg(coalesce(a.attname, 'an expression'), ',' order by k.n) from unnest(i.indkey::int[]) with ordinality k (attnum, n)
					left join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum),
				case when i.indisunique then 'unique' else '' end, pg_get_indexdef(i.indexrelid)
			from pg_index i join pg_class t on t.oid = i.indrelid
			where t.relnamespace = current_schema()::regnamespace and t.relname <> 'migration' and not i.indisprimary`,
	}
)

// Both engines have the same tables, columns and indexes, so that one text of SQL
// does for both.
func TestEnginesHaveTheSameTables(t *testing.T) {
	lite, post := dbtest.Open(t, migrations.Server), dbtest.OpenPostgres(t, migrations.Server)
	have := rowsOf(t, lite, columnsOf[migrations.SQLite], scanColumn)
	if len(have) < 20 {
		t.Fatalf("found %d columns", len(have))
	}
	differ(t, "column", have, rowsOf(t, post, columnsOf[migrations.Postgres], scanColumn))
	differ(t, "index", rowsOf(t, lite, indexesOf[migrations.SQLite], scanIndex), rowsOf(t, post, indexesOf[migrations.Postgres], scanIndex))
	names := func(e migrations.Engine) []string {
		list, err := fs.Glob(os.DirFS("."), path.Join("server", string(e), "*.sql"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			list[i] = path.Base(list[i])
		}
		return list
	}
	differ(t, "file", names(migrations.SQLite), names(migrations.Postgres))
}

func differ[T comparable](t *testing.T, what string, lite, post []T) {
	t.Helper()
	for _, v := range lite {
		if !slices.Contains(post, v) {
			t.Errorf("PostgreSQL lacks the %s %+v", what, v)
		}
	}
	for _, v := range post {
		if !slices.Contains(lite, v) {
			t.Errorf("SQLite lacks the %s %+v", what, v)
		}
	}
}
