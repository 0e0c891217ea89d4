package link_test

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"testing"
	"time"

	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/link"
)

// island is a gate that heard from its server, from another gate, and wrote
// records of its own, beside a gate that heard nothing.
func island(t *testing.T) (server, full, empty *exchangetest.Node) {
	t.Helper()
	server = exchangetest.NewServer(t)
	full, other := exchangetest.NewGate(t, "full", server), exchangetest.NewGate(t, "other", server)
	empty = exchangetest.NewGate(t, "empty", server)
	for _, n := range []*exchangetest.Node{server, full, other, empty} {
		n.Local.Now = time.Now
	}
	server.Enrol(t, full)
	server.Enrol(t, other)
	server.Own(t, 300)
	hand(t, server, full)
	full.Own(t, 600)
	other.Own(t, 5)
	hand(t, other, full)
	return server, full, empty
}

// hand gives all that one node holds to another.
func hand(t *testing.T, from, to *exchangetest.Node) {
	t.Helper()
	for _, chain := range from.Vector().Chains() {
		if err := to.Accept(t.Context(), from.Memory.Records(chain)); err != nil {
			t.Fatal(err)
		}
	}
}

func write(t testing.TB, from *exchangetest.Node) []byte {
	t.Helper()
	var file bytes.Buffer
	if _, err := link.WriteFile(t.Context(), &file, from.Local); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestFileCarriesEverything(t *testing.T) {
	_, full, empty := island(t)
	f, err := link.ReadFile(bytes.NewReader(write(t, full)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Event != exchangetest.Event || f.Node != full.ID() || f.Records != 907 || f.Chains != 3 {
		t.Errorf("the file says %+v", f.Header)
	}
	for round, want := range []exchange.Report{{Taken: 907}, {Known: 907}} {
		got, err := exchange.Import(t.Context(), empty.Local, f.Batches())
		if err != nil || got.Taken != want.Taken || got.Known != want.Known || len(got.Refused)+len(got.Forked) != 0 {
			t.Errorf("import %d: %+v, %v", round+1, got, err)
		}
	}
	exchangetest.Same(t, full, empty)
}

func TestFileCarriesCheckpoints(t *testing.T) {
	server, full, empty := island(t)
	now := time.Now().UnixMilli()
	c, err := server.Checkpoint(server.Vector()[server.Chain()], now, now+1000)
	if err != nil {
		t.Fatal(err)
	}
	full.Local.Checkpoints.Keep(c)
	f, err := link.ReadFile(bytes.NewReader(write(t, full)))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := exchange.ImportCheckpoints(empty.Local, f.Checkpoints); n != 1 || err != nil {
		t.Errorf("%d checkpoints kept, %v", n, err)
	}
	if empty.Local.Checkpoints.Newest(server.Chain()) == nil {
		t.Error("the server's checkpoint did not come")
	}
}

func TestEmptyFile(t *testing.T) {
	_, _, empty := island(t)
	f, err := link.ReadFile(bytes.NewReader(write(t, empty)))
	if err != nil || f.Records != 0 {
		t.Errorf("a file of nothing: %+v, %v", f, err)
	}
}

var offset = regexp.MustCompile(`^offset (\d+)$`)

// blamed gives the offset that an error names.
func blamed(t *testing.T, err error) int {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.BadInput || !offset.MatchString(f.Where) {
		t.Fatalf("got %v, want bad input and an offset", err)
	}
	n, _ := strconv.Atoi(offset.FindStringSubmatch(f.Where)[1])
	return n
}

func TestFilesCutShortAreRefused(t *testing.T) {
	_, full, _ := island(t)
	file := write(t, full)
	for cut := 0; cut < len(file); cut += 1 + len(file)/500 {
		_, err := link.ReadFile(bytes.NewReader(file[:cut]))
		if at := blamed(t, err); at != cut && cut >= 8 {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	if _, err := link.ReadFile(bytes.NewReader(append(file, 0))); blamed(t, err) != len(file) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestAlteredFilesAreRefused(t *testing.T) {
	_, full, _ := island(t)
	file := write(t, full)
	for at := 0; at < len(file); at += 1 + len(file)/500 {
		altered := bytes.Clone(file)
		altered[at] ^= 0x10
		_, err := link.ReadFile(bytes.NewReader(altered))
		if err == nil {
			t.Fatalf("byte %d of %d altered: no error", at, len(file))
		}
		var f *fault.Error
		if errors.As(err, &f) && f.Where == "offset "+strconv.Itoa(len(file)) {
			continue // a length that grew runs into the end
		}
		if named := blamed(t, err); named > at {
			t.Errorf("byte %d altered: %v", at, err)
		}
	}
}

// A file whose digests hold and whose records don't: somebody made it.
func TestForgedRecordsAreRefused(t *testing.T) {
	_, full, empty := island(t)
	full.Local.Store = forging{full.Memory, full.Chain()}
	f, err := link.ReadFile(bytes.NewReader(write(t, full)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := exchange.Import(t.Context(), empty.Local, f.Batches())
	if err != nil {
		t.Fatal(err)
	}
	if why := got.Refused[full.Chain()]; !errors.Is(why, fault.BadInput) || len(got.Refused) != 1 {
		t.Errorf("refused: %v", got.Refused)
	}
	if held := empty.Vector(); held[full.Chain()].Seq != 0 || len(held) != 2 {
		t.Errorf("the import left %v", held)
	}
}

// A file of a gate that was cloned proves the fork.
func TestFileWithAFork(t *testing.T) {
	_, full, empty := island(t)
	clone := full.Fork()
	hand(t, full, empty)
	clone.Stamp.Time++
	other := clone.Scans(t, 3)
	full.Own(t, 3)
	if err := empty.Accept(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	f, err := link.ReadFile(bytes.NewReader(write(t, full)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := exchange.Import(t.Context(), empty.Local, f.Batches())
	if err != nil || len(got.Forked) != 1 || !errors.Is(got.Refused[full.Chain()], fault.Exists) {
		t.Fatalf("%+v, %v", got, err)
	}
	forks := empty.Memory.Forks()
	if len(forks) != 1 || forks[0].Check(full.Signer.Public()) != nil {
		t.Errorf("proof kept: %v", forks)
	}
}

func FuzzReadFile(f *testing.F) {
	server := exchangetest.NewServer(f)
	server.Local.Now = func() time.Time { return time.UnixMilli(1_783_184_400_000) }
	f.Add(write(f, server))
	server.Own(f, 2)
	f.Add(write(f, server))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := link.ReadFile(bytes.NewReader(b))
		if err != nil {
			blamedOrTooLarge(t, err)
			return
		}
		var n uint64
		for b, err := range file.Batches() {
			if err != nil {
				t.Fatalf("a file that was whole: %v", err)
			}
			n += uint64(len(b.Records))
		}
		if n != file.Records {
			t.Errorf("%d records, %d the first time", n, file.Records)
		}
	})
}

func blamedOrTooLarge(t *testing.T, err error) {
	t.Helper()
	if k := fault.KindOf(err); k != fault.BadInput && k != fault.TooLarge {
		t.Errorf("a file is refused with %v", err)
	}
}

var _ journal.Store = forging{}
