package manage

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"usher/server/catalog"
	"usher/server/sales"
	"usher/sync/fault"
	"usher/sync/money"
)

// goingBack is money of an order that goes back, in words.
type goingBack struct {
	sales.GoingBack
	N                  int
	When, Sum, KeptSum string
	Next               string // when the provider is asked again; "" when it isn't
	Failed             bool
}

func (m *Manage) goingBack(ctx context.Context, o *sales.Order, e *catalog.Event) (list []goingBack, err error) {
	all, err := m.Sales.Refunds(ctx, o.ID)
	for n, g := range all {
		one := goingBack{GoingBack: g, N: n, When: g.Made.In(e.Location).Format("Mon 2 Jan 15:04"), Sum: money.Format(g.Amount, g.Currency), Failed: g.Stage() == sales.Failed}
		if g.Kept > 0 {
			one.KeptSum = money.Format(g.Kept, g.Currency)
		}
		if !g.Next.IsZero() {
			one.Next = g.Next.In(e.Location).Format("15:04")
		}
		list = append(list, one)
	}
	return list, err
}

// canRefund says whether money of an order can go back.
func canRefund(o *sales.Order) bool { return o.State.Good() && o.Left() > 0 }

// CanRefund says whether money of an order in the list can go back.
func (o orderLine) CanRefund() bool { return canRefund(&o.Order) }

// byHand notes that money was given back by other means.
func (m *Manage) byHand(r *http.Request, o *sales.Order) error {
	return m.Sales.GivenByHand(r.Context(), o.ID, r.PostForm.Get("refund"), r.PostForm.Get("how"), organiser)
}

// retry has the provider be asked again.
func (m *Manage) retry(r *http.Request, o *sales.Order) error {
	return m.Sales.Retry(r.Context(), o.ID, r.PostForm.Get("refund"), organiser)
}

// refundMany gives all money of chosen orders back. Their refunds are asked for by and
// by; those that were refused are named.
func (m *Manage) refundMany(w http.ResponseWriter, r *http.Request) error {
	f := r.PostForm
	page := orderList{Text: f.Get("text"), Event: f.Get("event"), State: f.Get("state"), States: states, Key: f.Get("key")}
	if len(f["order"]) == 0 || len(f["order"]) > shown {
		page.Problem = fmt.Sprintf("Choose the orders that are refunded, %d at most.", shown)
		return m.showOrders(w, r, http.StatusUnprocessableEntity, page)
	}
	var problems []string
	n := 0
	for _, text := range f["order"] {
		r.SetPathValue("code", text)
		o, err := m.orderOf(r)
		if err == nil {
			_, err = m.Sales.Refund(r.Context(), o.ID, sales.Refund{
				Key: "many/" + page.Key, Why: f.Get("why"), Who: organiser, Entered: f.Get("entered") != "", Later: true,
			})
		}
		switch kind := fault.KindOf(err); {
		case err == nil:
			n++
		case kind == fault.Internal || kind == fault.Unavailable:
			return err // what was done is done, and the same again does the rest
		default:
			problems = append(problems, fault.Message(err))
		}
	}
	status := http.StatusOK
	if page.Done = fmt.Sprintf("%d orders are refunded.", n); len(problems) > 0 {
		status, page.Problem = http.StatusConflict, fmt.Sprintf("%d orders are not: %s", len(problems), strings.Join(problems, "; "))
	}
	return m.showOrders(w, r, status, page)
}
