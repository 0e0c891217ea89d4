package admission

import (
	"encoding/json"
	"strings"
	"testing"
)

// The names in JSON are what pages and scripts rely on.
func TestVerdictInJSON(t *testing.T) {
	d := newDoor(t)
	d.scan(In)
	b, err := json.Marshal(d.scan(In))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"result":"reject"`, `"reason":"already_used"`, `"ticket":"0100000000000000"`, `"use":"misread"`, `"product":"General"`,
		`"time_zone":"Europe/Berlin"`, `"first":{`, `"gate":"g1"`, `"count":1`, `"allowed":1`,
	} {
		if !strings.Contains(string(b), part) {
			t.Errorf("no %s in %s", part, b)
		}
	}
}
