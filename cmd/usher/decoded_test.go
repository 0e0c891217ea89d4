package main

import (
	"encoding/json"

	"github.com/rogpeppe/go-internal/testscript"
)

// decoded reads one JSON value that a command printed.
func decoded[T any](ts *testscript.TestScript, text string) (v T) {
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		ts.Fatalf("%v in %s", err, text)
	}
	return v
}
