package door

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"usher/gate/scan"
	"usher/sync/admission"
)

// What others made is as they published it: the sums in the README are those of the
// files, and no file lies beside them unsummed.
func TestVendoredFilesAreUnchanged(t *testing.T) {
	const dir = "page/vendor/zxing-wasm"
	readme, err := page.ReadFile(dir + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| .* \\| ([0-9a-f]{64}) \\|$").FindAllStringSubmatch(string(readme), -1) {
		want[row[1]] = row[2]
	}
	got := map[string]string{}
	err = fs.WalkDir(page, dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || kinds[path.Ext(p)] == "" {
			return err
		}
		body, err := page.ReadFile(p)
		sum := sha256.Sum256(body)
		got[strings.TrimPrefix(p, dir+"/")] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the files have the sums %v, the README says %v", got, want)
	}
}

// The page and all that it needs are served as what they are, kept by the service
// worker, and name no other host that could be asked.
func TestAssets(t *testing.T) {
	r := newRig(t)
	worker := r.ask("GET", "/sw.js", nil).Body.String()
	list := regexp.MustCompile(`const files = (\[.*\]);`).FindStringSubmatch(worker)
	if list == nil {
		t.Fatalf("no list of files in %s", worker)
	}
	var kept []string
	if err := json.Unmarshal([]byte(list[1]), &kept); err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/door.js": "text/javascript; charset=utf-8", "/decode.js": "text/javascript; charset=utf-8",
		"/door.css": "text/css; charset=utf-8", "/icon.svg": "image/svg+xml",
		"/vendor/zxing-wasm/es/reader/index.js":       "text/javascript; charset=utf-8",
		"/vendor/zxing-wasm/es/share.js":              "text/javascript; charset=utf-8",
		"/vendor/zxing-wasm/reader/zxing_reader.wasm": "application/wasm",
	} {
		w := r.ask("GET", name, nil)
		if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != kind {
			t.Errorf("%s: status %d, %s, want %s", name, w.Code, got, kind)
		}
		if !slices.Contains(kept, name) {
			t.Errorf("the service worker does not keep %s", name)
		}
	}
	for _, name := range kept {
		if w := r.ask("GET", name, nil); w.Code != http.StatusOK || name == "/sw.js" {
			t.Errorf("the service worker keeps %s, which gives status %d", name, w.Code)
		}
	}
	for _, name := range []string{"/vendor/zxing-wasm/LICENSE", "/vendor/zxing-wasm/", "/vendor/zxing-wasm/README.md", "/index.html"} {
		if w := r.ask("GET", name, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
}

// The decoder alone may compile WebAssembly, and may do nothing else that the page
// may not.
func TestDecoderPolicy(t *testing.T) {
	r := newRig(t)
	got := r.ask("GET", "/decode.js", nil).Header().Get("Content-Security-Policy")
	if want := "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"; got != want {
		t.Errorf("the decoder's policy is %q, want %q", got, want)
	}
}

// A frame can be read without being judged.
func TestFrameOnlyRead(t *testing.T) {
	r := newRig(t)
	code := r.code(1)
	read := func(text ...string) []string {
		frame := shown(t, text...)
		path := fmt.Sprintf("/api/frame?read=true&direction=in&width=%d&height=%d", frame.Rect.Dx(), frame.Rect.Dy())
		got := answered[map[string][]string](t, r.ask("POST", path, frame.Pix))
		if len(got) != 1 || got["texts"] == nil {
			t.Fatalf("a frame that is only read gives %v", got)
		}
		return got["texts"]
	}
	if got := read(code); !slices.Equal(got, []string{code}) {
		t.Errorf("read %q, want %q", got, code)
	}
	if got := read(); len(got) != 0 {
		t.Errorf("read %q in an empty frame", got)
	}
	if got := r.scan(Scan{Text: code, How: scan.HowCamera, Lane: "a"}); got.Result != admission.Accept {
		t.Errorf("a code that was read before is %s %s", got.Result, got.Reason)
	}
}

// What a camera read is the code's text as it is: only of keystrokes are prefixes
// and suffixes taken off.
func TestCameraTextIsTakenAsItIs(t *testing.T) {
	r := newRig(t)
	code := r.code(1)
	for i, text := range []string{"v" + code, "https://example.test/?t=" + code, strings.Repeat("\x00", 1024), strings.Repeat("\u202e", 1024), "\x1b[2J\r\n" + code} {
		if got := r.scan(Scan{Text: text, How: scan.HowCamera, Lane: fmt.Sprint(i)}); got.Result != admission.Reject || got.Reason != admission.Malformed {
			t.Errorf("%.40q is %s %s, want reject malformed", text, got.Result, got.Reason)
		}
	}
	if got := r.scan(Scan{Text: "v" + code, How: scan.HowWedge, Lane: "wedge"}); got.Result != admission.Accept {
		t.Errorf("a wedge's prefix gives %s %s", got.Result, got.Reason)
	}
}
