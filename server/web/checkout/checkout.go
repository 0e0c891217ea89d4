// Package checkout is the pages on which people buy: from the cart that an event's
// page sends, over details and payment, to the tickets.
//
// An order is known by its link, which is signed and secret: whoever has it is the
// buyer. There is no cookie and no session, so a reload, the back button, a second
// tab and a lost connection find the order as it is. Every page is drawn from the
// order's state; what somebody typed is kept by the order once it is good, and
// handed back with what is wrong with it before.
//
// No page needs a script. One counts the time down and looks whether a payment has
// arrived; without it the browser is told to look again by itself.
package checkout

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"time"

	"usher/server/catalog"
	"usher/server/guard"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/server/web/site"
	"usher/sync/fault"
)

//go:embed page
var page embed.FS

// maxForm bounds what a form may send, in bytes. An order of a hundred tickets with
// twenty answers each needs less.
const maxForm = 1 << 20

// Config is what the pages stand on.
type Config struct {
	Site    *site.Site
	Catalog *catalog.Catalog
	Sales   *sales.Sales
	Now     func() time.Time
}

// Checkout serves the pages.
type Checkout struct {
	Config
	pages  *template.Template
	begins *guard.Pace // of orders, by network address
	tries  *guard.Pace // of links that open nothing, likewise
}

// How often one address may begin an order: as often as it may have open ones and some
// more, then one every beginEvery. Who leaves orders and begins new ones all the time
// takes places from nobody for long, and yet from everybody a bit.
const (
	beginBurst = 120
	beginEvery = 2 * time.Second
)

// New makes the pages.
func New(cfg Config) (*Checkout, error) {
	pages, err := cfg.Site.Templates(page, "page/*.html")
	return &Checkout{cfg, pages, guard.NewPace(cfg.Now, beginBurst, beginEvery), guard.NewPace(cfg.Now, 20, time.Minute)}, err
}

// Register adds the pages' routes.
func (c *Checkout) Register(mux *http.ServeMux) {
	for route, h := range map[string]site.Handler{
		"GET /order/{link}":             c.order,
		"GET /order/{link}/state":       c.state,
		"GET /order/{link}/tickets.pdf": c.tickets,
		"GET /order/{link}/receipt.pdf": c.receipt,
	} {
		mux.Handle(route, c.Site.Page(h))
	}
	for route, h := range map[string]site.Handler{
		"POST /events/{event}/order": c.begin,
		"POST /order/{link}/details": c.details,
		"POST /order/{link}/pay":     c.pay,
		"POST /order/{link}/leave":   c.leave,
		"POST /order/{link}/extend":  c.extend,
		"POST /order/{link}/back":    c.giveBack,
		"POST /order/{link}/send":    c.sendAgain,
	} {
		mux.Handle(route, c.Site.Form(h, maxForm))
	}
}

// asked is an order that a request is about.
type asked struct {
	link   string
	order  sales.Order
	shop   *catalog.Shop
	speech site.Speech // of its pages
}

// find gives the order that the request's link is to, and slows down who tries many.
func (c *Checkout) find(r *http.Request, get func(context.Context, string) (sales.Order, error)) (asked, error) {
	link := r.PathValue("link")
	id, err := c.Sales.Open(r.Context(), link)
	if fault.KindOf(err) == fault.NotFound && !c.tries.Allow(guard.Party(r)) {
		return asked{}, fault.New(fault.TooMany, "too many links that lead to nothing; try again in some minutes")
	}
	if err != nil {
		return asked{}, err
	}
	o, err := get(r.Context(), id)
	if err != nil {
		return asked{}, err
	}
	shop, err := c.shop(r.Context(), o.Event)
	if err != nil {
		return asked{}, err
	}
	a := asked{link: link, order: o, shop: shop}
	a.speech = site.Settled(r, cmp.Or(o.Details.Language, shop.About.Language), shop.About.Location, a.path())
	return a, nil
}

// shop gives what the event of an order sells. One that sells nothing any more has
// still its name and place.
func (c *Checkout) shop(ctx context.Context, event string) (*catalog.Shop, error) {
	s, err := c.Catalog.Shop(ctx, event)
	if fault.KindOf(err) != fault.NotFound {
		return s, err
	}
	e, err := c.Catalog.Event(ctx, event)
	if err != nil {
		return nil, err
	}
	return &catalog.Shop{Event: event, About: e}, nil
}

func (a *asked) path() string { return "/order/" + a.link }

// again is the address of the order's page in the language that was chosen.
func (a *asked) again() string { return a.speech.Link(a.path()) }

// order is the page of an order, as it is now.
func (c *Checkout) order(w http.ResponseWriter, r *http.Request) error {
	a, err := c.find(r, c.Sales.Refresh)
	if err != nil {
		return err
	}
	v, err := c.whole(r.Context(), &a, r.URL.Query().Has("change"))
	if err != nil {
		return err
	}
	v.GaveBack = r.URL.Query().Has("back") && a.order.State == sales.PartRefunded && !v.Void()
	if r.URL.Query().Has("sent") {
		v.Sent = v.T("giveback.sent", "email", a.order.Details.Email)
	}
	return c.show(w, http.StatusOK, v)
}

// whole puts together the page of an order, with what became of its tickets and what
// goes back of its money.
func (c *Checkout) whole(ctx context.Context, a *asked, change bool) (*view, error) {
	v := c.view(a, change)
	if a.order.State == sales.PartRefunded {
		tickets, err := c.Sales.Tickets.Of(ctx, a.order.Event, a.order.Tickets)
		if err != nil {
			return nil, err
		}
		v.mark(tickets)
		v.HasPDF = v.HasPDF && !v.Void()
	}
	if err := c.given(ctx, &a.order, v); err != nil {
		return nil, err
	}
	return v, c.returns(ctx, a, v)
}

// given says on the page which tickets went into other hands. Where all did there is
// nothing to print, or to keep on this phone.
func (c *Checkout) given(ctx context.Context, o *sales.Order, v *view) error {
	if len(o.Tickets) == 0 {
		return nil
	}
	given, err := c.Sales.Given(ctx, o)
	if err != nil {
		return err
	}
	for i, id := range o.Tickets {
		p, gone := given[id]
		if i >= len(v.Holders) || !gone {
			continue
		}
		day := v.Date(p.At.Unix())
		v.Holders[i].Given = v.T("handover.order_given", "name", p.To.Name, "day", day)
		if p.How == ticketing.ByResale {
			v.Holders[i].Given = v.T("handover.order_resold", "day", day)
		}
	}
	v.HasPDF = v.HasPDF && len(given) < len(o.Tickets)
	return nil
}

func (c *Checkout) show(w http.ResponseWriter, status int, v *view) error {
	return c.Site.Render(w, c.pages, "order.html", status, v)
}

// state says in a word how the order stands, for the page to look whether it is
// still the right one.
func (c *Checkout) state(w http.ResponseWriter, r *http.Request) error {
	a, err := c.find(r, c.Sales.Order)
	if err != nil {
		return err
	}
	now := c.Now()
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]any{"page": standing(&a.order, now), "until": a.order.Until.UnixMilli(), "left": secondsLeft(&a.order, now)})
}

func (c *Checkout) tickets(w http.ResponseWriter, r *http.Request) error {
	return c.file(w, r, "tickets-", c.Sales.TicketsPDF)
}

func (c *Checkout) receipt(w http.ResponseWriter, r *http.Request) error {
	return c.file(w, r, "receipt-", func(ctx context.Context, out *bytes.Buffer, o *sales.Order) error {
		return c.Sales.ReceiptPDF(ctx, out, o)
	})
}

// file sends a PDF of an order.
func (c *Checkout) file(w http.ResponseWriter, r *http.Request, name string, write func(context.Context, *bytes.Buffer, *sales.Order) error) error {
	a, err := c.find(r, c.Sales.Order)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := write(r.Context(), &out, &a.order); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", `attachment; filename="`+name+a.order.Code+`.pdf"`)
	_, _ = out.WriteTo(w) // the other side hung up
	return nil
}
