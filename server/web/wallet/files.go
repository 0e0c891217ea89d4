package wallet

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"text/template"

	"usher/server/emblem"
	"usher/server/web/site"
	"usher/sync/fault"
	"usher/sync/words"
)

//go:embed page
var files embed.FS

//go:embed messages
var messages embed.FS

// Addresses.
const (
	shellAt  = "/wallet"
	filesAt  = "/wallet/app/"
	wordsAt  = "/wallet/words.json"
	workerAt = "/wallet/sw.js"
)

// book holds what the pages say in every language.
var book = sync.OnceValues(func() (*words.Book, error) {
	folder, err := fs.Sub(messages, "messages")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the wallet's messages can't be read")
	}
	return words.Load(folder)
})

// kinds are the media types of files by the end of their names; others are not served.
var kinds = map[string]string{
	".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".webmanifest": "application/manifest+json",
}

// icons are the sizes, in pixels, in which phones want the page's sign: iOS for its
// home screen, everybody else as the manifest says.
var icons = []int{180, 192, 512}

// assets gives what the page is made of, by its address, and the worker that keeps it.
// The worker's text changes with any of them, so that browsers fetch all of them anew.
func (w *Wallet) assets() (map[string]*site.Answer, error) {
	all := map[string]*site.Answer{}
	sum := sha256.New()
	err := fs.WalkDir(files, "page", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := files.ReadFile(name)
		sum.Write(body)
		short := strings.TrimPrefix(name, "page/")
		if kind := kinds[path.Ext(name)]; kind != "" && short != "sw.js" {
			all[filesAt+short] = site.NewAnswer(kind, body)
		}
		return err
	})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the wallet's files can't be read")
	}
	for _, size := range icons {
		body := emblem.PNG(size)
		sum.Write(body)
		all[fmt.Sprintf("%sicon-%d.png", filesAt, size)] = site.NewAnswer("image/png", body)
	}
	said, err := json.Marshal(w.book)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the wallet's messages can't be written")
	}
	sum.Write(said)
	all[wordsAt] = site.NewAnswer("application/json", said)
	w.version = hex.EncodeToString(sum.Sum(nil)[:8])
	worker, err := workerFile(w.version, append(slices.Sorted(maps.Keys(all)), shellAt))
	all[workerAt] = site.NewAnswer(kinds[".js"], worker)
	return all, err
}

func workerFile(version string, keep []string) ([]byte, error) {
	t, err := template.ParseFS(files, "page/sw.js")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the wallet's worker can't be read")
	}
	list, err := json.Marshal(keep)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the wallet's worker can't be written")
	}
	var out bytes.Buffer
	if err := t.Execute(&out, map[string]string{"Version": version, "Files": string(list)}); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the wallet's worker can't be written")
	}
	return out.Bytes(), nil
}

// ofVersion serves what the page is made of, unless the request's address names another
// version of it than this server has.
func (w *Wallet) ofVersion(h site.Handler) site.Handler {
	return func(out http.ResponseWriter, r *http.Request) error {
		if r.URL.RawQuery != "" {
			if v := r.URL.Query().Get("v"); v != "" && v != w.version {
				return fault.At(fault.NotFound, "v", "this server has version %s of the wallet's page, not %.40q", w.version, v)
			}
		}
		return h(out, r)
	}
}
