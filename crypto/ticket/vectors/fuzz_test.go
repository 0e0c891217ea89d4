package vectors

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad wants a refusal or a file whose every vector is judged: with one
// verdict, however often.
func FuzzLoad(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "tickets.json"))
	if err != nil {
		f.Fatal(err)
	}
	var file map[string]json.RawMessage
	if err := json.Unmarshal(text, &file); err != nil {
		f.Fatal(err)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(file["vectors"], &list); err != nil {
		f.Fatal(err)
	}
	for _, one := range list { // one by one, as whole files are long
		if file["vectors"], err = json.Marshal([]json.RawMessage{one}); err != nil {
			f.Fatal(err)
		}
		b, err := json.Marshal(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"vectors":[{"id":"a","token":"UT1:","expect":"reject","ctx":{"now":"noon"}}]}`))
	f.Add([]byte(`{"vectors":[{"id":"a","token":"","expect":"accept"}],"defaults":{"keys":[{"pub":"00"}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Load(bytes.NewReader(b))
		if err != nil {
			return
		}
		if len(file.Vectors) == 0 {
			t.Error("a file without vectors is accepted")
		}
		for _, v := range file.Vectors {
			got := file.Judge(v)
			if got.ID != v.ID || got.OK != (got.Reason == "") || got != file.Judge(v) {
				t.Errorf("%s: judged %+v, then %+v", v.ID, got, file.Judge(v))
			}
		}
	})
}
