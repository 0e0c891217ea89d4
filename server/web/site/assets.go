package site

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"slices"
)

// kinds are the media types of assets.
var kinds = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
}

// asset is a file that pages are made of.
type asset struct {
	*Answer
	version string // in the address that pages give
}

func (s *Site) loadAssets() error {
	entries, err := fs.ReadDir(files, "assets")
	if err != nil {
		return err
	}
	for _, e := range entries {
		body, err := files.ReadFile("assets/" + e.Name())
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		s.assets[e.Name()] = &asset{NewAnswer(kinds[path.Ext(e.Name())], body), hex.EncodeToString(sum[:6])}
	}
	return nil
}

// Asset gives the address of an asset, which is another one when the asset changes.
// An asset that there isn't is a defect of a page that its tests find.
func (s *Site) Asset(name string) string {
	a := s.assets[name]
	if a == nil {
		return "/assets/none/" + name
	}
	return "/assets/" + name + "?v=" + a.version
}

// forever and again say how long a browser may keep an asset: by an address that
// names its version for good, else it asks each time.
var (
	forever = []string{"public, max-age=31536000, immutable"}
	again   = []string{"no-cache"}
)

// Register adds the assets' routes.
func (s *Site) Register(mux *http.ServeMux) {
	mux.Handle("GET /assets/{name}", Secured(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := s.assets[r.PathValue("name")]
		if a == nil {
			http.NotFound(w, r)
			return
		}
		control := again
		if r.URL.RawQuery == "v="+a.version {
			control = forever
		}
		a.Send(w, r, control)
	})))
}

// AssetNames lists the assets, sorted.
func (s *Site) AssetNames() []string {
	var names []string
	for name := range s.assets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
