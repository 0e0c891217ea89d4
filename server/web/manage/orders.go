package manage

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"usher/crypto/ticket"
	"usher/server/catalog"
	"usher/server/sales"
	"usher/sync/fault"
	"usher/sync/money"
)

// maxForm bounds what a form of the manager's may send, in bytes.
const maxForm = 64 << 10

// organiser is who acts on these pages, as an order's history calls them.
const organiser = "organiser"

// orderList is the page on which orders are looked up.
type orderList struct {
	Text, Event, State string
	States             []sales.State
	Events             []Event
	Orders             []orderLine
	More               bool   // there may be others
	Key                string // of refunds
	Done, Problem      string
}

// shown is how many orders the list has at most.
const shown = 100

// refundFailed is what the list calls orders, in whatever state, of which a refund failed.
const refundFailed = "refund_failed"

// orderLine is an order in the list.
type orderLine struct {
	sales.Order
	Total string
	Made  string // in the event's time zone
}

var states = []sales.State{
	sales.Open, sales.Paying, sales.Awaiting, sales.Paid, sales.PartRefunded, sales.Refunded, sales.Cancelled,
	sales.Refunding, sales.Disputed, sales.ChargedBack, sales.Expired, sales.Left, sales.Lapsed,
}

// orders finds orders by code, e-mail address, name, event and state.
func (m *Manage) orders(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	page := orderList{Text: q.Get("text"), Event: q.Get("event"), State: q.Get("state"), States: states, Key: rand.Text()}
	return m.showOrders(w, r, http.StatusOK, page)
}

func (m *Manage) showOrders(w http.ResponseWriter, r *http.Request, status int, page orderList) error {
	q := sales.Search{Text: page.Text, Event: page.Event, State: sales.State(page.State), Limit: shown}
	if page.State == refundFailed {
		q.State, q.Failed = "", true
	}
	found, err := m.Sales.Find(r.Context(), q)
	if err != nil {
		return err
	}
	if page.Events, err = m.Events(r.Context()); err != nil {
		return err
	}
	for _, o := range found {
		page.Orders = append(page.Orders, orderLine{o, money.Format(o.Total, o.Currency), o.Made.In(zoneOf(page.Events, o.Event)).Format("Mon 2 Jan 15:04")})
	}
	page.More = len(page.Orders) == shown
	return m.Site.Render(w, m.pages, "orders.html", status, page)
}

func zoneOf(events []Event, code string) *time.Location {
	for _, e := range events {
		if e.Code == code {
			return e.Starts.Location()
		}
	}
	return time.UTC
}

// orderPage is the page of one order.
type orderPage struct {
	sales.Order
	About                            *catalog.Event
	Sum, PaidSum, BackSum, CanGoBack string
	Due                              string // what is to be paid, as it is typed
	Until                            string // when the places go back, or the invoice is due; "" when there is no such time
	Lines                            []string
	Places                           []placeLine
	Story                            []happening
	Problem                          string
	Done                             string
	CanRefund, CanCancel, CanResend  bool
	CanReceive                       bool
	Back                             []goingBack
	Link                             string
	Key                              string // of a refund
}

type placeLine struct {
	ID, Short, Name, Seat, Holder, State string
	Gone                                 string // how it came to a holder who isn't the order's any more; "" where it didn't
}

type happening struct {
	sales.Happening
	When string
}

// order shows all of an order.
func (m *Manage) order(w http.ResponseWriter, r *http.Request) error {
	o, err := m.orderOf(r)
	if err != nil {
		return err
	}
	return m.showOrder(w, r, http.StatusOK, o, "")
}

func (m *Manage) orderOf(r *http.Request) (sales.Order, error) {
	code := sales.CleanCode(r.PathValue("code"))
	if code == "" {
		return sales.Order{}, fault.New(fault.NotFound, "%.40q is no code of an order", r.PathValue("code"))
	}
	found, err := m.Sales.Find(r.Context(), sales.Search{Text: code})
	if err != nil {
		return sales.Order{}, err
	}
	for _, o := range found {
		if o.Code == code {
			return o, nil
		}
	}
	return sales.Order{}, fault.New(fault.NotFound, "there is no order %s", code)
}

func (m *Manage) showOrder(w http.ResponseWriter, r *http.Request, status int, o sales.Order, problem string) error {
	e, err := m.Catalog.Event(r.Context(), o.Event)
	if err != nil {
		return err
	}
	p := orderPage{
		Order: o, About: e, Problem: problem, Done: done[r.URL.Query().Get("done")],
		Sum: money.Format(o.Total, o.Currency), PaidSum: money.Format(o.Paid, o.Currency), BackSum: money.Format(o.Refunded, o.Currency),
		CanGoBack: money.Format(o.Left(), o.Currency),
		CanRefund: canRefund(&o), CanResend: len(o.Tickets) > 0 && (o.State.Good() || o.State == sales.Awaiting),
		CanCancel:  o.State.Buying() || o.State == sales.Awaiting || o.State.Good(),
		CanReceive: o.State == sales.Awaiting,
		Due:        money.Decimal(o.Total, o.Currency),
		Key:        fmt.Sprintf("page/%d/%d", o.Refunded, o.Changed.UnixMilli()),
	}
	if o.State.Buying() || o.State == sales.Awaiting {
		p.Until = o.Until.In(e.Location).Format("Mon 2 Jan 15:04")
	}
	link, err := m.Sales.Link(r.Context(), &o)
	if err != nil {
		return err
	}
	p.Link = "/order/" + link
	for _, item := range o.Items {
		p.Lines = append(p.Lines, fmt.Sprintf("%d × %s at %s", item.Count, item.Name, money.Format(item.Price+item.Fee, o.Currency)))
	}
	tickets, err := m.Tickets.Of(r.Context(), o.Event, o.Tickets)
	if err != nil {
		return err
	}
	hands, err := m.Tickets.Passages(r.Context(), o.Event, o.Tickets...)
	if err != nil {
		return err
	}
	for i, one := range o.Places() {
		line := placeLine{Name: one.Name, Seat: one.Seat}
		if i < len(o.Details.Holders) {
			line.Holder = o.Details.Holders[i].Name
		}
		if i < len(o.Tickets) {
			line.ID, line.Short = o.Tickets[i].String(), o.Tickets[i].Short()
			if i < len(tickets) {
				line.State = string(tickets[i].State)
			}
			if chain := hands[o.Tickets[i]]; len(chain) > 0 {
				last := &chain[len(chain)-1]
				line.Holder, line.Gone = cmp.Or(last.To.Name, last.To.Email), hows[last.How]
			}
		}
		p.Places = append(p.Places, line)
	}
	if p.Back, err = m.goingBack(r.Context(), &o, e); err != nil {
		return err
	}
	story, err := m.Sales.Story(r.Context(), o.ID)
	if err != nil {
		return err
	}
	for _, h := range story {
		p.Story = append(p.Story, happening{h, h.At.In(e.Location).Format("Mon 2 Jan 15:04:05")})
	}
	return m.Site.Render(w, m.pages, "order.html", status, p)
}

// done says what was done, after the page was led to again.
var done = map[string]string{
	"refund": "The money is on its way back.", "cancel": "The order is cancelled, and its buyer is told.",
	"resend": "The tickets are on their way.", "receive": "The payment is recorded.",
	"by-hand": "It is written down that the money was given back.", "retry": "The payment provider was asked again.",
}

// act does something to an order and leads back to its page, which says so, or says
// why not.
func (m *Manage) act(name string, do func(*http.Request, *sales.Order) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		o, err := m.orderOf(r)
		if err != nil {
			return err
		}
		err = do(r, &o)
		if kind := fault.KindOf(err); kind == fault.BadInput || kind == fault.Refused || kind == fault.Exists || kind == fault.Expired {
			return m.showOrder(w, r, kind.HTTPStatus(), o, fault.Message(err))
		}
		if err != nil {
			return err
		}
		http.Redirect(w, r, "/manage/orders/"+url.PathEscape(o.Code)+"?done="+name, http.StatusSeeOther)
		return nil
	}
}

// refund gives money back: of chosen tickets, or all of it.
func (m *Manage) refund(r *http.Request, o *sales.Order) error {
	back := sales.Refund{Key: r.PostForm.Get("key"), Why: r.PostForm.Get("why"), Who: organiser, Entered: r.PostForm.Get("entered") != ""}
	if r.PostForm.Get("all") != "" {
		_, err := m.Sales.Refund(r.Context(), o.ID, back)
		return err
	}
	for _, text := range r.PostForm["ticket"] {
		id, err := ticket.ParseID(text)
		if err != nil {
			return fault.At(fault.BadInput, "ticket", "%.40q is no ticket", text)
		}
		back.Tickets = append(back.Tickets, id)
	}
	if text := strings.TrimSpace(r.PostForm.Get("amount")); text != "" {
		minor, err := money.Parse(text, o.Currency)
		if err != nil {
			return err
		}
		back.Amount = minor
	}
	if len(back.Tickets) == 0 && back.Amount == 0 {
		return fault.At(fault.BadInput, "refund", "choose tickets, give an amount, or say that all of it goes back")
	}
	_, err := m.Sales.Refund(r.Context(), o.ID, back)
	return err
}

func (m *Manage) cancel(r *http.Request, o *sales.Order) error {
	if r.PostForm.Get("entered") != "" {
		_, err := m.Sales.CancelEntered(r.Context(), o.ID, r.PostForm.Get("why"), organiser)
		return err
	}
	_, err := m.Sales.Cancel(r.Context(), o.ID, r.PostForm.Get("why"), organiser)
	return err
}

func (m *Manage) resend(r *http.Request, o *sales.Order) error {
	_, err := m.Sales.Resend(r.Context(), o.ID, r.PostForm.Get("email"), organiser)
	return err
}

// receive records money that came by transfer or in cash.
func (m *Manage) receive(r *http.Request, o *sales.Order) error {
	minor, err := money.Parse(strings.TrimSpace(r.PostForm.Get("amount")), o.Currency)
	if err != nil {
		return err
	}
	_, err = m.Sales.Receive(r.Context(), o.ID, sales.Received{Via: r.PostForm.Get("via"), Ref: r.PostForm.Get("ref"), Amount: minor, Who: organiser})
	return err
}
