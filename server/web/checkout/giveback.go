package checkout

import (
	"context"
	"net/http"

	"usher/crypto/ticket"
	"usher/server/catalog"
	"usher/server/sales"
	"usher/sync/fault"
)

// backView is what a buyer may give back.
type backView struct {
	Until   int64 // Unix s
	Tickets []backTicket
	None    bool // of them may be given back
}

// backTicket is a ticket that may be given back, or why not.
type backTicket struct {
	holderView
	sales.Returnable
}

// moneyView is money that goes back, and how far it has come.
type moneyView struct {
	sales.GoingBack
	Failed bool
	At     int64 // Unix s: since when it is on its way
}

// returns adds to the page of an order what may be given back, and the money that goes
// back or went.
func (c *Checkout) returns(ctx context.Context, a *asked, v *view) error {
	o := &a.order
	terms := sales.TermsOf(a.shop, c.Now())
	list, err := c.Sales.Returnable(ctx, o, terms)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		v.Back = &backView{Until: terms.Until.Unix(), None: true}
	}
	for n, r := range list {
		if r.Why == sales.ReasonVoid {
			continue
		}
		v.Back.None = v.Back.None && r.Why != ""
		v.Back.Tickets = append(v.Back.Tickets, backTicket{v.Holders[n], r})
	}
	if v.Back != nil && len(v.Back.Tickets) == 0 {
		v.Back = nil
	}
	if o.Paid == 0 {
		return nil
	}
	money, err := c.Sales.Refunds(ctx, o.ID)
	for _, g := range money {
		if g.Amount > 0 {
			v.Returns = append(v.Returns, moneyView{g, g.Stage() == sales.Failed, g.Done.Unix()})
		}
	}
	return err
}

// giveBack gives chosen tickets back. What can't be given back any more leads to the
// page, which says how the order stands.
func (c *Checkout) giveBack(w http.ResponseWriter, r *http.Request) error {
	a, err := c.find(r, c.Sales.Order)
	if err != nil {
		return err
	}
	var ids []ticket.ID
	for _, text := range r.PostForm["ticket"] {
		id, err := ticket.ParseID(text)
		if err != nil {
			return fault.At(fault.BadInput, "ticket", "%.40q is no ticket", text)
		}
		ids = append(ids, id)
	}
	_, err = c.Sales.GiveBack(r.Context(), a.order.ID, ids)
	switch kind := fault.KindOf(err); {
	case err == nil:
		http.Redirect(w, r, a.speech.Link(a.path()+"?back"), http.StatusSeeOther)
		return nil
	case kind == fault.BadInput && len(ids) == 0:
		return c.refuseBack(w, r, &a, http.StatusUnprocessableEntity, "giveback.none")
	case kind == fault.BadInput || kind == fault.Refused:
		return c.refuseBack(w, r, &a, http.StatusConflict, "giveback.refused")
	}
	return err
}

// refuseBack shows the page of an order again, as it stands, with why something was not
// done.
func (c *Checkout) refuseBack(w http.ResponseWriter, r *http.Request, a *asked, status int, why string) error {
	var err error
	if a.order, err = c.Sales.Order(r.Context(), a.order.ID); err != nil {
		return err
	}
	v, err := c.whole(r.Context(), a, false)
	if err != nil {
		return err
	}
	v.Problem = v.T(why)
	return c.show(w, status, v)
}

// sendAgain sends the tickets once more to the order's address.
func (c *Checkout) sendAgain(w http.ResponseWriter, r *http.Request) error {
	a, err := c.find(r, c.Sales.Order)
	if err != nil {
		return err
	}
	_, err = c.Sales.SendAgain(r.Context(), a.order.ID)
	switch kind := fault.KindOf(err); {
	case kind == fault.TooMany:
		return c.refuseBack(w, r, &a, http.StatusTooManyRequests, "giveback.too_often")
	case err != nil && kind != fault.Refused:
		return err
	}
	http.Redirect(w, r, a.speech.Link(a.path()+"?sent"), http.StatusSeeOther)
	return nil
}

// Fate says what became of the event: called_off, moved or nothing.
func (v *view) Fate() catalog.Fate {
	if s := v.Shop.About.Standing; s != nil {
		return s.Fate
	}
	return ""
}
