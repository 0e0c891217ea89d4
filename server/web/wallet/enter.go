package wallet

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"usher/server/guard"
	"usher/sync/fault"
	"usher/sync/words"
)

// view is what the pages are drawn from that the server draws.
type view struct {
	*words.Language
	Page    string // shell, sent, enter, over
	Token   string // of the link, for the form that uses it up
	Email   string
	Wrong   bool // the address that was given is none
	Minutes int
}

// T says a message.
func (v view) T(key string, pairs ...any) string {
	with := words.With{}
	for i := 0; i+1 < len(pairs); i += 2 {
		with[pairs[i].(string)] = pairs[i+1]
	}
	return v.Say(key, with)
}

func (w *Wallet) draw(out http.ResponseWriter, r *http.Request, status int, v view) error {
	v.Language = w.book.Pick(r.Header.Get("Accept-Language"), words.English)
	var page bytes.Buffer
	if err := w.pages.ExecuteTemplate(&page, "index.html", v); err != nil {
		return fault.Wrap(fault.Internal, err, "can't draw the wallet's page")
	}
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	out.Header().Set("Vary", "Accept-Language")
	out.WriteHeader(status)
	_, _ = page.WriteTo(out) // the other side hung up
	return nil
}

// shell is the page itself, which holds nothing of anybody.
func (w *Wallet) shell(out http.ResponseWriter, r *http.Request) error {
	return w.draw(out, r, http.StatusOK, view{Page: "shell"})
}

// ask mails a link. The answer is the same whether anybody has tickets or not.
func (w *Wallet) ask(out http.ResponseWriter, r *http.Request) error {
	email := strings.TrimSpace(r.PostForm.Get("email"))
	language := w.book.Pick(r.Header.Get("Accept-Language"), words.English).Code()
	err := w.Accounts.Ask(r.Context(), email, language, guard.Party(r))
	if fault.KindOf(err) == fault.BadInput {
		return w.draw(out, r, http.StatusUnprocessableEntity, view{Page: "shell", Email: email, Wrong: true})
	}
	if err != nil {
		return err
	}
	return w.draw(out, r, http.StatusOK, view{Page: "sent", Email: email, Minutes: linkMinutes})
}

// confirm is where a mailed link leads: it asks before it uses the link up, since
// programs that check mail open every link in it.
func (w *Wallet) confirm(out http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	email, err := w.Accounts.Peek(r.Context(), token)
	if err != nil {
		return w.refuseLink(out, r, err)
	}
	return w.draw(out, r, http.StatusOK, view{Page: "enter", Token: token, Email: email})
}

// enter uses a link up.
func (w *Wallet) enter(out http.ResponseWriter, r *http.Request) error {
	_, secret, err := w.Accounts.Enter(r.Context(), r.PathValue("token"), w.secret(r), r.UserAgent())
	if err != nil {
		return w.refuseLink(out, r, err)
	}
	w.remember(out, r, secret)
	http.Redirect(out, r, shellAt, http.StatusSeeOther)
	return nil
}

// refuseLink says that a link opens nothing, and slows down who tries many.
func (w *Wallet) refuseLink(out http.ResponseWriter, r *http.Request, err error) error {
	if kind := fault.KindOf(err); kind != fault.NotFound && kind != fault.Expired {
		return err
	}
	if !w.tries.Allow(guard.Party(r)) {
		return fault.New(fault.TooMany, "too many links that open nothing; try again in some minutes")
	}
	return w.draw(out, r, http.StatusGone, view{Page: "over"})
}

// keep has this browser hold the tickets of an order whose page it comes from.
func (w *Wallet) keep(out http.ResponseWriter, r *http.Request) error {
	link := strings.TrimPrefix(r.PostForm.Get("order"), "/order/")
	id, err := w.Sales.Open(r.Context(), link)
	if err != nil {
		if !w.tries.Allow(guard.Party(r)) {
			return fault.New(fault.TooMany, "too many links that open nothing; try again in some minutes")
		}
		return err
	}
	_, secret, err := w.Accounts.Open(r.Context(), id, w.secret(r), r.UserAgent())
	if err != nil {
		return err
	}
	w.remember(out, r, secret)
	http.Redirect(out, r, shellAt, http.StatusSeeOther)
	return nil
}

// sessionView is a browser in the list of those that are signed in.
type sessionView struct {
	ID    string    `json:"id"`
	Agent string    `json:"agent"`
	Made  time.Time `json:"made"`
	Seen  time.Time `json:"seen"`
	This  bool      `json:"this,omitempty"`
}

// sessions lists where somebody is signed in.
func (w *Wallet) sessions(out http.ResponseWriter, r *http.Request) error {
	s, err := w.session(r)
	if err != nil {
		return err
	}
	all, err := w.Accounts.Sessions(r.Context(), s)
	if err != nil {
		return err
	}
	list := make([]sessionView, len(all))
	for i, one := range all {
		list[i] = sessionView{ID: one.ID, Agent: one.Agent, Made: one.Made, Seen: one.Seen, This: one.ID == s.ID}
	}
	writeJSON(out, map[string]any{"sessions": list})
	return nil
}

// end ends a session: this browser's, or another one's of the same person.
func (w *Wallet) end(out http.ResponseWriter, r *http.Request) error {
	s, err := w.session(r)
	if err != nil {
		return err
	}
	var asked struct {
		ID string `json:"id"` // "": this one
	}
	if err := readJSON(r, &asked); err != nil {
		return err
	}
	if asked.ID == "" {
		asked.ID = s.ID
	}
	if err := w.Accounts.End(r.Context(), s, asked.ID); err != nil {
		return err
	}
	if asked.ID == s.ID {
		w.remember(out, r, "")
	}
	out.WriteHeader(http.StatusNoContent)
	return nil
}
