package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
)

// The acceptance cases all pass, on either engine.
func TestCases(t *testing.T) {
	for engine, args := range map[sqldb.Engine][]string{
		sqldb.SQLite:   nil,
		sqldb.Postgres: {"-database", dbtest.NewPostgresURL(t)},
	} {
		t.Run(string(engine), func(t *testing.T) {
			var out, errs bytes.Buffer
			status := run(t.Context(), append(args, "testdata/scenarios.json"), &out, &errs)
			for text := range strings.Lines(out.String()) {
				if strings.Contains(text, " FAIL ") {
					t.Error(strings.TrimSpace(text))
				}
			}
			if status != 0 || !strings.HasSuffix(out.String(), "86 passed, 0 failed\n") {
				t.Errorf("status %d, %s", status, errs.String())
			}
		})
	}
}

// simple is a case of one device and one ticket; STEPS and EXPECT stand for the rest.
const simple = `[{"id":"X1","title":"one","setup":{
	"event":{"id":"ev1","tz":"Europe/Berlin","starts":"2026-07-04T18:00:00Z","ends":"2026-07-04T23:00:00Z"},
	"gates":[{"id":"g1","event":"ev1","zone":"main","products":"all","entry_mode":"single","reentry_after_exit":true,"rules":[]}],
	"products":[{"id":"ga","event":"ev1"}],
	"tickets":[{"id":"t1","event":"ev1","product":"ga","status":"paid","code_state":"active"}],
	"devices":[{"id":"d1","gates":["g1"],"data":"full","synced_at":"2026-07-04T16:00:00Z"}]},
	"steps":[STEPS],"expect":[EXPECT]}]`

const scanned = `{"n":1,"at":"2026-07-04T17:10:00Z","device":"d1","do":"scan","ticket":"t1","direction":"entry"}`

// What is not so, or not known, never passes.
func TestCasesThatMustFail(t *testing.T) {
	for _, c := range []struct{ what, steps, expect, want string }{
		{"another result", scanned, `{"step":1,"result":"reject","reason":"already_used"}`, "X1 FAIL step 1: want reject already_used, got accept"},
		{"another reason", scanned + `,{"n":2,"at":"2026-07-04T17:20:00Z","device":"d1","do":"scan","ticket":"t1","direction":"entry"}`,
			`{"step":2,"result":"reject","reason":"revoked"}`, "want reject revoked, got reject already_used"},
		{"a detail that is not so", scanned, `{"step":1,"result":"accept","holder":"Nobody"}`, "holder: want"},
		{"a flag that is not there", scanned, `{"step":1,"result":"accept","flag":"forced"}`, "flag: want forced"},
		{"a detail that nobody knows", scanned, `{"step":1,"result":"accept","colour":"green"}`, "colour: unknown detail"},
		{"another count", scanned, `{"check":"entries","where":"d1","ticket":"t1","equals":2}`, "want 2, got 1"},
		{"a check that nobody knows", scanned, `{"check":"mood","where":"d1","equals":1}`, "unknown check"},
		{"a member of a check that nobody knows", scanned, `{"check":"entries","where":"d1","ticket":"t1","equals":1,"colour":1}`, `no member "colour"`},
		{"a verb that nobody knows", `{"n":1,"at":"2026-07-04T17:10:00Z","device":"d1","do":"dance"}`, `{"step":1,"result":"ok"}`, `unknown verb "dance"`},
		{"a variant that nobody knows", strings.Replace(scanned, `"direction"`, `"variant":"rot13","direction"`, 1), `{"step":1,"result":"reject"}`, `unknown variant "rot13"`},
		{"a member of a step that nobody knows", strings.Replace(scanned, `"direction"`, `"colour":"red","direction"`, 1), `{"step":1,"result":"accept"}`, `unknown field "colour"`},
		{"a fault that nobody knows", `{"n":1,"at":"2026-07-04T17:10:00Z","device":"d1","do":"net","fault":"gremlins"}`, `{"step":1,"result":"ok"}`, `unknown network fault "gremlins"`},
		{"a step that is not there", scanned, `{"step":7,"result":"accept"}`, "no such step"},
		{"a device that is not there", strings.Replace(scanned, "d1", "d9", 1), `{"step":1,"result":"accept"}`, `no device "d9"`},
	} {
		t.Run(c.what, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "cases.json")
			text := strings.NewReplacer("STEPS", c.steps, "EXPECT", c.expect).Replace(simple)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			if status := run(t.Context(), []string{file}, &out, &errs); status != 1 {
				t.Errorf("status %d, want 1", status)
			}
			if got := out.String(); !strings.Contains(got, c.want) || !strings.HasSuffix(got, "0 passed, 1 failed\n") {
				t.Errorf("printed %q, want %q in it", got, c.want)
			}
		})
	}
}

func TestFilesThatAreNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "no.json")
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"nowhere.json"}, {file}, {"-colour", "red"}, {"-database", "postgres://127.0.0.1/x"}} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), args, &out, &errs); status != 2 || errs.Len() == 0 {
			t.Errorf("%v: status %d, %q", args, status, errs.String())
		}
	}
}
