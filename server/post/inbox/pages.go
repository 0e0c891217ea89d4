package inbox

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"mime"
	"net/http"
	"strconv"

	"usher/sync/fault"
)

//go:embed page.html style.css
var files embed.FS

var pages = template.Must(template.ParseFS(files, "page.html"))

// shownAtMost is how many messages the list shows.
const shownAtMost = 100

const (
	// policy lets a page load its style and nothing else.
	policy = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'"
	// letterPolicy is for the letter's own HTML, which stands in a frame.
	letterPolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; sandbox allow-popups allow-top-navigation-by-user-activation; frame-ancestors 'self'"
	// filePolicy is for what is no page, and is to be none.
	filePolicy = "sandbox"
)

// Register adds the pages at /inbox.
func (b *Inbox) Register(mux *http.ServeMux, log *slog.Logger) {
	h := &handler{b, log}
	mux.HandleFunc("GET /inbox/{$}", h.answer(h.list))
	mux.HandleFunc("GET /inbox", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/inbox/", http.StatusSeeOther) })
	mux.HandleFunc("GET /inbox/style.css", h.answer(h.style))
	mux.HandleFunc("GET /inbox/{id}", h.answer(h.one))
	mux.HandleFunc("GET /inbox/{id}/letter", h.answer(h.letter))
	mux.HandleFunc("GET /inbox/{id}/source", h.answer(h.source))
	mux.HandleFunc("GET /inbox/{id}/files/{index}", h.answer(h.file))
}

type handler struct {
	*Inbox
	log *slog.Logger
}

// answer gives a page its headers, and an error its status.
func (h *handler) answer(page func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cache-Control", "no-store")
		if err := page(w, r); err != nil {
			status := fault.KindOf(err).HTTPStatus()
			if status >= http.StatusInternalServerError {
				h.log.ErrorContext(r.Context(), "the inbox failed", "error", err)
			}
			if err := show(w, "fault", status, fault.ToProblem(err)); err != nil {
				http.Error(w, fault.Message(err), status)
			}
		}
	}
}

func (h *handler) list(w http.ResponseWriter, r *http.Request) error {
	messages, err := h.newest(r.Context(), shownAtMost)
	if err != nil {
		return err
	}
	return show(w, "list", http.StatusOK, messages)
}

func (h *handler) one(w http.ResponseWriter, r *http.Request) error {
	a, m, err := h.message(r)
	if err != nil {
		return err
	}
	return show(w, "one", http.StatusOK, opened{a, m})
}

// opened is a message that somebody reads.
type opened struct {
	Mail   arrival
	Letter *message
}

// letter is the letter's own HTML, for the frame: it may style itself as mail
// does, and load or run nothing.
func (h *handler) letter(w http.ResponseWriter, r *http.Request) error {
	_, m, err := h.message(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", letterPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<base target="_top">` + m.HTML)) // or links would open inside the frame
	return nil
}

// source is the message as it came.
func (h *handler) source(w http.ResponseWriter, r *http.Request) error {
	_, raw, err := h.read(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", filePolicy)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(raw) // the reader hung up: nobody is left to tell
	return nil
}

// looked are the kinds of file that are opened in the browser, which runs nothing of
// them. They have no policy, under which some browsers show a PDF as an empty page. Others
// are saved, under a type that no page takes for a script or a style.
var looked = map[string]bool{"application/pdf": true, "image/jpeg": true, "image/png": true, "text/calendar": true, "text/plain": true}

func (h *handler) file(w http.ResponseWriter, r *http.Request) error {
	_, m, err := h.message(r)
	if err != nil {
		return err
	}
	index, err := strconv.Atoi(r.PathValue("index"))
	if err != nil || index < 0 || index >= len(m.Files) {
		return fault.New(fault.NotFound, "the message has no such file")
	}
	f := m.Files[index]
	kind, disposition := f.Type, "inline"
	if looked[kind] {
		w.Header().Del("Content-Security-Policy")
	} else {
		kind, disposition = "application/octet-stream", "attachment"
		w.Header().Set("Content-Security-Policy", filePolicy)
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": f.Name}))
	_, _ = w.Write(f.Body) // the reader hung up: nobody is left to tell
	return nil
}

func (h *handler) style(w http.ResponseWriter, r *http.Request) error {
	http.ServeFileFS(w, r, files, "style.css")
	return nil
}

func (h *handler) message(r *http.Request) (arrival, *message, error) {
	a, raw, err := h.read(r.Context(), r.PathValue("id"))
	if err != nil {
		return a, nil, err
	}
	m, err := parse(raw)
	if err != nil {
		return a, nil, fmt.Errorf("message %s: %w", a.ID, err) // it could be shown when it came
	}
	return a, m, nil
}

func show(w http.ResponseWriter, page string, status int, data any) error {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, page, data); err != nil {
		return fault.Wrap(fault.Internal, err, "the inbox's page can't be made")
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the reader hung up: nobody is left to tell
	return nil
}
