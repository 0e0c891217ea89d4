package inbox

import (
	"bytes"
	"embed"
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

// policy lets a page load its style and nothing else. The letter's own HTML stands
// in a frame with a policy of its own.
const policy = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'"

// Register adds the pages at /inbox.
func (b *Inbox) Register(mux *http.ServeMux, log *slog.Logger) {
	h := &handler{b, log}
	mux.HandleFunc("GET /inbox/{$}", h.answer(h.list))
	mux.HandleFunc("GET /inbox", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/inbox/", http.StatusSeeOther) })
	mux.HandleFunc("GET /inbox/style.css", h.answer(h.style))
	mux.HandleFunc("GET /inbox/{id}", h.answer(h.one))
	mux.HandleFunc("GET /inbox/{id}/letter", h.answer(h.letter))
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
	m, err := h.message(r)
	if err != nil {
		return err
	}
	return show(w, "one", http.StatusOK, m)
}

// letter is the letter's own HTML, for the frame: it may style itself as mail
// does, and load or run nothing.
func (h *handler) letter(w http.ResponseWriter, r *http.Request) error {
	m, err := h.message(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-top-navigation-by-user-activation; frame-ancestors 'self'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<base target="_top">` + m.HTML)) // or links would open inside the frame
	return nil
}

func (h *handler) file(w http.ResponseWriter, r *http.Request) error {
	m, err := h.message(r)
	if err != nil {
		return err
	}
	index, err := strconv.Atoi(r.PathValue("index"))
	if err != nil || index < 0 || index >= len(m.Files) {
		return fault.New(fault.NotFound, "the message has no such file")
	}
	f := m.Files[index]
	w.Header().Set("Content-Type", f.Type)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": f.Name}))
	w.Header().Set("Content-Security-Policy", "sandbox")
	_, _ = w.Write(f.Body) // the reader hung up: nobody is left to tell
	return nil
}

func (h *handler) style(w http.ResponseWriter, r *http.Request) error {
	http.ServeFileFS(w, r, files, "style.css")
	return nil
}

func (h *handler) message(r *http.Request) (*message, error) {
	return h.read(r.Context(), r.PathValue("id"))
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
