package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"usher/crypto/keyring"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
)

// The scripts run the very program: this test binary, started again, is usher. All
// that differs is what a passphrase costs, a second for each command under the race
// detector; crypto/keyring tests sealing at its full price.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"usher": func() {
		keyring.DefaultParams = keyring.Params{Time: 1, KiB: 64, Threads: 1}
		main()
	}})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", Setup: setUp, RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "ticket": ticketVars, "people": people, "sql": runSQL, "port": freePort, "up": waitUp, "get": get, "flip": flip,
			"card": cardVar, "conflict": conflictVar, "appears": appears, "empty": empty, "postgres": newPostgres,
		},
	})
}

// setUp gives each script an event file, a guest list, a passphrase and a state
// folder of its own.
func setUp(env *testscript.Env) error {
	for _, name := range []string{"harbour-nights.toml", "guests.csv"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(env.WorkDir, name), b, 0o600)
		}
		if err != nil {
			return err
		}
	}
	vectors, err := filepath.Abs("../../crypto/ticket/vectors/testdata")
	env.Setenv("VECTORS", vectors)
	examples, err2 := filepath.Abs("../../docs/examples")
	env.Setenv("EXAMPLES", examples)
	env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
	env.Setenv("SERVER", filepath.Join(env.WorkDir, "state", "usher", "server"))
	env.Setenv("USHER_PASSPHRASE", "six words would be better still")
	return errors.Join(err, err2)
}

// exits STATUS PROGRAM ARG… runs a program and wants the exit status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	status := 0
	err = ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		status = ended.ExitCode()
	case err != nil:
		ts.Fatalf("%s: %v", args[1], err)
	}
	if status != want {
		ts.Fatalf("exit status %d, want %d", status, want)
	}
}

// ticket NAME EXTERNAL-ID sets NAME to the ticket's code, NAME_SHORT to its short
// code, NAME_KEY to the key that signed it and NAME_FILE to a file with the code.
func ticketVars(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ticket NAME EXTERNAL-ID")
	}
	ts.Check(ts.Exec("usher", "tickets", "show", args[1], "--json"))
	shown := decoded[shownTicket](ts, ts.ReadFile("stdout"))
	ts.Setenv(args[0], shown.Token)
	ts.Setenv(args[0]+"_SHORT", shown.Short)
	ts.Setenv(args[0]+"_KEY", shown.Key.String())
	file := args[0] + ".code"
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(shown.Token+"\n"), 0o600))
	ts.Setenv(args[0]+"_FILE", file)
}

// people N FILE writes a guest list of N people.
func people(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: people N FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var list strings.Builder
	list.WriteString("external_id,name,email,product\n")
	for i := range n {
		fmt.Fprintf(&list, "P-%06d,Guest %d,guest%d@example.org,standing\n", i, i, i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(list.String()), 0o600))
}

// sql DATABASE STATEMENT changes a database behind usher's back.
func runSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql DATABASE STATEMENT")
	}
	ctx := context.Background()
	db, err := sqldb.OpenSQLite(ctx, ts.MkAbs(args[0]), sqldb.Options{})
	ts.Check(err)
	err = db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, args[1])
		return err
	})
	ts.Check(errors.Join(err, db.Close()))
}

// postgres NAME sets NAME to the address of an empty PostgreSQL database.
func newPostgres(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: postgres NAME")
	}
	address, drop, err := dbtest.NewPostgres(context.Background())
	ts.Check(err)
	ts.Defer(func() { ts.Check(drop()) })
	ts.Setenv(args[0], address)
}

// flip FILE changes a byte in the middle of a file.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: flip FILE")
	}
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	b[len(b)/2] ^= 0x40
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}

// port NAME sets NAME to a port that is free.
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: port NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	ts.Check(l.Close())
}

// upWithin is how long a program may take to answer. Nothing is measured by it.
const upWithin = time.Minute

// up URL waits until something answers there with 200.
func waitUp(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: up URL")
	}
	for end := time.Now().Add(upWithin); ; time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get(args[0])
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
			err = errors.New(answer.Status)
		}
		if time.Now().After(end) {
			ts.Fatalf("%s: %v", args[0], err)
		}
	}
}

// appears GLOB waits until there is a file that the pattern matches.
func appears(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: appears GLOB")
	}
	for end := time.Now().Add(upWithin); ; time.Sleep(10 * time.Millisecond) {
		found, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		if len(found) > 0 {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("there is no %s", args[0])
		}
	}
}

// empty DIR wants a folder with nothing in it.
func empty(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: empty DIR")
	}
	there, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(there) > 0 {
		ts.Fatalf("%s holds %v", args[0], there)
	}
}

// get STATUS URL FILE fetches an address and keeps what it says.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: get STATUS URL FILE")
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get(args[1])
	ts.Check(err)
	defer answer.Body.Close()
	if fmt.Sprint(answer.StatusCode) != args[0] {
		ts.Fatalf("%s answers %s, want %s", args[1], answer.Status, args[0])
	}
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), body, 0o600))
}

// card NAME sets NAME to the text of the card that was just made.
func cardVar(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: card NAME")
	}
	made := decoded[struct{ Card string }](ts, ts.ReadFile("stdout"))
	ts.Setenv(args[0], made.Card)
}

// conflict NAME sets NAME to the id of the one conflict that was just listed.
func conflictVar(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: conflict NAME")
	}
	list := decoded[[]struct{ ID string }](ts, ts.ReadFile("stdout"))
	if len(list) != 1 {
		ts.Fatalf("%d conflicts, want 1", len(list))
	}
	ts.Setenv(args[0], list[0].ID)
}
