// Package handover is the page on which somebody accepts tickets that somebody else
// gives them. They need no account: a name, an e-mail address, and answers to what the
// organiser asks of who has such a ticket.
//
// The link is secret. Opening it changes nothing, since programs that check mail open
// every link; the form accepts, and leads to an address without the secret. Pages tell
// no other site where they were (Referrer-Policy), and are kept nowhere.
package handover

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"usher/server/catalog"
	"usher/server/guard"
	"usher/server/post"
	"usher/server/ticketing"
	"usher/server/transfer"
	"usher/server/web/site"
	"usher/sync/fault"
)

//go:embed page
var page embed.FS

// maxForm bounds what the form may send, in bytes: an offer of fifty tickets with twenty
// answers each needs less.
const maxForm = 1 << 20

// Config is what the pages stand on.
type Config struct {
	Site      *site.Site
	Catalog   *catalog.Catalog
	Tickets   *ticketing.Office
	Transfers *transfer.Transfers
	Now       func() time.Time
}

// Handover serves the pages.
type Handover struct {
	Config
	pages *template.Template
	tries *guard.Pace // of links that open nothing, by network address
	takes *guard.Pace // of acceptances, likewise
}

// New makes the pages.
func New(cfg Config) (*Handover, error) {
	pages, err := cfg.Site.Templates(page, "page/*.html")
	return &Handover{cfg, pages, guard.NewPace(cfg.Now, 20, time.Minute), guard.NewPace(cfg.Now, 30, 10*time.Second)}, err
}

// Register adds the pages' routes.
func (h *Handover) Register(mux *http.ServeMux) {
	mux.Handle("GET /transfer/{token}", h.Site.Page(h.see))
	mux.Handle("POST /transfer/{token}", h.Site.Form(h.accept, maxForm))
	mux.Handle("GET /transfer/done", h.Site.Page(h.done))
}

// view is what the pages show.
type view struct {
	site.Speech
	Page  string // offer, done, ended
	Title string
	From  string // who gives
	Form  string // it, or them
	Event *catalog.Event
	What  []string // the tickets
	Asked []askedView
	Until string
	Named string // the address that it is for; "" for any
	Name  string // as it was given
	Email string
	Given []map[string]string // answers, of each ticket
	Ended string              // why there is nothing to accept
	Path  string              // of the form
	wrong error               // with what was given
	site.Problems
}

// askedView is what the organiser asks of a ticket.
type askedView struct {
	Number    int
	What      string
	Questions []site.Question
}

// see is where a link leads: it says what there is to accept.
func (h *Handover) see(w http.ResponseWriter, r *http.Request) error {
	o, err := h.peek(r)
	if err != nil {
		return err
	}
	return h.draw(w, r, http.StatusOK, o, view{Name: o.To.Name})
}

// peek gives the offer that a request's link is to, and slows down who tries many.
func (h *Handover) peek(r *http.Request) (transfer.Offer, error) {
	o, err := h.Transfers.Peek(r.Context(), r.PathValue("token"))
	if fault.KindOf(err) == fault.NotFound && !h.tries.Allow(guard.Party(r)) {
		return o, fault.New(fault.TooMany, "too many links that lead to nothing; try again in some minutes")
	}
	return o, err
}

// accept takes the tickets.
func (h *Handover) accept(w http.ResponseWriter, r *http.Request) error {
	o, err := h.peek(r)
	if err != nil {
		return err
	}
	if !h.takes.Allow(guard.Party(r)) {
		return fault.New(fault.TooMany, "too many tickets were accepted from here; try again in a minute")
	}
	asked, err := h.Transfers.Asks(r.Context(), &o)
	if err != nil {
		return err
	}
	given := make([]map[string]string, len(asked))
	for n := range asked {
		given[n] = site.Answers(r.PostForm, n, asked[n])
	}
	to := ticketing.Holder{Name: r.PostForm.Get("name"), Email: r.PostForm.Get("email")}
	got, err := h.Transfers.Accept(r.Context(), r.PathValue("token"), to, site.Speak(r, "", time.UTC, "").Code(), given...)
	switch kind := fault.KindOf(err); {
	case err == nil:
		http.Redirect(w, r, "/transfer/done", http.StatusSeeOther)
		return nil
	case kind == fault.BadInput:
		return h.draw(w, r, http.StatusUnprocessableEntity, o, view{Name: to.Name, Email: to.Email, Given: given, wrong: err})
	case kind == fault.Expired:
		return h.draw(w, r, http.StatusGone, got, view{})
	case kind == fault.Refused:
		return h.draw(w, r, http.StatusConflict, o, view{Ended: "refused"})
	}
	return err
}

var ticketAnswer = regexp.MustCompile(`^tickets\[(\d+)\]\.answers\.(.+)$`)

// problems puts all that is wrong with the form into words.
func problems(l site.Speech, err error) (list site.Problems) {
	for _, wrong := range site.Faults(err) {
		field, words := wrong.Where, "handover."+wrong.Where+"_wrong" // of name and email
		if found := ticketAnswer.FindStringSubmatch(wrong.Where); found != nil {
			n, _ := strconv.Atoi(found[1]) // it is a number
			field, words = site.AnswerField(n, found[2]), "order.need_answer"
		}
		list = append(list, site.Problem{Field: field, Text: l.T(words)})
	}
	return list
}

// draw draws the page of an offer.
func (h *Handover) draw(w http.ResponseWriter, r *http.Request, status int, o transfer.Offer, v view) error {
	e, err := h.Catalog.Event(r.Context(), o.Event)
	if err != nil {
		return err
	}
	held, err := h.Tickets.Of(r.Context(), o.Event, o.Tickets)
	if err != nil {
		return err
	}
	v.Speech, v.Event = site.Speak(r, e.Language, e.Location, r.URL.Path), e
	v.Problems = problems(v.Speech, v.wrong)
	v.What, v.Form, v.Path = transfer.Describe(v.Lang, e, held), transfer.Form(len(held)), r.URL.Path
	v.From, v.Until = post.Name(o.From.Name), v.Moment(o.Until.Unix())
	if v.From == "" {
		v.From = e.Name
	}
	if o.Named {
		v.Named = o.To.Email
	}
	if err := h.ask(r.Context(), &o, &v); err != nil {
		return err
	}
	if o.State != transfer.Open {
		v.Ended = string(o.State)
	}
	v.Page, v.Title = "offer", v.T("handover.page_title."+v.Form, "from", v.From, "n", len(held))
	if v.Ended != "" {
		v.Page, v.Title = "ended", v.T("handover.ended_title")
		if status == http.StatusOK {
			status = http.StatusGone
		}
	}
	w.Header().Set("Vary", "Accept-Language")
	return h.Site.Render(w, h.pages, "handover.html", status, &v)
}

// ask puts what the organiser asks of each ticket on the page.
func (h *Handover) ask(ctx context.Context, o *transfer.Offer, v *view) error {
	asked, err := h.Transfers.Asks(ctx, o)
	if err != nil {
		return err
	}
	for n, questions := range asked {
		one := askedView{Number: n + 1, What: v.What[n]}
		for _, q := range questions {
			given := ""
			if n < len(v.Given) {
				given = v.Given[n][q.Code]
			}
			one.Questions = append(one.Questions, v.Ask(q, n, v.Event.Language, given, v.Problems))
		}
		if len(one.Questions) > 0 {
			v.Asked = append(v.Asked, one)
		}
	}
	return nil
}

// done is what somebody sees who has accepted. It says nothing of anybody.
func (h *Handover) done(w http.ResponseWriter, r *http.Request) error {
	v := view{Speech: site.Speak(r, "", time.UTC, r.URL.Path), Page: "done"}
	v.Title = v.T("handover.done_title")
	w.Header().Set("Vary", "Accept-Language")
	return h.Site.Render(w, h.pages, "handover.html", http.StatusOK, &v)
}
