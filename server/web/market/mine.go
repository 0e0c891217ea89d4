package market

import (
	"net/http"

	"usher/server/catalog"
	"usher/server/resale"
	"usher/server/ticketing"
	"usher/server/web/site"
	"usher/sync/fault"
	"usher/sync/money"
)

// mineView is what the page shows on which somebody sells their ticket on.
type mineView struct {
	site.Speech
	Title   string
	Path    string
	Event   string // its name
	Product string
	Seat    string
	Terms   *resale.Terms // nil: it can't be sold on now
	Net     int64         // what the seller gets of the most; 0: it is all theirs, and all that is paid
	Total   int64         // what its buyer pays then
	Price   string        // as it was typed, or the most
	Account string
	Now     *resale.Listing // its newest listing; nil: it has none
	OnSale  bool
	Market  string // where it is sold
	Problem string
}

// mine is the page of one ticket, for its holder.
func (m *Market) mine(w http.ResponseWriter, r *http.Request) error {
	return m.show(w, r, http.StatusOK, func(*mineView) {})
}

func (m *Market) show(w http.ResponseWriter, r *http.Request, status int, say func(*mineView)) error {
	t, err := m.Held(r, r.PathValue("event"), r.PathValue("ticket"))
	if err != nil {
		return err
	}
	v, err := m.mineOf(r, t)
	if err != nil {
		return err
	}
	say(v)
	return m.Site.Render(w, m.pages, "mine.html", status, v)
}

func (m *Market) mineOf(r *http.Request, t ticketing.Ticket) (*mineView, error) {
	e, err := m.Catalog.Event(r.Context(), t.Event)
	if err != nil {
		return nil, err
	}
	l := speakTo(r, e, &t)
	v := &mineView{
		Speech: l, Title: l.T("market.sell"), Path: pathOf(&t), Event: e.Name, Seat: t.Seat, Market: "/events/" + t.Event + "/resale",
	}
	if p, known := e.ProductByNumber(t.Product); known {
		v.Product = p.Name
	}
	now, there, err := m.Resale.Of(r.Context(), t.Event, t.ID)
	if err != nil {
		return nil, err
	}
	if there && now.Holds(t.Email) {
		v.Now, v.OnSale = &now, now.State == resale.Open
	}
	if v.OnSale {
		return v, nil
	}
	terms, err := m.Resale.Terms(r.Context(), t)
	switch {
	case fault.KindOf(err) == fault.Refused:
		v.Problem = l.T("market.cant." + string(resale.WhyNot(err)))
	case err != nil:
		return nil, err
	default:
		v.Terms, v.Price = &terms, typed(l.Code(), terms.Most, terms.Currency)
		if kept, onTop := terms.Fees(terms.Most); kept+onTop > 0 {
			v.Net, v.Total = terms.Most-kept, terms.Most+onTop
		}
	}
	return v, nil
}

// pathOf is the address of a ticket's page.
func pathOf(t *ticketing.Ticket) string { return "/wallet/resale/" + t.Event + "/" + t.ID.String() }

// speakTo gives the language of a ticket's page.
func speakTo(r *http.Request, e *catalog.Event, t *ticketing.Ticket) site.Speech {
	return site.Speak(r, e.Language, e.Location, pathOf(t))
}

// put puts a ticket up. Its seller is written to in the language of the page.
func (m *Market) put(w http.ResponseWriter, r *http.Request) error {
	t, err := m.Held(r, r.PathValue("event"), r.PathValue("ticket"))
	if err != nil {
		return err
	}
	e, err := m.Catalog.Event(r.Context(), t.Event)
	if err != nil {
		return err
	}
	l := speakTo(r, e, &t)
	terms, err := m.Resale.Terms(r.Context(), t)
	if err == nil {
		var price int64
		price, err = money.Parse(amount(r.PostForm.Get("price")), terms.Currency)
		if err != nil {
			err = fault.At(fault.BadInput, "price", "%v", err)
		} else {
			_, err = m.Resale.List(r.Context(), t, resale.Asked{Price: price, Account: r.PostForm.Get("account"), Language: l.Code()})
		}
	}
	switch kind := fault.KindOf(err); {
	case kind == fault.BadInput:
		return m.show(w, r, http.StatusUnprocessableEntity, func(v *mineView) {
			v.Price, v.Account, v.Problem = r.PostForm.Get("price"), r.PostForm.Get("account"), v.T("market.bad_price", "most", v.Money(terms.Most, terms.Currency))
		})
	case err != nil && kind != fault.Refused: // then the page says how it stands
		return err
	}
	http.Redirect(w, r, l.Link(pathOf(&t)), http.StatusSeeOther)
	return nil
}

// back takes a ticket off sale.
func (m *Market) back(w http.ResponseWriter, r *http.Request) error {
	t, err := m.Held(r, r.PathValue("event"), r.PathValue("ticket"))
	if err != nil {
		return err
	}
	e, err := m.Catalog.Event(r.Context(), t.Event)
	if err != nil {
		return err
	}
	l := speakTo(r, e, &t)
	newest, there, err := m.Resale.Of(r.Context(), t.Event, t.ID)
	if err != nil {
		return err
	}
	if there && newest.Holds(t.Email) && newest.State == resale.Open {
		_, err = m.Resale.TakeBack(r.Context(), newest.ID)
	}
	if fault.KindOf(err) == fault.Refused && err != nil {
		return m.show(w, r, http.StatusConflict, func(v *mineView) { v.Problem = v.T("market.being_bought") })
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, l.Link(pathOf(&t)), http.StatusSeeOther)
	return nil
}
