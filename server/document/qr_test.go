package document

import (
	"bytes"
	"errors"
	"image/png"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"usher/sync/fault"
)

func TestQRReadsBack(t *testing.T) {
	for _, length := range []int{6, 24, 148, 216, 325, 391, 500, 700, 1000} {
		for _, level := range []Level{Screen, Print} {
			m, err := QR(token(length), level)
			if err != nil {
				t.Fatalf("%d characters: %v", length, err)
			}
			img, err := m.picture(0)
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, img, token(length))
		}
	}
}

// Any text of the token's alphabet reads back exactly: runs of digits among
// letters are where encoders choose modes.
func TestQRReadsBackAnyToken(t *testing.T) {
	alphabet := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789012345678901234ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")), 1, 696, -1)
	rapid.Check(t, func(t *rapid.T) {
		text := "UT1:" + alphabet.Draw(t, "text")
		m, err := QR(text, Level(rapid.IntRange(0, 1).Draw(t, "level")))
		if err != nil {
			t.Fatal(err)
		}
		img, err := m.picture(4 * m.Outer())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := read(img); err != nil || got != text {
			t.Fatalf("read %q, %v; want %q", got, err, text)
		}
	})
}

// The sizes FORMAT.md states for the two usual tickets on a screen.
func TestQRIsAlphanumeric(t *testing.T) {
	for length, version := range map[int]int{148: 6, 216: 8, 325: 11, 391: 12} {
		m, err := QR(token(length), Screen)
		if err != nil {
			t.Fatal(err)
		}
		if want := 17 + 4*version; m.Side() != want {
			t.Errorf("%d characters take %d modules, want %d (version %d)", length, m.Side(), want, version)
		}
	}
}

func TestQRRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		kind fault.Kind
		says string
	}{
		"empty":    {"", fault.BadInput, "empty"},
		"too long": {strings.Repeat("A", MaxCode+1), fault.TooLarge, "1501"},
		"control":  {"UT1:AB\x00C", fault.BadInput, "character 7"},
		"not text": {"UT1:\xff", fault.BadInput, "character 5"},
		"umlaut":   {"Ü", fault.BadInput, "character 1"},
	} {
		m, err := QR(tc.text, Screen)
		if !errors.Is(err, tc.kind) || !strings.Contains(fault.Message(err), tc.says) {
			t.Errorf("%s: got %v, want %s saying %q", name, err, tc.kind, tc.says)
		}
		if m.Side() != 0 {
			t.Errorf("%s: an error came with a matrix", name)
		}
	}
}

func TestRunsAreTheMatrix(t *testing.T) {
	m, err := QR(token(216), Print)
	if err != nil {
		t.Fatal(err)
	}
	painted := make([]bool, m.Side()*m.Side())
	for run := range m.Runs() {
		if run.Len < 1 || m.Dark(run.X-1, run.Y) || m.Dark(run.X+run.Len, run.Y) {
			t.Fatalf("%+v is no whole run", run)
		}
		for x := run.X; x < run.X+run.Len; x++ {
			painted[run.Y*m.Side()+x] = true
		}
	}
	for y := -1; y <= m.Side(); y++ {
		for x := -1; x <= m.Side(); x++ {
			inside := x >= 0 && y >= 0 && x < m.Side() && y < m.Side()
			if m.Dark(x, y) != (inside && painted[max(0, y)*m.Side()+max(0, x)]) {
				t.Fatalf("module %d,%d differs", x, y)
			}
		}
	}
	for range m.Runs() {
		break // stopping early must not panic
	}
}

func TestPNG(t *testing.T) {
	text := token(216)
	m, _ := QR(text, Screen)
	for _, px := range []int{0, 2 * m.Outer(), 200, 301, 512, 2000} {
		var b bytes.Buffer
		if err := PNG(&b, text, px); err != nil {
			t.Fatalf("%d px: %v", px, err)
		}
		img, err := png.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		want := px
		if px == 0 {
			want = DefaultScale * m.Outer()
		}
		if size := img.Bounds().Size(); size.X != want || size.Y != want {
			t.Errorf("asked for %d px, got %v", px, size)
		}
		wantCode(t, img, text)
	}
}

func TestPNGRefuses(t *testing.T) {
	for _, px := range []int{-1, 1, 56, MaxPixels + 1} {
		var b bytes.Buffer
		if err := PNG(&b, token(216), px); !errors.Is(err, fault.BadInput) {
			t.Errorf("%d px: got %v", px, err)
		}
		if b.Len() != 0 {
			t.Errorf("%d px: %d bytes written beside the error", px, b.Len())
		}
	}
	if err := PNG(&bytes.Buffer{}, "", 0); !errors.Is(err, fault.BadInput) {
		t.Errorf("no code: got %v", err)
	}
	if err := PNG(failing{}, token(30), 0); !errors.Is(err, errFull) {
		t.Errorf("full disk: got %v", err)
	}
}

// failing is a writer on a full disk.
type failing struct{}

var errFull = errors.New("no space left")

func (failing) Write([]byte) (int, error) { return 0, errFull }

// FuzzQR draws any text and reads back what was accepted.
func FuzzQR(f *testing.F) {
	f.Add(token(216))
	f.Add("UT1:0")
	f.Add("https://example.test/a?b=c")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := QR(text, Print)
		if err != nil {
			return
		}
		img, err := m.picture(0)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := read(img); err != nil || got != text {
			t.Fatalf("read %q, %v; want %q", got, err, text)
		}
	})
}
