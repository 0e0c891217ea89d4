package market

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"time"

	"usher/server/catalog"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/web/site"
	"usher/sync/fault"
)

// goodFor is how long a marketplace that was drawn is shown.
const goodFor = time.Second

// drawn is a marketplace as it was drawn.
type drawn struct {
	answer *site.Answer
	shop   *catalog.Shop
	at     time.Time
}

// listView is what a page of the market shows.
type listView struct {
	site.Speech
	Shop    *catalog.Shop
	Title   string
	Lines   []resale.OnSale
	Free    bool // one of them can be bought
	Most    int  // of one order
	Over    bool
	Numbers []int // to choose from, of the waiting list
	First   bool  // who waits is offered a ticket first
	Cap     float64
	Path    string
	Done    string // what was done
	Problem string
}

// list is the marketplace of an event.
func (m *Market) list(w http.ResponseWriter, r *http.Request) error {
	shop, err := m.selling(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	now, l := m.Now(), m.speak(r, shop)
	key := shop.Event + " " + l.Link("") + " " + l.Code()
	m.mu.Lock()
	d, there := m.drawn[key]
	m.mu.Unlock()
	if age := now.Sub(d.at); !there || d.shop != shop || age < 0 || age >= goodFor {
		v, err := m.view(r, shop)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := m.pages.ExecuteTemplate(&out, "market.html", v); err != nil {
			return fault.Wrap(fault.Internal, err, "can't draw the marketplace")
		}
		d = drawn{site.NewAnswer("text/html; charset=utf-8", out.Bytes()), shop, now}
		m.mu.Lock()
		m.drawn[key] = d
		m.mu.Unlock()
	}
	answer, control := d.answer, "public, max-age=0, s-maxage=1, stale-while-revalidate=5"
	if l.Chosen() == "" {
		answer = answer.ByLanguage()
	}
	if !l.Ours(shop.About.Language) {
		control = "private, max-age=0, must-revalidate"
	}
	answer.Send(w, r, []string{control})
	return nil
}

// view puts together what a marketplace shows now.
func (m *Market) view(r *http.Request, shop *catalog.Shop) (*listView, error) {
	v := m.frame(r, shop, "market.title")
	var err error
	if v.Lines, err = m.Resale.ForSale(r.Context(), shop.Event); err != nil {
		return nil, err
	}
	v.Free = slices.ContainsFunc(v.Lines, func(l resale.OnSale) bool { return !l.Taken })
	now := m.Now().Unix()
	v.Over = now >= shop.Resale.Until || now >= shop.About.Ends || shop.About.Closed()
	for n := range resale.MaxWanted {
		v.Numbers = append(v.Numbers, n+1)
	}
	return v, nil
}

// frame is what pages of an event's market share.
func (m *Market) frame(r *http.Request, shop *catalog.Shop, title string) *listView {
	l := m.speak(r, shop)
	return &listView{
		Speech: l, Shop: shop, Title: l.T(title), Most: shop.MaxPerOrder, First: shop.Resale != nil && shop.Resale.WaitlistFirst,
		Cap: capOf(shop), Path: "/events/" + shop.Event + "/resale",
	}
}

// speak gives the language of a page of an event's market.
func (m *Market) speak(r *http.Request, shop *catalog.Shop) site.Speech {
	return site.Speak(r, shop.About.Language, shop.About.Location, "/events/"+shop.Event+"/resale")
}

func capOf(shop *catalog.Shop) float64 {
	if shop.Resale == nil {
		return 0
	}
	return float64(shop.Resale.Cap) / 100
}

// wait puts an address on the waiting list.
func (m *Market) wait(w http.ResponseWriter, r *http.Request) error {
	shop, err := m.selling(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	wanted, _ := strconv.Atoi(r.PostForm.Get("wanted")) // 0 is refused
	v := m.frame(r, shop, "market.title")
	status := http.StatusOK
	err = m.Resale.Wait(r.Context(), shop.Event, r.PostForm.Get("email"), v.Code(), wanted)
	switch kind := fault.KindOf(err); {
	case err == nil:
		v.Done = v.T("market.waits")
	case kind == fault.BadInput:
		status, v.Problem = http.StatusUnprocessableEntity, v.T("market.bad_email")
	case kind == fault.Refused:
		status, v.Problem = http.StatusConflict, v.T("market.over")
	case kind == fault.TooMany:
		status, v.Problem = http.StatusTooManyRequests, v.T("market.full")
	default:
		return err
	}
	return m.Site.Render(w, m.pages, "said.html", status, v)
}

// offerView is a ticket that is kept for somebody who waited.
type offerView struct {
	*listView
	resale.Listing
	Until int64
}

// overOffer says that what was kept for somebody isn't any more, the one of l.
func (m *Market) overOffer(w http.ResponseWriter, r *http.Request, l *resale.Listing, err error) error {
	if fault.KindOf(err) != fault.Expired {
		return err
	}
	shop, err := m.selling(r.Context(), l.Event)
	if err != nil {
		return err
	}
	v := m.frame(r, shop, "market.offer")
	v.Problem = v.T("market.offer_over")
	return m.Site.Render(w, m.pages, "said.html", http.StatusGone, v)
}

// offer shows what is kept for whoever a link was mailed to.
func (m *Market) offer(w http.ResponseWriter, r *http.Request) error {
	l, err := m.Resale.Claim(r.Context(), r.PathValue("link"))
	if err != nil {
		return m.overOffer(w, r, &l, err)
	}
	shop, err := m.selling(r.Context(), l.Event)
	if err != nil {
		return err
	}
	v := &offerView{m.frame(r, shop, "market.offer"), l, l.KeptUntil.Unix()}
	v.Path = resale.OfferPath + r.PathValue("link")
	return m.Site.Render(w, m.pages, "offer.html", http.StatusOK, v)
}

// take begins the one order that an offer makes: a second use of the link leads to it.
func (m *Market) take(w http.ResponseWriter, r *http.Request) error {
	link := r.PathValue("link")
	l, err := m.Resale.Claim(r.Context(), link)
	if err != nil {
		return m.overOffer(w, r, &l, err)
	}
	shop, err := m.selling(r.Context(), l.Event)
	if err != nil {
		return err
	}
	o, err := m.Sales.Begin(r.Context(), sales.Cart{
		Event: l.Event, Wanted: []sales.Wanted{{Listing: l.ID, Count: 1}}, Language: m.speak(r, shop).Code(), Claim: link, Key: "offer/" + link,
	})
	if err != nil {
		return err
	}
	order, err := m.Sales.Link(r.Context(), &o)
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/order/"+order, http.StatusSeeOther)
	return nil
}

// leaving asks whether somebody wants to leave the waiting list.
func (m *Market) leaving(w http.ResponseWriter, r *http.Request) error {
	l := site.Accepted(r)
	v := &listView{Speech: l, Title: l.T("market.leave"), Path: resale.LeavePath + r.PathValue("link")}
	return m.Site.Render(w, m.pages, "leave.html", http.StatusOK, v)
}

// leave takes somebody off the waiting list.
func (m *Market) leave(w http.ResponseWriter, r *http.Request) error {
	waiter, err := m.Resale.Leave(r.Context(), r.PathValue("link"))
	if err != nil {
		return err
	}
	shop, err := m.Catalog.Shop(r.Context(), waiter.Event)
	if err != nil {
		return err
	}
	v := m.frame(r, shop, "market.leave")
	v.Done = v.T("market.left")
	return m.Site.Render(w, m.pages, "said.html", http.StatusOK, v)
}
