package sandbox

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"usher/server/payment"
	"usher/sync/fault"
	"usher/sync/money"
)

//go:embed page
var pageFiles embed.FS

const (
	pathPay = Prefix + "pay"

	// firstCards are shown at once, the others when asked for.
	firstCards = 4
	// A page that waits looks again after so long.
	soonest = time.Second
	latest  = 5 * time.Second
	maxForm = 4 << 10
)

type pages struct {
	templates *template.Template
	css       []byte
	etag      string
}

func newPages() (*pages, error) {
	css, err := pageFiles.ReadFile("page/sandbox.css")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(css)
	templates, err := template.New("").Funcs(template.FuncMap{"money": money.Format, "choice": choose}).ParseFS(pageFiles, "page/*.html")
	return &pages{templates: templates, css: css, etag: `"` + hex.EncodeToString(sum[:8]) + `"`}, err
}

// choice is a card to choose.
type choice struct {
	Card    Card
	Checked bool
}

func choose(c Card, chosen string) choice { return choice{c, c.Number == chosen} }

func (p *pages) style(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "text/css; charset=utf-8")
	rw.Header().Set("ETag", p.etag)
	rw.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(p.css))
}

// view is what a page shows.
type view struct {
	Ref, Title      string
	Lines           []payment.Line
	Amount          int64
	Currency        string
	Email           string
	Success, Cancel string
	Step            string // card, confirm, working, paid, failed, cancelled
	Complaint       string // about what the buyer did last
	Chosen          string // card number
	First, More     []Card
	Typed           bool // the complaint is about the typed number
}

func (a account) view(now time.Time) view {
	state, _ := a.state(now)
	v := view{Ref: a.ref, Title: a.attempt.Text, Lines: a.attempt.Lines, Amount: a.attempt.Amount, Currency: a.attempt.Currency,
		Email: a.attempt.Email, Success: a.attempt.Success, Cancel: a.attempt.Cancel, Complaint: a.declined, Step: string(state)}
	if state != payment.Pending {
		v.Complaint = ""
		return v
	}
	v.Step = a.step
	v.First, v.More = cards[:firstCards], cards[firstCards:]
	v.Chosen = cards[0].Number
	return v
}

// buyers answers pages: nothing of another host on them, and nothing kept.
func (s *Sandbox) buyers(next func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(rw, r.Body, maxForm)
		secure(rw.Header(), "'self'")
		err := next(rw, r)
		if err == nil {
			return
		}
		p := fault.ToProblem(err)
		if r.Context().Err() != nil && p.Status >= http.StatusInternalServerError {
			return // the buyer hung up, and with them failed what they asked for
		}
		if p.Status >= http.StatusInternalServerError {
			s.Log.ErrorContext(r.Context(), "a page of the payment sandbox failed", "error", err)
		}
		if p.Kind.Temporary() {
			rw.Header().Set("Retry-After", "5")
		}
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.WriteHeader(p.Status)
		_ = s.pages.templates.ExecuteTemplate(rw, "fault.html", p) // the other side hung up
	})
}

// secure sets what every page says. forms are the sources that a form may lead to.
func secure(h http.Header, forms string) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action "+forms+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
}

// getPay shows how the payment stands, and what the buyer can do.
func (s *Sandbox) getPay(rw http.ResponseWriter, r *http.Request) error {
	a, err := readAccount(r.Context(), s.DB.Read(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.show(rw, r, a, a.view(s.now()), http.StatusOK)
}

func (s *Sandbox) show(rw http.ResponseWriter, r *http.Request, a account, v view, status int) error {
	if v.Step == string(payment.Paid) && !a.stays() {
		http.Redirect(rw, r, a.attempt.Success, http.StatusSeeOther)
		return nil
	}
	if v.Step == stepWorking {
		again := min(max(a.next(s.now()), soonest), latest)
		rw.Header().Set("Refresh", strconv.Itoa(int((again+time.Second-1)/time.Second)))
	}
	// A browser holds the form's redirect against the policy too.
	secure(rw.Header(), "'self' "+origin(a.attempt.Success)+" "+origin(a.attempt.Cancel))
	var out bytes.Buffer
	if err := s.pages.templates.ExecuteTemplate(&out, "pay.html", v); err != nil {
		return fault.Wrap(fault.Internal, err, "can't draw the payment page")
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = out.WriteTo(rw) // the other side hung up
	return nil
}

// stays reports that the card keeps the buyer here after paying.
func (a account) stays() bool {
	c, ok := findCard(a.card)
	return ok && c.Stays
}

// postCard is the buyer's press of the button. What they typed counts more than
// what was chosen before they typed, and is kept only if it is a test card.
func (s *Sandbox) postCard(rw http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	typed := r.PostForm.Get("number")
	if typed == "" {
		typed = r.PostForm.Get("card")
	}
	card, ok := findCard(typed)
	if !ok {
		a, err := readAccount(r.Context(), s.DB.Read(), r.PathValue("ref"))
		if err != nil {
			return err
		}
		v := a.view(s.now())
		v.Complaint, v.Typed = "This is no test card. Choose one of those below, and never type the number of a real card here.", true
		return s.show(rw, r, a, v, http.StatusUnprocessableEntity)
	}
	a, err := s.pay(r.Context(), r.PathValue("ref"), card)
	return s.onwards(rw, r, a, err)
}

// postConfirm is the buyer's answer to their bank.
func (s *Sandbox) postConfirm(rw http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	answer := r.PostForm.Get("answer")
	if answer != "yes" && answer != "no" {
		return fault.At(fault.BadInput, "answer", "want yes or no")
	}
	a, err := s.confirm(r.Context(), r.PathValue("ref"), answer == "yes")
	return s.onwards(rw, r, a, err)
}

// onwards sends the buyer on after a form: to the shop, or to the page again.
func (s *Sandbox) onwards(rw http.ResponseWriter, r *http.Request, a account, err error) error {
	if err != nil {
		return err
	}
	to := pathPay + "/" + a.ref
	if state, _ := a.state(s.now()); state == payment.Paid && !a.stays() {
		to = a.attempt.Success
	}
	secure(rw.Header(), "'self' "+origin(a.attempt.Success)+" "+origin(a.attempt.Cancel))
	http.Redirect(rw, r, to, http.StatusSeeOther)
	return nil
}

func readForm(r *http.Request) error {
	err := r.ParseForm()
	if tooLong, is := errors.AsType[*http.MaxBytesError](err); is {
		return fault.New(fault.TooLarge, "the page sends %d bytes at most", tooLong.Limit)
	}
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "this is not what the page sends")
	}
	return nil
}
