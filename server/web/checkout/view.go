package checkout

import (
	"slices"
	"strings"
	"time"

	"usher/server/catalog"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/server/web/site"
	"usher/sync/journal"
)

// cartView is what the page of a cart that can't be had shows.
type cartView struct {
	site.Speech
	Event, Name, Title, Text, Code string
	Left                           []string
}

// Pages of an order; each state has one.
const (
	pageForm     = "form"
	pageAway     = "away" // the buyer is at the provider's
	pageAwaiting = "awaiting"
	pagePaid     = "paid"
	pageOver     = "over" // the time was over
	pageLeft     = "left"
	pageBack     = "back" // money is on its way back, or went back
	pageBlocked  = "blocked"
)

// standing says which page an order has.
func standing(o *sales.Order, now time.Time) string {
	switch o.State {
	case sales.Open, sales.Paying:
		switch {
		case o.Over(now):
			return pageOver
		case o.State == sales.Paying:
			return pageAway
		}
		return pageForm
	case sales.Awaiting:
		return pageAwaiting
	case sales.Paid, sales.PartRefunded:
		return pagePaid
	case sales.Expired, sales.Lapsed:
		return pageOver
	case sales.Left:
		return pageLeft
	case sales.Disputed, sales.ChargedBack:
		return pageBlocked
	}
	return pageBack
}

// view is what the page of an order shows.
type view struct {
	site.Speech
	*sales.Order
	Shop  *catalog.Shop
	Page  string
	Path  string
	Title string

	Items    []itemView
	Taxes    []sales.TaxPart
	Holders  []holderView
	Asks     bool // there is something to say of a ticket
	Methods  []string
	Chosen   string // the method
	More     bool   // more time may be had
	Seconds  int64  // until the places go back
	Now      int64  // of the server, Unix ms
	ToHost   string // of the page that the buyer is sent to
	To       string
	HasPDF   bool
	Receipt  bool
	Problem  string // with all of it
	EventURL string
	Bank     [][2]string // where an invoice is paid to
	Count    int         // of the tickets
	Back     *backView   // what may be given back; nil: nothing
	Returns  []moneyView // money that goes back or went
	Sent     string      // the tickets were sent again
	GaveBack bool        // tickets were given back just now
	site.Problems
}

type itemView struct {
	sales.Item
	Sum   int64 // without fees
	Fees  int64
	Seats []string
}

// holderView is a ticket of the form, or of the order when it is paid.
type holderView struct {
	sales.Place
	Number     int
	Name       string // of the holder
	Void       bool   // it was given back
	Given      string // that it was given to somebody else; "" for one that wasn't
	NameField  string
	Email      string // of the holder, where it is asked for
	EmailField string
	Questions  []journal.Question
	Answers    map[string]string // by the code of the question
}

// secondsLeft is how long the places of an order are kept still; 0 where it is no matter of
// time.
func secondsLeft(o *sales.Order, now time.Time) int64 {
	if !o.State.Buying() {
		return 0
	}
	return max(0, int64(o.Until.Sub(now)/time.Second))
}

// view puts together what the page of an order shows. change opens the form of one
// that is being paid.
func (c *Checkout) view(a *asked, change bool) *view {
	o, now := &a.order, c.Now()
	v := &view{
		Speech: a.speech, Order: o, Shop: a.shop, Path: a.path(),
		Page: standing(o, now), Taxes: o.Taxes(), Now: now.UnixMilli(), EventURL: "/events/" + o.Event,
		HasPDF: len(o.Tickets) > 0 && (o.State.Good() || o.State == sales.Awaiting), More: o.Extended < a.shop.Extensions,
		Receipt: o.Total > 0 && (o.Paid > 0 || o.State == sales.Awaiting),
	}
	if o.State == sales.Awaiting && o.Method == catalog.MethodInvoice {
		v.Bank = sales.Transfer(v.Lang, o, a.shop)
	}
	if v.Page == pageAway && change {
		v.Page = pageForm
	}
	v.Seconds = secondsLeft(o, now)
	v.Title = v.T("order.title." + v.Page)
	if o.State == sales.Cancelled && o.Paid == 0 {
		v.Title = v.T("order.title.cancelled") // no money is on its way
	}
	for _, item := range o.Items {
		v.Items = append(v.Items, itemView{Item: item, Sum: int64(item.Count) * item.Price, Fees: int64(item.Count) * item.Fee, Seats: item.Seats})
	}
	v.holders(a)
	v.Methods, v.Chosen = o.Methods(a.shop), o.Method
	if o.Total == 0 {
		v.Methods = nil
	}
	if v.Chosen == "" && len(v.Methods) > 0 {
		v.Chosen = v.Methods[0]
	}
	return v
}

func (v *view) holders(a *asked) {
	places := v.Order.Places()
	v.Count = len(places)
	for i, p := range places {
		h := holderView{Place: p, Number: i + 1}
		if p.Names {
			h.NameField, v.Asks = field(i, "name"), true
		}
		if p.Emails {
			h.EmailField, v.Asks = field(i, "email"), true
		}
		var given sales.Holder
		if i < len(v.Details.Holders) {
			given = v.Details.Holders[i]
		}
		h.Name, h.Email = given.Name, given.Email
		if offer, known := a.shop.OfferByCode(p.Offer); known {
			h.Questions, h.Answers = offer.Questions, given.Answers
			v.Asks = v.Asks || len(h.Questions) > 0
		}
		v.Holders = append(v.Holders, h)
	}
}

// mark says which of the tickets are not good any more.
func (v *view) mark(tickets []ticketing.Ticket) {
	for i := range v.Holders {
		if i < len(v.Tickets) {
			v.Holders[i].Void = !slices.ContainsFunc(tickets, func(t ticketing.Ticket) bool { return t.ID == v.Tickets[i] && t.State == ticketing.Valid })
		}
	}
}

// Void says whether none of the tickets is good any more.
func (v *view) Void() bool {
	return len(v.Holders) > 0 && !slices.ContainsFunc(v.Holders, func(h holderView) bool { return !h.Void })
}

// Asked puts what is asked of a ticket in words.
func (v *view) Asked(h holderView) (list []site.Question) {
	for _, q := range h.Questions {
		list = append(list, v.Ask(q, h.Number-1, v.Shop.About.Language, h.Answers[q.Code], v.Problems))
	}
	return list
}

// Known says whether a problem's field stands on the page, and says it there.
func (v *view) Known(p site.Problem) bool {
	switch p.Field {
	case "name", "email":
		return true
	case "address":
		return v.Total > 0
	case "method":
		return len(v.Methods) > 1
	case "terms":
		return v.Shop.Terms != ""
	}
	return strings.HasPrefix(p.Field, "h.")
}

// Percent is a tax rate as a number.
func (v *view) Percent(points int64) float64 { return float64(points) / 100 }

// Again says after how many seconds a browser without scripts looks again; 0: not.
func (v *view) Again() int64 {
	switch v.Page {
	case pageForm:
		return v.Seconds + 1
	case pageAway:
		return 5
	}
	return 0
}

// Ends is the clock time at which the places go back.
func (v *view) Ends() string { return v.Clock(v.Until.Unix()) }
