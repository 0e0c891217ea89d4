// Package site is what all of the server's pages stand on: assets and their
// addresses, headers, words in the reader's language, and what a page says when
// something is wrong.
package site

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"usher/sync/fault"
)

//go:embed assets shell.html
var files embed.FS

// Site is what pages share. It may be used by many at once.
type Site struct {
	Log    *slog.Logger
	Public func() string // the server's address, as https://tickets.example; "" where nobody said

	assets map[string]*asset
	shell  *template.Template
}

// New reads what is embedded.
func New(log *slog.Logger, public func() string) (*Site, error) {
	s := &Site{Log: log, Public: public, assets: map[string]*asset{}}
	err := s.loadAssets()
	if err == nil {
		s.shell, err = template.New("shell").Funcs(template.FuncMap{"asset": s.Asset}).ParseFS(files, "shell.html")
	}
	if err != nil {
		return nil, fmt.Errorf("making the pages ready: %w", err)
	}
	return s, nil
}

// Templates parses pages, which may use those of the shell and its function asset.
func (s *Site) Templates(folder fs.FS, pattern string) (*template.Template, error) {
	t, err := s.shell.Clone()
	if err != nil {
		return nil, err
	}
	return t.ParseFS(folder, pattern)
}

// Handler is a page that may fail.
type Handler func(http.ResponseWriter, *http.Request) error

// Policy is the Content-Security-Policy of pages: nothing comes from elsewhere, no
// script or style stands in a page, and forms go nowhere but here.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Secured sets the headers that every answer has. What may be stored anywhere
// says so itself.
func Secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Content-Security-Policy"] = policy
		h["X-Content-Type-Options"] = nosniff
		h["Referrer-Policy"] = noReferrer
		h["Cache-Control"] = noStore
		next.ServeHTTP(w, r)
	})
}

// Header values that are the same in every answer; nobody changes them.
var (
	policy     = []string{Policy}
	nosniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	noStore    = []string{"no-store"}
)

// Page serves a page that is for everybody. What fails becomes a page that says
// so, in English or the language that the browser asks for.
func (s *Site) Page(h Handler) http.Handler {
	return Secured(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.Fail(w, r, err)
		}
	}))
}

// Form serves what a form of ours sends, at most so many bytes of it. What a page of
// another site sends is refused.
func (s *Site) Form(h Handler, most int64) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Fail(w, r, fault.New(fault.Forbidden, "this was sent by a page of another site"))
	}))
	return Secured(guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := s.parse(w, r, most)
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			s.Fail(w, r, err)
		}
	})))
}

// parse reads a form into PostForm.
func (s *Site) parse(w http.ResponseWriter, r *http.Request, most int64) error {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(formWithin)) // not every transport has one
	r.Body = http.MaxBytesReader(w, r.Body, most)
	err := r.ParseForm()
	if tooLong, is := errors.AsType[*http.MaxBytesError](err); is {
		return fault.New(fault.TooLarge, "a form has at most %d bytes", tooLong.Limit)
	}
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "the form can't be read")
	}
	if !Legible(r.PostForm) {
		return fault.New(fault.BadInput, "the form holds bytes that are no text")
	}
	return nil
}

// Legible says whether names and values are texts that can be kept and shown. What a
// database or a page would stumble over is nobody's name, and no form of ours sends it.
func Legible(values url.Values) bool {
	for name, list := range values {
		for _, text := range append(list, name) {
			if !IsText(text) {
				return false
			}
		}
	}
	return true
}

// IsText says whether a text is UTF-8 without zeroes.
func IsText(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }

// formWithin bounds how long a browser may take to send a form.
const formWithin = 30 * time.Second

// Fail answers with a page that says what is wrong.
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, err error) {
	p := fault.ToProblem(err)
	// Who has hung up made whatever they waited for fail; who is too slow is told so.
	if p.Status >= http.StatusInternalServerError && errors.Is(r.Context().Err(), context.Canceled) {
		return
	}
	s.Note(r, err, p.Status)
	h := w.Header()
	h["Cache-Control"] = noStore
	h.Del("ETag")
	if p.Kind.Temporary() {
		AskLater(h)
	}
	h.Set("Vary", "Accept-Language")
	l := Accepted(r)
	data := struct {
		Speech
		Title, Detail, Exact string
	}{Speech: l}
	data.Title, data.Detail = wrong(l, p.Kind)
	if p.Kind == fault.BadInput { // which only a form that was tampered with can say
		data.Exact = fault.Message(err)
	}
	if err := s.Render(w, s.shell, "wrong", p.Status, data); err != nil {
		s.Log.ErrorContext(r.Context(), "the page of an error failed", "error", err)
	}
}

// wrong puts what is wrong into words for who looks at the page.
func wrong(l Speech, kind fault.Kind) (title, detail string) {
	switch kind {
	case fault.NotFound:
		return l.T("wrong.not_here"), l.T("wrong.link")
	case fault.Expired:
		return l.T("wrong.title"), l.T("wrong.over")
	case fault.TooMany:
		return l.T("wrong.later"), l.T("wrong.many")
	case fault.Unavailable, fault.NotReady:
		return l.T("wrong.later"), l.T("wrong.away")
	case fault.TooLarge:
		return l.T("wrong.title"), l.T("wrong.large")
	case fault.Forbidden:
		return l.T("wrong.title"), l.T("wrong.other")
	case fault.Unauthorised:
		return l.T("wrong.title"), l.T("wrong.signed_out")
	case fault.Exists, fault.Refused:
		return l.T("wrong.title"), l.T("wrong.changed")
	case fault.BadInput:
		return l.T("wrong.title"), l.T("wrong.unread")
	}
	return l.T("wrong.later"), l.T("wrong.ours")
}

// AskLater says in an answer that the same may succeed in a few seconds (RFC 9110
// section 10.2.3).
func AskLater(h http.Header) { h.Set("Retry-After", "5") }

// Note logs what a person can't mend. It names the page by its pattern: a path may have
// a link's secret in it.
func (s *Site) Note(r *http.Request, err error, status int) {
	if status >= http.StatusInternalServerError {
		s.Log.ErrorContext(r.Context(), "a page failed", "page", r.Pattern, "error", err)
	}
}

// Render draws a page, whole or not at all.
func (s *Site) Render(w http.ResponseWriter, t *template.Template, name string, status int, data any) error {
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, name, data); err != nil {
		return fault.Wrap(fault.Internal, err, "can't draw the page %s", name)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the other side hung up
	return nil
}

// Bearer gives the token of a request's Authorization header.
func Bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}
