package manage

import (
	"net/http"
	"strconv"

	"usher/server/post"
	"usher/server/sales"
	"usher/sync/fault"
)

// mailsShown is how many mails the page lists of each kind.
const mailsShown = 100

// mailPage is the page of mail that is not where it should be.
type mailPage struct {
	Status          post.Status
	Failed, Waiting []mailLine
	Again           int // how many were just put back; -1: none was asked for
}

type mailLine struct {
	post.Queued
	Code string // of the order that it is about
	When string // it was given up, or is tried next; UTC
}

// mail lists what was given up, and what waits although it was tried.
func (m *Manage) mail(w http.ResponseWriter, r *http.Request) (err error) {
	page := mailPage{Again: -1}
	if n, err := strconv.Atoi(r.URL.Query().Get("again")); err == nil && n >= 0 {
		page.Again = n
	}
	if page.Status, err = m.Post.Status(r.Context()); err != nil {
		return err
	}
	if page.Failed, err = m.mails(r, post.Failed); err != nil {
		return err
	}
	if page.Waiting, err = m.mails(r, post.Waiting); err != nil {
		return err
	}
	return m.Site.Render(w, m.pages, "mail.html", http.StatusOK, page)
}

func (m *Manage) mails(r *http.Request, state post.State) ([]mailLine, error) {
	found, err := m.Post.List(r.Context(), state, mailsShown)
	if err != nil {
		return nil, err
	}
	lines := make([]mailLine, len(found))
	for i, q := range found {
		at := q.Done
		if state == post.Waiting {
			at = q.Due
		}
		var o sales.Order
		if o, err = m.Sales.Order(r.Context(), q.About); err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		lines[i] = mailLine{q, o.Code, at.Format("Mon 2 Jan 15:04")}
	}
	return lines, nil
}

// mailAgain sends one mail again, or all.
func (m *Manage) mailAgain(w http.ResponseWriter, r *http.Request) error {
	var n int
	var err error
	if r.PostForm.Get("all") != "" {
		n, err = m.Post.AgainAll(r.Context())
	} else {
		n, err = m.Post.Again(r.Context(), r.PostForm["mail"]...)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/manage/mail?again="+strconv.Itoa(n), http.StatusSeeOther)
	return nil
}
