package wallet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	_ "image/png"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/server/accounts"
	"usher/sync/fault"
)

// The pages speak four languages, say nothing that no language has, and none has what
// nobody says. What sync/words says by itself is its own.
func TestMessagesAreThoseUsed(t *testing.T) {
	b, err := book()
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Codes(); !slices.Equal(got, []string{"de", "en", "es", "fr"}) {
		t.Errorf("the wallet speaks %v", got)
	}
	key := regexp.MustCompile(`"(wallet\.[a-z0-9_.]+)"`)
	used := map[string]bool{}
	err = filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".go", ".html", ".js", ".txt"}, filepath.Ext(name)) || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		for _, found := range key.FindAllStringSubmatch(string(text), -1) {
			if filepath.Ext(found[1]) == ".js" {
				continue // the name of a file
			}
			used[found[1]] = true
			begins := func(k string) bool { return strings.HasSuffix(found[1], ".") && strings.HasPrefix(k, found[1]) }
			if !b.English().Has(found[1]) && !slices.ContainsFunc(b.English().Keys(), begins) {
				t.Errorf("%s says %q, which no language has", name, found[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range b.English().Keys() {
		if strings.HasPrefix(k, "wallet.") && !used[k] && !used[k[:strings.LastIndex(k, ".")+1]] {
			t.Errorf("nobody says %s", k)
		}
	}
	// Whatever goes wrong on the server has words, and all that has some can go wrong.
	for _, kind := range fault.Kinds() {
		if !b.English().Has("wallet.refused." + string(kind)) {
			t.Errorf("nothing is said of %s", kind)
		}
	}
	for _, k := range b.English().Keys() {
		if kind, of := strings.CutPrefix(k, "wallet.refused."); of && !fault.Kind(kind).Known() {
			t.Errorf("%s is of no kind of problem", k)
		}
	}
}

// What came from elsewhere is what its README says.
func TestVendored(t *testing.T) {
	const dir = "page/vendor/uqr"
	readme, err := files.ReadFile(dir + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	body, err := files.ReadFile(dir + "/index.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(body); !strings.Contains(string(readme), hex.EncodeToString(sum[:])) {
		t.Errorf("index.mjs has the sum %x, its README another", sum)
	}
	if licence, err := files.ReadFile(dir + "/LICENSE"); err != nil || !strings.Contains(string(licence), "MIT") {
		t.Errorf("its licence: %v", err)
	}
}

// The worker keeps all that the page is made of: with the network off nothing of it is
// missing. Another text of any file is another worker.
func TestWorkerKeepsThePage(t *testing.T) {
	w, err := New(Config{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	worker := string(w.files[workerAt].Bytes())
	imported := regexp.MustCompile(`(?:from|import) "(\./[^"]+)"`)
	for name, file := range w.files {
		if name == workerAt {
			continue
		}
		if !strings.Contains(worker, `"`+name+`"`) {
			t.Errorf("the worker doesn't keep %s", name)
		}
		if strings.HasSuffix(name, ".mjs") {
			continue
		}
		for _, other := range imported.FindAllStringSubmatch(string(file.Bytes()), -1) {
			if at := filesAt + strings.TrimPrefix(other[1], "./"); w.files[at] == nil {
				t.Errorf("%s imports %s, which there isn't", name, at)
			}
		}
	}
	if !strings.Contains(worker, `"/wallet"`) || strings.Contains(worker, "tickets.json") || strings.Contains(worker, "{{") {
		t.Errorf("the worker is %s", worker)
	}
	a, err := workerFile("1", nil)
	b, failed := workerFile("2", nil)
	if err != nil || failed != nil || string(a) == string(b) {
		t.Errorf("two versions have one worker: %v, %v", err, failed)
	}
}

// Every icon that the manifest or the page names is there, a picture of the size that it
// says; a phone that installs the page finds a small one, a large one and one to cut.
func TestIcons(t *testing.T) {
	w, err := New(Config{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Icons []struct{ Src, Sizes, Type, Purpose string }
	}
	if err := json.Unmarshal(w.files[filesAt+"wallet.webmanifest"].Bytes(), &manifest); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, i := range manifest.Icons {
		file := w.files[i.Src]
		if file == nil {
			t.Fatalf("there is no %s", i.Src)
		}
		if i.Type == "image/png" {
			shape, format, err := image.DecodeConfig(bytes.NewReader(file.Bytes()))
			if err != nil || format != "png" || fmt.Sprintf("%dx%d", shape.Width, shape.Height) != i.Sizes {
				t.Errorf("%s is %s, %d by %d: %v", i.Src, format, shape.Width, shape.Height, err)
			}
			have[i.Sizes+" "+i.Purpose] = true
		}
	}
	for _, want := range []string{"192x192 any", "512x512 any", "512x512 maskable"} {
		if !have[want] {
			t.Errorf("the manifest names no icon %s", want)
		}
	}
	if page, err := files.ReadFile("page/index.html"); err != nil || !strings.Contains(string(page), filesAt+"icon-180.png") || w.files[filesAt+"icon-180.png"] == nil {
		t.Errorf("iOS finds no icon: %v", err)
	}
}

// Scripts keep to this server and to what can't be read as HTML.
func TestScripts(t *testing.T) {
	err := fs.WalkDir(files, "page", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".js" {
			return err
		}
		body, err := files.ReadFile(name)
		for _, never := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "http://", "https://", "document.write", "localStorage", "sessionStorage"} {
			if strings.Contains(string(body), never) {
				t.Errorf("%s has %s", name, never)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The mail with a link says it in the language that it was asked in, as text and HTML,
// and for how long it is good.
func TestLetter(t *testing.T) {
	for language, want := range map[string]string{"de": "Ihr Link zu Ihren Tickets", "fr": "Votre lien", "": "Your link", "xx": "Your link"} {
		l, err := Letter(accounts.Invitation{Language: language, Link: "https://x.example/wallet/enter/abc"})
		if err != nil || !strings.HasPrefix(l.Subject, want) || !strings.Contains(l.Text, "\nhttps://x.example/wallet/enter/abc\n") ||
			!strings.Contains(l.HTML, `href="https://x.example/wallet/enter/abc"`) || !strings.Contains(l.Text, "15") {
			t.Errorf("%q: %+v, %v", language, l, err)
		}
	}
}
