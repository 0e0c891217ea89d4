package checkout

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"usher/server/catalog"
	"usher/server/guard"
	"usher/server/inventory"
	"usher/server/payment"
	"usher/server/sales"
	"usher/server/web/site"
	"usher/sync/fault"
)

// begin makes an order of a cart, and leads to its page. What an event's page sends
// is only which products and how many: prices are the catalogue's.
//
// Pressed twice it is one order by the key that the page's script draws. Without one it is
// two, the first of which gives its places back when its time is over: both are on their
// way before a cookie could come back, and the event's page, which is the same for
// everybody, brings none. By address and cart strangers would meet in one order.
func (c *Checkout) begin(w http.ResponseWriter, r *http.Request) error {
	event := r.PathValue("event")
	shop, err := c.Catalog.Shop(r.Context(), event)
	if err != nil {
		return err
	}
	l := site.Speak(r, shop.About.Language, shop.About.Location, "")
	party := guard.Party(r)
	if wait := c.begins.Wait(party); wait > 0 {
		return c.refuseOften(w, r, l, shop, wait)
	}
	wanted, err := cart(r.PostForm)
	if err == nil {
		var o sales.Order
		o, err = c.Sales.Begin(r.Context(), sales.Cart{
			Event: event, Wanted: wanted, Access: r.PostForm.Get("code"), Language: l.Code(),
			Owner: party, Key: r.PostForm.Get("key"),
		})
		if err == nil {
			c.begins.Count(party)
			link, err := c.Sales.Link(r.Context(), &o)
			if err != nil {
				return err
			}
			http.Redirect(w, r, "/order/"+link, http.StatusSeeOther)
			return nil
		}
	}
	return c.refuseCart(w, r, l, shop, wanted, err)
}

// cart reads how many of each product a form wants, in the order of the codes: a
// form has its fields in no order. Zero of one is none of it. Seats that were chosen
// count themselves.
func cart(form url.Values) (list []sales.Wanted, err error) {
	for _, id := range form["listing"] {
		list = append(list, sales.Wanted{Listing: id, Count: 1})
	}
	for _, offer := range products(form) {
		w := sales.Wanted{Offer: offer, Seats: form["seat."+offer], Count: len(form["seat."+offer])}
		text := strings.TrimSpace(form.Get("n." + offer))
		if text != "" {
			w.Count, err = strconv.Atoi(text)
		}
		if err != nil || len(form["n."+offer]) > 1 {
			return nil, fault.At(fault.BadInput, "cart", "%.20q of %.40q is no number of tickets", text, offer)
		}
		if w.Count != 0 {
			list = append(list, w)
		}
	}
	return list, nil
}

// refuseOften says that orders are begun too often from an address.
func (c *Checkout) refuseOften(w http.ResponseWriter, r *http.Request, l site.Speech, shop *catalog.Shop, wait time.Duration) error {
	seconds := int(math.Ceil(wait.Seconds()))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	return c.Site.Render(w, c.pages, "cart.html", http.StatusTooManyRequests, cartView{
		Speech: l, Event: shop.Event, Name: shop.About.Name, Title: l.T("cart.often_title"), Text: l.T("cart.often", "n", seconds), Code: r.PostForm.Get("code"),
	})
}

// refuseCart says why nothing was held, and leads back to what is left.
func (c *Checkout) refuseCart(w http.ResponseWriter, r *http.Request, l site.Speech, shop *catalog.Shop, wanted []sales.Wanted, err error) error {
	v := cartView{Speech: l, Event: shop.Event, Name: shop.About.Name, Title: l.T("cart.title"), Code: r.PostForm.Get("code")}
	status := http.StatusBadRequest
	var short *inventory.Short
	switch kind := fault.KindOf(err); {
	case errors.As(err, &short):
		status, v.Title, v.Text = http.StatusConflict, l.T("cart.gone_title"), l.T("cart.gone")
		for _, p := range shop.Pools {
			if n, asked := short.Left[p.Code]; asked {
				v.Left = append(v.Left, l.T("cart.left", "pool", p.Name, "n", n))
			}
		}
	case kind == fault.TooMany:
		status, v.Text = http.StatusTooManyRequests, l.T("cart.too_many")
		site.AskLater(w.Header())
	case kind == fault.Exists || kind == fault.Expired:
		status, v.Text = http.StatusConflict, l.T("cart.again")
	case kind == fault.Refused:
		status, v.Text = http.StatusConflict, l.T("cart.not_sold")
	case kind == fault.BadInput && len(wanted) == 0:
		v.Text = l.T("cart.empty")
	case kind == fault.BadInput || kind == fault.NotFound:
		v.Text = l.T("cart.wrong", "n", shop.MaxPerOrder)
	default:
		return err
	}
	return c.Site.Render(w, c.pages, "cart.html", status, v)
}

// details keeps what the buyer says of themselves, and nothing more.
func (c *Checkout) details(w http.ResponseWriter, r *http.Request) error {
	a, err := c.find(r, c.Sales.Order)
	if err != nil {
		return err
	}
	d := read(r.PostForm, &a)
	if _, err := c.Sales.DetailsSeen(r.Context(), a.order, d); err != nil {
		return c.refuse(w, r, &a, d, err)
	}
	http.Redirect(w, r, a.again(), http.StatusSeeOther)
	return nil
}

// pay keeps the details, where the form has them, and begins to pay.
func (c *Checkout) pay(w http.ResponseWriter, r *http.Request) error {
	a, err := c.find(r, c.Sales.Order)
	if err != nil {
		return err
	}
	p := sales.Payment{Method: r.PostForm.Get("method")}
	if r.PostForm.Has("email") {
		d := read(r.PostForm, &a)
		p.Details = &d
	}
	o, to, err := c.Sales.PaySeen(r.Context(), a.order, p)
	if err != nil {
		if p.Details != nil {
			a.order.Method = p.Method
			return c.refuse(w, r, &a, *p.Details, err)
		}
		return c.refuse(w, r, &a, a.order.Details, err)
	}
	if to == "" || !o.State.Buying() {
		http.Redirect(w, r, a.again(), http.StatusSeeOther)
		return nil
	}
	return c.send(w, r, &a, to)
}

// send sends the buyer to the provider's page. On our own host that is a redirect.
// To another one it is a page that goes there: browsers hold redirects of a form to
// the page's policy, and that names no other host.
func (c *Checkout) send(w http.ResponseWriter, r *http.Request, a *asked, to string) error {
	u, err := url.Parse(to)
	switch {
	case err != nil || u.Host == "" && !strings.HasPrefix(u.Path, "/") || u.User != nil:
		return fault.Wrap(fault.Internal, err, "the payment provider gave no address that a browser can open")
	case u.Host == "" && !strings.HasPrefix(to, "//"), u.Host != "" && c.Site.Public() == u.Scheme+"://"+u.Host, u.Host == r.Host && u.Host != "":
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	case u.Scheme != "https":
		return fault.New(fault.Internal, "the payment provider gave no address that a browser can open")
	}
	v := c.view(a, false)
	v.To, v.ToHost = to, u.Host
	return c.Site.Render(w, c.pages, "away.html", http.StatusOK, v)
}

// leave gives the places back at once.
func (c *Checkout) leave(w http.ResponseWriter, r *http.Request) error {
	return c.act(w, r, func(a *asked) error {
		_, err := c.Sales.Leave(r.Context(), a.order.ID)
		return err
	})
}

// extend gives the buyer more time, where the organiser allows it.
func (c *Checkout) extend(w http.ResponseWriter, r *http.Request) error {
	return c.act(w, r, func(a *asked) error {
		_, err := c.Sales.Extend(r.Context(), a.order.ID)
		return err
	})
}

// act does something to an order and leads to its page, which says how it stands:
// where it was refused, because the order stands otherwise by now, too.
func (c *Checkout) act(w http.ResponseWriter, r *http.Request, do func(*asked) error) error {
	a, err := c.find(r, c.Sales.Order)
	if err != nil {
		return err
	}
	if err := do(&a); err != nil {
		if errors.Is(err, payment.ErrBusy) {
			return c.refuse(w, r, &a, a.order.Details, err)
		}
		if kind := fault.KindOf(err); kind != fault.Refused && kind != fault.Expired {
			return err
		}
	}
	http.Redirect(w, r, a.again(), http.StatusSeeOther)
	return nil
}

// refuse shows the page of an order again with what was typed and what is wrong
// with it. Where the order stands otherwise by now, its page says so.
func (c *Checkout) refuse(w http.ResponseWriter, r *http.Request, a *asked, d sales.Details, err error) error {
	switch kind := fault.KindOf(err); {
	case errors.Is(err, payment.ErrBusy): // the order stays as it is until the bank has decided
		v := c.view(a, false)
		v.Problem = v.T("order.busy")
		site.AskLater(w.Header())
		return c.show(w, http.StatusConflict, v)
	case kind == fault.Expired || kind == fault.Refused:
		http.Redirect(w, r, a.again(), http.StatusSeeOther)
		return nil
	case kind == fault.BadInput:
		a.order.Details = d
		v := c.view(a, true)
		v.blame(err)
		return c.show(w, http.StatusUnprocessableEntity, v)
	case kind == fault.Unavailable || kind == fault.TooMany:
		a.order.Details = d
		v := c.view(a, true)
		v.Problem = v.T("order.pay_later")
		c.Site.Note(r, err, http.StatusServiceUnavailable)
		site.AskLater(w.Header())
		return c.show(w, http.StatusServiceUnavailable, v)
	}
	return err
}
