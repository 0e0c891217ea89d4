package vectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/hostile.json anew")

const hostileFile = "hostile.json"

// hostileSet is every vector of ours as a file of the schema.
func hostileSet(t *testing.T) []byte {
	t.Helper()
	var list []map[string]any
	for _, group := range []struct {
		name    string
		vectors []made
	}{
		{"text", hostileTexts()},
		{"envelope", hostileEnvelopes()},
		{"signature", hostileSignatures()},
		{"claims", append(hostileClaims(), hostileExtensions()...)},
		{"proof", append(append(hostilePresentations(), hostileProofs()...), hostileHolders()...)},
		{"context", hostileStates()},
	} {
		for _, v := range group.vectors {
			list = append(list, v.json(group.name))
		}
	}
	b, err := json.MarshalIndent(map[string]any{
		"format":  "usher UT1/UP1",
		"comment": "usher's own set. Test keys only: their seeds are in its tests.",
		"defaults": map[string]any{
			"aud": "EV26", "now": now, "past": 45, "future": 15, "max_chars": 700,
			"min_gen": map[string]int{}, "keys": []any{keyOf(issuer, nil)},
		},
		"ticket_aad": ticketAAD,
		"proof_aad":  proofAAD,
		"vectors":    list,
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func (v made) json(group string) map[string]any {
	out := map[string]any{"id": v.id, "token": v.token, "expect": "accept", "group": group}
	if v.reason != "" {
		out["expect"], out["reason"] = "reject", v.reason
	}
	if v.ctx != nil {
		out["ctx"] = v.ctx
	}
	return out
}

func TestHostileSetIsTheCommittedOne(t *testing.T) {
	set := hostileSet(t)
	path := filepath.Join("testdata", hostileFile)
	if *update {
		if err := os.WriteFile(path, set, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, set) {
		t.Errorf("%s is not what the tables make; run the test with -update and look at the difference", path)
	}
}

func TestSets(t *testing.T) {
	for _, set := range []struct {
		name  string
		least int
	}{{"tickets.json", 12}, {hostileFile, 400}} {
		t.Run(set.name, func(t *testing.T) {
			f, err := os.Open(filepath.Join("testdata", set.name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			file, err := Load(f)
			if err != nil {
				t.Fatal(err)
			}
			if len(file.Vectors) < set.least {
				t.Errorf("%d vectors, want at least %d", len(file.Vectors), set.least)
			}
			judgeAll(t, file)
		})
	}
}

// judgeAll wants the expected verdict of every vector, and the exact reason.
func judgeAll(t *testing.T, file *File) {
	seen := map[string]bool{}
	for _, v := range file.Vectors {
		got := file.Judge(v)
		if got.ID != v.ID || got.OK != v.Accept || got.OK != (got.Reason == "") {
			t.Errorf("%s: %+v, want accept = %v (%s)", v.ID, got, v.Accept, v.Note)
		}
		if got.Reason != v.Reason {
			t.Errorf("%s: refused for %q, want %q (%s)", v.ID, got.Reason, v.Reason, v.Note)
		}
		if seen[v.ID] {
			t.Errorf("two vectors have the id %s", v.ID)
		}
		seen[v.ID] = true
	}
}

func TestLoadRefuses(t *testing.T) {
	const vector = `{"id":"v","token":"","expect":"reject"}`
	for name, c := range map[string]struct{ file, want string }{
		"nothing":             {``, "JSON"},
		"a list":              {`[]`, "array"},
		"trailing":            {`{"vectors":[` + vector + `]}{}`, "after top-level"},
		"no vectors":          {`{"vectors":[]}`, "none"},
		"other aad":           {`{"ticket_aad":"x","vectors":[` + vector + `]}`, `"x"`},
		"other proof aad":     {`{"proof_aad":"x","vectors":[` + vector + `]}`, `"x"`},
		"unknown default":     {`{"defaults":{"leap":1},"vectors":[` + vector + `]}`, "leap"},
		"no id":               {`{"vectors":[{"token":"","expect":"reject"}]}`, "vector 1"},
		"no token":            {`{"vectors":[{"id":"v","expect":"reject"}]}`, "no token"},
		"odd expectation":     {`{"vectors":[{"id":"v","token":"","expect":"maybe"}]}`, "maybe"},
		"unknown ctx member":  {ctx(`{"leap":1}`), "v: ctx: leap"},
		"ctx is a list":       {ctx(`[]`), "v: ctx"},
		"now is a text":       {ctx(`{"now":"noon"}`), "now"},
		"odd challenge":       {ctx(`{"challenge":"now"}`), "six digits"},
		"7-digit challenge":   {ctx(`{"gate_chal":1000000}`), "six digits"},
		"roster of no ids":    {ctx(`{"roster":["x"]}`), "roster"},
		"min_gen of no id":    {ctx(`{"min_gen":{"x":1}}`), "min_gen"},
		"keys are no list":    {ctx(`{"keys":{}}`), "keys"},
		"short pub":           {ctx(`{"keys":[{"pub":"00"}]}`), "64 hex digits"},
		"kid of 3 bytes":      {ctx(`{"keys":[{"kid":"000000"}]}`), "key 1"},
		"unknown key member":  {ctx(`{"keys":[{"leap":1}]}`), "leap"},
		"unknown named key":   {ctx(`{"keys":["Z"]}`), `"Z"`},
		"unknown key state":   {ctx(`{"keys":[` + keyWith(`"state":"lost"`) + `]}`), "lost"},
		"unknown key role":    {ctx(`{"keys":[` + keyWith(`"role":"root"`) + `]}`), "root"},
		"key audience number": {ctx(`{"keys":[` + keyWith(`"aud":1`) + `]}`), "key 1"},
	} {
		f, err := Load(strings.NewReader(c.file))
		if err == nil && f.Vectors[0].Problem != "" {
			if got := f.Judge(f.Vectors[0]); got.OK || got.Reason != ReasonContext {
				t.Errorf("%s: judged %+v without its context", name, got)
			}
			err = errors.New(f.Vectors[0].Problem)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error about %s", name, err, c.want)
		}
	}
}

func ctx(members string) string {
	return `{"vectors":[{"id":"v","token":"","expect":"reject","ctx":` + members + `}]}`
}

func keyWith(member string) string {
	return `{"pub":"` + hexOf(issuer.Public()) + `",` + member + `}`
}

func TestKeysByName(t *testing.T) {
	token := staticOf(smallest)
	file, err := Load(strings.NewReader(`{
		"defaults": {"aud":"EV26","now":5,"keys":[
			{"name":"A","pub":"` + hexOf(issuer.Public()) + `","aud":"EV26"},
			{"name":"B","pub":"` + hexOf(rival.Public()) + `","aud":"EV26"}]},
		"vectors": [
			{"id":"both","token":"` + token + `","expect":"accept"},
			{"id":"mine","token":"` + token + `","expect":"accept","ctx":{"keys":["A"]}},
			{"id":"other","token":"` + token + `","expect":"reject","reason":"kid","ctx":{"keys":["B"]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	judgeAll(t, file)
}
