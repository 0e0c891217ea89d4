package migrations_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb"
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
