// Package door is the page that door staff look at, and the local API behind it:
// codes come in from cameras, scanners, keyboards and files, verdicts go out.
//
// # Who may ask
//
// The page and its API let people in, so they answer only to this device and to
// those who hold the gate's door key: requests from the device itself (a loopback
// address, asked for by a loopback name, so that no web page elsewhere can
// pretend) pass; others show the key once, in the page's address, and keep a
// cookie. Requests that another site's page makes are refused, except to open the
// page by a link.
//
// # What leaves the device
//
// Nothing. A camera's frames are read in the page, pictures by the agent, and both
// are forgotten.
package door

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"

	"usher/crypto/grant"
	"usher/gate/shift"
	"usher/gate/signin"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/state"
	"usher/sync/words"
)

//go:embed page
var page embed.FS

//go:embed messages
var messages embed.FS

// Config is what a door needs.
type Config struct {
	Turnstile *turnstile.Turnstile
	Desk      *signin.Desk // where people sign in
	Shift     *shift.Keeper
	State     *state.State
	Gate      string                       // what the page calls the gate
	Event     string                       // the event's code
	Key       string                       // the door key; not empty
	Status    func(context.Context) Status // what the strip shows
	// Changed gives a channel that tells when Status may have changed, and a
	// function that ends it.
	Changed func() (<-chan struct{}, func())
	// Sync brings the gate level with its server and peers once; nil: it can't.
	Sync func(context.Context) error
	// Import takes records that came by hand, from a file that it reads twice.
	Import func(ctx context.Context, file io.ReadSeeker) (Imported, error)
	// Spool is a folder for a file while it is taken in or handed out; "": the system's.
	Spool string
	Log   *slog.Logger
}

// Status is what a gate knows of itself and of the others.
type Status struct {
	Gate      string            `json:"gate"`
	GateName  string            `json:"gate_name,omitempty"`
	Event     string            `json:"event"`
	EventName string            `json:"event_name,omitempty"`
	Role      grant.Role        `json:"role"` // of the device
	Node      journal.NodeID    `json:"node"`
	Ready     bool              `json:"ready"`
	NotReady  string            `json:"not_ready,omitempty"` // why it can't judge
	Reason    admission.Reason  `json:"not_ready_reason,omitempty"`
	Online    bool              `json:"online"`  // a server or another gate is linked now
	Server    bool              `json:"server"`  // the server is
	Unheard   uint32            `json:"unheard"` // other active gates without word for a minute
	Assurance journal.Assurance `json:"assurance"`
	Unsent    uint64            `json:"unsent"`     // own records that the server is not known to hold
	Alone     uint64            `json:"alone"`      // own records that nobody else is known to hold
	Withheld  uint64            `json:"withheld"`   // own records that the server holds and can't take into account
	Records   uint64            `json:"records"`    // own records in all
	ListAge   int64             `json:"list_age_s"` // age of the newest revocation list; -1: none
	ListStale bool              `json:"list_stale"`
	ListSeq   uint64            `json:"list_seq"` // how far the gate holds the server's journal
	Clock     string            `json:"clock"`    // good, far (off by an hour or more, and corrected), suspect, unsynced
	OffsetMS  int64             `json:"offset_ms"`
	ErrorMS   int64             `json:"offset_error_ms"`
	Conflicts int               `json:"conflicts"` // open
	Faults    []string          `json:"faults,omitempty"`
	Links     []Link            `json:"links,omitempty"` // the ways to others
	Rehearsal bool              `json:"rehearsal,omitempty"`
	Training  bool              `json:"training,omitempty"` // decides as always and changes nothing
	Language  string            `json:"language,omitempty"` // the event's, as its file says
	DownTo    string            `json:"down_to,omitempty"`  // the lowest rung that the event takes, likewise; "": not known yet
}

// Link is how a way to another node stands.
type Link struct {
	Kind  string `json:"kind"`          // server, named (--peer), found (on the network), or caller: it came by itself
	URL   string `json:"url,omitempty"` // of those that this gate connects to
	Who   string `json:"who,omitempty"` // what people call it, once it was met
	State string `json:"state"`         // up, trying or waiting
	Heard int64  `json:"heard_s"`       // s since its last sign of life
	Why   string `json:"why,omitempty"` // why it is not up
}

// Door serves the page and the local API.
type Door struct {
	Config
	files map[string]file
	book  *words.Book
	stir  stir // wakes pages when Changed does not
}

type file struct {
	body []byte
	kind string
	etag string
}

// New makes a door.
func New(cfg Config) (*Door, error) {
	d := &Door{Config: cfg, files: map[string]file{}}
	version, err := treeHash()
	if err != nil {
		return nil, err
	}
	names, err := assetNames()
	if err != nil {
		return nil, err
	}
	if d.book, err = book(); err != nil {
		return nil, err
	}
	if d.files[wordsAt], err = wordsFile(d.book); err != nil {
		return nil, err
	}
	for _, name := range names {
		body, err := page.ReadFile("page" + name)
		if err != nil {
			return nil, err
		}
		if body, err = d.fill(name, body, version, names); err != nil {
			return nil, err
		}
		d.files[address(name)] = newFile(name, body)
	}
	return d, nil
}

func newFile(name string, body []byte) file {
	return file{body: body, kind: kinds[path.Ext(name)], etag: `"` + digest(body) + `"`}
}

// assetNames are the files that a browser may ask for, as in /door.js. Licences and
// the like lie beside them.
func assetNames() (names []string, err error) {
	err = fs.WalkDir(page, "page", func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && kinds[path.Ext(p)] != "" {
			names = append(names, strings.TrimPrefix(p, "page"))
		}
		return err
	})
	return names, err
}

// address is where a browser asks for a file.
func address(name string) string {
	if name == "/index.html" {
		return "/"
	}
	return name
}

var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".wasm": "application/wasm", ".json": "application/json",
}

// plain takes out of a name what moves or hides the characters around it, as the
// page's script does with all that it is told.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d':
			return -1
		}
		return r
	}, name)
}

// fill writes names into the page, and into the service worker what it keeps and
// the assets' version, so that a new agent's page replaces an old one's.
func (d *Door) fill(name string, body []byte, version string, names []string) ([]byte, error) {
	var out bytes.Buffer
	switch name {
	case "/index.html":
		t, err := template.New(name).Parse(string(body))
		if err != nil {
			return nil, err
		}
		err = t.Execute(&out, map[string]string{"Gate": plain(d.Gate), "Event": d.Event})
		return out.Bytes(), err
	case "/sw.js":
		t, err := texttemplate.New(name).Parse(string(body))
		if err != nil {
			return nil, err
		}
		keep := []string{wordsAt}
		for _, name := range names {
			if name != "/sw.js" {
				keep = append(keep, address(name))
			}
		}
		list, err := json.Marshal(keep)
		if err != nil {
			return nil, err
		}
		err = t.Execute(&out, map[string]string{"Version": version, "Files": string(list)})
		return out.Bytes(), err
	}
	return body, nil
}

func treeHash() (string, error) {
	h := sha256.New()
	var err error
	for _, tree := range []embed.FS{page, messages} {
		err = errors.Join(err, fs.WalkDir(tree, ".", func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := tree.ReadFile(p)
			h.Write(b)
			return err
		}))
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Handler is the page and the local API.
func (d *Door) Handler() http.Handler {
	mux := http.NewServeMux()
	for name := range d.files {
		pattern := "GET " + name
		if name == "/" {
			pattern = "GET /{$}"
		}
		mux.HandleFunc(pattern, d.asset(name))
	}
	mux.Handle("POST /api/scan", d.reply(d.scanText))
	mux.Handle("POST /api/picture", d.reply(d.scanPicture))
	mux.Handle("POST /api/frame", d.reply(d.scanFrame))
	mux.Handle("POST /api/override", d.reply(d.override))
	mux.Handle("GET /api/challenge", d.answer(d.askNumber))
	mux.Handle("POST /api/challenge", d.answer(d.askNumber))
	mux.Handle("POST /api/sign-in", d.reply(d.signIn))
	mux.Handle("POST /api/sign-out", d.reply(d.signOut))
	mux.Handle("GET /api/me", d.answer(d.me))
	mux.Handle("POST /api/shown", d.answer(d.shown))
	mux.Handle("POST /api/undo", d.answer(d.undo))
	mux.Handle("POST /api/search", d.answer(d.search))
	mux.Handle("POST /api/sync", d.answer(d.sync))
	mux.Handle("POST /api/import", d.answer(d.importFile))
	mux.Handle("GET /api/shift", d.answer(d.shift))
	mux.Handle("GET /api/preflight", d.answer(d.preflight))
	mux.Handle("POST /api/preflight", d.answer(d.preflight))
	mux.Handle("POST /api/training", d.answer(d.training))
	mux.Handle("POST /api/leave", d.reply(d.leave))
	mux.HandleFunc("GET /api/hand-over", d.handOver)
	mux.Handle("GET /api/status", d.answer(func(r *http.Request) (any, error) { return d.Status(r.Context()), nil }))
	mux.HandleFunc("GET /api/live", d.live)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	return secured(http.NewCrossOriginProtection().Handler(d.guard(mux)))
}

// What the page and its decoder may do, as a browser enforces it.
const (
	policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

	// decoder is the worker that reads frames, the only script that may compile
	// WebAssembly. It has a policy of its own, so the page doesn't need the leave.
	decoder       = "/decode.js"
	decoderPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
)

// secured sets the headers that every answer of the door has.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
		next.ServeHTTP(w, r)
	})
}

func (d *Door) asset(name string) http.HandlerFunc {
	f := d.files[name]
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", f.kind)
		w.Header().Set("ETag", f.etag)
		w.Header().Set("Cache-Control", "no-cache")
		if name == decoder {
			w.Header().Set("Content-Security-Policy", decoderPolicy)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
	}
}

// answer runs a handler that gives a value or an error, and writes either.
func (d *Door) answer(do func(*http.Request) (any, error)) http.Handler {
	return d.reply(func(_ http.ResponseWriter, r *http.Request) (any, error) { return do(r) })
}

// reply is answer for handlers that set a header as well.
func (d *Door) reply(do func(http.ResponseWriter, *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := do(w, r)
		if err != nil {
			d.refuse(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, v)
	})
}
