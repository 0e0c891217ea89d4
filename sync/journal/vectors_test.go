package journal_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"usher/sync/journal"
)

var update = flag.Bool("update", false, "write testdata/journal.json anew")

// vectorFile is what another implementation checks itself by: docs/formats.md
// says how.
type vectorFile struct {
	Format      string             `json:"format"`
	Comment     string             `json:"comment"`
	Keys        []vectorKey        `json:"keys"`
	Records     []recordVector     `json:"records"`
	Checkpoints []checkpointVector `json:"checkpoints"`
	Refused     []refusedVector    `json:"refused"`
}

type vectorKey struct {
	Name   string `json:"name"`
	Seed   string `json:"seed"`
	Public string `json:"public"`
	Node   string `json:"node"`
}

type recordVector struct {
	ID    string `json:"id"`
	About string `json:"about"`
	Key   string `json:"key"`
	Bytes string `json:"bytes"`
	Hash  string `json:"hash"`
	Body  string `json:"body"` // in diagnostic notation, RFC 8949 section 8

	Node        string  `json:"node"`
	Epoch       uint64  `json:"epoch"`
	Seq         uint64  `json:"seq"`
	Prev        string  `json:"prev,omitempty"`
	Time        int64   `json:"time"`
	Offset      *int64  `json:"offset,omitempty"`
	Uncertainty *int64  `json:"uncertainty,omitempty"`
	Kind        uint16  `json:"kind"`
	Name        *string `json:"kind_name,omitempty"`
}

type checkpointVector struct {
	ID    string `json:"id"`
	About string `json:"about"`
	Key   string `json:"key"`
	Bytes string `json:"bytes"`
	Body  string `json:"body"`

	Node    string `json:"node"`
	Epoch   uint64 `json:"epoch"`
	Seq     uint64 `json:"seq"`
	Head    string `json:"head"`
	Time    int64  `json:"time"`
	Expires int64  `json:"expires"`
}

type refusedVector struct {
	ID     string `json:"id"`
	Is     string `json:"is"` // record or checkpoint
	Key    string `json:"key"`
	Bytes  string `json:"bytes"`
	Reason string `json:"reason"` // malformed or signature
}

// diagnose writes the signed part of a record or checkpoint for people.
func diagnose(t *testing.T, b []byte) string {
	t.Helper()
	var parts [][]byte
	if err := cbor.Unmarshal(b, &parts); err != nil {
		t.Fatal(err)
	}
	text, err := cbor.Diagnose(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func vectors(t *testing.T) []byte {
	t.Helper()
	f := vectorFile{
		Format:  "usher journal v1",
		Comment: "Test keys only. Bytes, hashes and seeds are hexadecimal, times Unix ms, bodies in diagnostic notation (RFC 8949 section 8).",
	}
	for _, p := range []party{gate, server} {
		f.Keys = append(f.Keys, vectorKey{p.name, hex.EncodeToString(p.seed[:]), hex.EncodeToString(p.public()), hex.EncodeToString(p.node())})
	}
	for _, s := range goldenRecords(t) {
		f.Records = append(f.Records, recordVectorOf(t, s))
	}
	for _, s := range goldenCheckpoints(t) {
		c, err := journal.ParseCheckpoint(s.bytes)
		if err != nil {
			t.Fatalf("%s: %v", s.id, err)
		}
		f.Checkpoints = append(f.Checkpoints, checkpointVector{
			s.id, s.about, s.by.name, hex.EncodeToString(s.bytes), diagnose(t, s.bytes),
			c.Chain.Node.String(), c.Chain.Epoch, c.Head.Seq, c.Head.Hash.String(), c.Time, c.Expires,
		})
	}
	for _, group := range []struct {
		is, reason string
		list       []refused
	}{
		{"record", "malformed", refusedRecords()}, {"record", "signature", unsigned()},
		{"checkpoint", "malformed", refusedCheckpoints()}, {"checkpoint", "signature", unsignedCheckpoints()},
	} {
		for _, r := range group.list {
			f.Refused = append(f.Refused, refusedVector{r.id, group.is, gate.name, hex.EncodeToString(r.bytes), group.reason})
		}
	}
	b, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func recordVectorOf(t *testing.T, s sent) recordVector {
	t.Helper()
	r, err := journal.Parse(s.bytes)
	if err != nil {
		t.Fatalf("%s: %v", s.id, err)
	}
	v := recordVector{
		ID: s.id, About: s.about, Key: s.by.name, Bytes: hex.EncodeToString(s.bytes), Hash: r.Hash().String(), Body: diagnose(t, s.bytes),
		Node: r.Chain.Node.String(), Epoch: r.Chain.Epoch, Seq: r.Seq, Time: r.Stamp.Time, Kind: uint16(r.Kind),
	}
	if !r.Prev.IsZero() {
		v.Prev = r.Prev.String()
	}
	if r.Stamp.Synced {
		v.Offset, v.Uncertainty = &r.Stamp.Offset, &r.Stamp.Uncertainty
	}
	if readers[r.Kind] != nil {
		name := r.Kind.String()
		v.Name = &name
	}
	return v
}

func TestVectorsAreTheCommittedOnes(t *testing.T) {
	made, path := vectors(t), filepath.Join("testdata", "journal.json")
	if *update {
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, made) {
		t.Errorf("%s is not what the tables make; if the format was to change, run the test with -update and look at the difference", path)
	}
}

// loadVectors reads the committed file as another implementation would.
func loadVectors(t testing.TB) (f vectorFile, publics map[string][]byte) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "journal.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	publics = map[string][]byte{}
	for _, k := range f.Keys {
		publics[k.Name] = unhex(k.Public)
	}
	return f, publics
}

// The committed bytes are read as what the file says, signed as it says, and the
// content as its kind. Those of kinds that there are make whole chains.
func TestVectors(t *testing.T) {
	f, publics := loadVectors(t)
	heads := map[journal.Chain]journal.Head{}
	seen := map[string]bool{}
	once := func(id string) {
		if seen[id] {
			t.Errorf("two vectors have the id %s", id)
		}
		seen[id] = true
	}
	for _, v := range f.Records {
		once(v.ID)
		r, err := journal.Parse(unhex(v.Bytes))
		if err != nil {
			t.Errorf("%s: %v", v.ID, err)
			continue
		}
		if err := r.Verify(publics[v.Key]); err != nil {
			t.Errorf("%s: %v", v.ID, err)
		}
		if again := recordVectorOf(t, sent{v.ID, v.About, party{name: v.Key}, r.Bytes()}); !sameJSON(t, again, v) {
			t.Errorf("%s: read as %+v, want %+v", v.ID, again, v)
		}
		if read := readers[r.Kind]; read != nil {
			if _, err := read(r); err != nil {
				t.Errorf("%s: %v", v.ID, err)
			}
		}
		if v.Name == nil {
			continue
		}
		head := heads[r.Chain]
		if r.Chain.Epoch == 1 {
			head = heads[journal.Chain{Node: r.Chain.Node}]
		}
		if err := r.Follows(head); err != nil {
			t.Errorf("%s: %v", v.ID, err)
		}
		heads[r.Chain] = r.Head()
	}
	for _, v := range f.Checkpoints {
		once(v.ID)
		c, err := journal.ParseCheckpoint(unhex(v.Bytes))
		if err == nil {
			err = c.Verify(publics[v.Key])
		}
		if err != nil {
			t.Errorf("%s: %v", v.ID, err)
			continue
		}
		if c.Chain.Node.String() != v.Node || c.Chain.Epoch != v.Epoch || c.Head.Seq != v.Seq || c.Head.Hash.String() != v.Head || c.Time != v.Time || c.Expires != v.Expires {
			t.Errorf("%s: read as %+v, want %+v", v.ID, c, v)
		}
	}
	for _, v := range f.Refused {
		once(v.ID)
		if err := judge(v, publics[v.Key]); !errors.Is(err, map[string]error{"malformed": journal.ErrMalformed, "signature": journal.ErrSignature}[v.Reason]) {
			t.Errorf("%s: %v, want it refused as %s", v.ID, err, v.Reason)
		}
	}
}

func judge(v refusedVector, pub []byte) error {
	if v.Is == "checkpoint" {
		c, err := journal.ParseCheckpoint(unhex(v.Bytes))
		if err != nil {
			return err
		}
		return c.Verify(pub)
	}
	r, err := journal.Parse(unhex(v.Bytes))
	if err != nil {
		return err
	}
	return r.Verify(pub)
}

func sameJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(x, y)
}
