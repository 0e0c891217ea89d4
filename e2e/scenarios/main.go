// Command scenarios plays acceptance cases against the real gate, exchange and
// server under a simulated clock, and prints a line a case:
//
//	go run ./e2e/scenarios FILE.json…
//	go run ./e2e/scenarios -database postgres://… FILE.json…
//
// The server of a case keeps its data in SQLite, or with -database in PostgreSQL, in
// a schema that no other case has meanwhile and that is removed at the end, as a
// superuser of the database.
// The exit status is 1 when a case fails or has a verb that is not known, 2 when a
// file can't be read.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"

	"usher/e2e/scenarios/play"
	"usher/e2e/scenarios/script"
	"usher/migrations/sqldb/dbtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("scenarios", flag.ContinueOnError)
	flags.SetOutput(errs)
	database := flags.String("database", "", "address of a PostgreSQL database for the servers' data")
	flags.Usage = func() { fmt.Fprintln(errs, "usage: go run ./e2e/scenarios [-database postgres://…] FILE.json…") }
	if err := flags.Parse(args); err != nil {
		return 2
	}
	files := flags.Args()
	if len(files) == 0 {
		flags.Usage()
		return 2
	}
	var cases []script.Case
	for _, name := range files {
		list, err := load(name)
		if err != nil {
			fmt.Fprintf(errs, "%s: %v\n", name, err)
			return 2
		}
		cases = append(cases, list...)
	}
	passed := 0
	for i, failures := range playAll(ctx, cases, *database) {
		list := <-failures
		fmt.Fprintln(out, line(cases[i].ID, list))
		if len(list) == 0 {
			passed++
		}
	}
	if err := dbtest.DropPostgres(*database); err != nil {
		fmt.Fprintf(errs, "removing what the cases left in the database: %v\n", err)
		return 1
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", passed, len(cases)-passed)
	if passed < len(cases) {
		return 1
	}
	return 0
}

func load(name string) ([]script.Case, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return script.Load(f)
}

// line says in one line what became of a case.
func line(id string, failures []play.Failure) string {
	if len(failures) == 0 {
		return id + " pass"
	}
	texts := make([]string, len(failures))
	for i, f := range failures {
		texts[i] = strings.ReplaceAll(f.String(), "\n", " ")
	}
	return id + " FAIL " + strings.Join(texts, "; ")
}

// playAll plays the cases on all cores; each has a server and a clock of its own.
// What became of the i-th comes from the i-th channel.
func playAll(ctx context.Context, cases []script.Case, database string) []chan []play.Failure {
	results := make([]chan []play.Failure, len(cases))
	next := make(chan int)
	for i := range results {
		results[i] = make(chan []play.Failure, 1)
	}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				results[i] <- play.Case(ctx, &cases[i], database)
			}
		})
	}
	go func() {
		for i := range cases {
			next <- i
		}
		close(next)
		workers.Wait()
	}()
	return results
}
