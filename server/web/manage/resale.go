package manage

import (
	"cmp"
	"encoding/csv"
	"net/http"
	"time"

	"usher/server/printout"
	"usher/server/resale"
	"usher/sync/fault"
	"usher/sync/money"
)

// resalePage is the page of an event's tickets that are sold on, and of who is paid.
type resalePage struct {
	Event    string
	Name     string
	Waiting  int
	Payouts  []resaleLine // by hand
	More     int          // of those
	Listings []resaleLine
}

type resaleLine struct {
	resale.Listing
	Short          string // the ticket's
	Order          string // the seller's code
	Asked, ByHand  string
	When, PaidWhen string
	Before         string // paid by hand already, where there is more to pay; "" for nothing
}

// sold lists what is sold on of an event, and what sellers are to be paid by hand.
func (m *Manage) sold(w http.ResponseWriter, r *http.Request) error {
	e, err := m.Catalog.Event(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	page := resalePage{Event: e.Code, Name: e.Name}
	if page.Waiting, err = m.Resale.Waiting(r.Context(), e.Code); err != nil {
		return err
	}
	payouts, more, err := m.Resale.Payouts(r.Context(), e.Code)
	if err != nil {
		return err
	}
	all, err := m.Resale.All(r.Context(), e.Code)
	if err != nil {
		return err
	}
	page.More = more
	if page.Payouts, err = m.resaleLines(r, payouts, e.Location); err != nil {
		return err
	}
	if page.Listings, err = m.resaleLines(r, all[:min(len(all), resaleShown)], e.Location); err != nil {
		return err
	}
	return m.Site.Render(w, m.pages, "resale.html", http.StatusOK, page)
}

// resaleShown is how many listings the page has.
const resaleShown = 200

func (m *Manage) resaleLines(r *http.Request, list []resale.Listing, zone *time.Location) ([]resaleLine, error) {
	lines := make([]resaleLine, len(list))
	for i, l := range list {
		o, err := m.Sales.Order(r.Context(), l.SellerOrder)
		if err != nil {
			return nil, err
		}
		lines[i] = resaleLine{
			Listing: l, Short: l.Ticket.Short(), Order: o.Code, Asked: money.Format(l.Price, l.Currency), ByHand: money.Format(byHandOf(&l), l.Currency),
			When: l.Changed.In(zone).Format("Mon 2 Jan 15:04"),
		}
		if l.Due() == 0 && !l.HandAt.IsZero() {
			lines[i].PaidWhen = l.HandAt.In(zone).Format("Mon 2 Jan 15:04")
		}
		if l.Due() > 0 && l.HandPaid > 0 {
			lines[i].Before = money.Format(l.HandPaid, l.Currency)
		}
	}
	return lines, nil
}

// byHandOf is what a seller is to be paid by hand still, or all that they were.
func byHandOf(l *resale.Listing) int64 { return cmp.Or(l.Due(), l.Hand) }

// payoutsCSV sends what sellers are to be paid by hand, or were, for a bank's program.
func (m *Manage) payoutsCSV(w http.ResponseWriter, r *http.Request) error {
	list, _, err := m.Resale.Payouts(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	lines, err := m.resaleLines(r, list, time.UTC)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="payouts.csv"`)
	out := csv.NewWriter(w)
	rows := [][]string{{"listing", "order", "ticket", "name", "email", "account", "amount", "currency", "paid_at", "paid_how"}}
	for _, l := range lines {
		paid, how := "", ""
		if l.PaidWhen != "" {
			paid, how = l.HandAt.Format(time.RFC3339), l.HandHow
		}
		rows = append(rows, []string{
			l.ID, l.Order, l.Short, printout.Harmless(l.SellerName), printout.Harmless(l.SellerEmail), printout.Harmless(l.Account),
			money.Decimal(byHandOf(&l.Listing), l.Currency), l.Currency, paid, printout.Harmless(how),
		})
	}
	_ = out.WriteAll(rows) // the other side hung up
	return nil
}

// paidOut notes that a seller was paid by hand.
func (m *Manage) paidOut(w http.ResponseWriter, r *http.Request) error {
	event, id := r.PathValue("event"), r.PostForm.Get("listing")
	l, err := m.Resale.Listing(r.Context(), id)
	if err != nil {
		return err
	}
	if l.Event != event {
		return fault.New(fault.NotFound, "event %.40q has no such listing", event)
	}
	if err := m.Resale.PaidByHand(r.Context(), id, r.PostForm.Get("how"), "organiser"); err != nil {
		return err
	}
	http.Redirect(w, r, "/manage/events/"+event+"/resale", http.StatusSeeOther)
	return nil
}
