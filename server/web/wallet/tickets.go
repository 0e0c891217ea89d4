package wallet

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"time"

	"usher/crypto/ticket"
	"usher/server/accounts"
	"usher/server/catalog"
	"usher/server/pass"
	"usher/server/resale"
	"usher/server/ticketing"
	"usher/server/web/front"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/words"
)

// keptFor is how long a ticket stays in the list when its event is over.
const keptFor = 30 * 24 * time.Hour

// held is a ticket that a session opens.
type held struct {
	ticketing.Ticket
	own bool             // it is of the session's address, and not only of an order whose link it has
	by  ticketing.Holder // as whom somebody acts on it
}

type key struct {
	event string
	id    ticket.ID
}

// held gives the tickets that a session opens.
func (w *Wallet) held(ctx context.Context, s accounts.Session) (list []held, err error) {
	seen := map[key]bool{}
	add := func(tickets []ticketing.Ticket, own bool, by ticketing.Holder) {
		for _, t := range tickets {
			if k := (key{t.Event, t.ID}); !seen[k] {
				seen[k] = true
				if own {
					by.Name = t.Name
				}
				list = append(list, held{t, own, by})
			}
		}
	}
	own, err := w.Tickets.HeldBy(ctx, s.Email)
	if err != nil {
		return nil, err
	}
	add(own, true, ticketing.Holder{Email: s.Email})
	for _, id := range s.Orders {
		tickets, by, err := w.ofOrder(ctx, id)
		if err != nil {
			return nil, err
		}
		add(tickets, false, by)
	}
	return list, nil
}

// ofOrder gives an order's tickets that its people still have, and its buyer.
func (w *Wallet) ofOrder(ctx context.Context, id string) (list []ticketing.Ticket, by ticketing.Holder, err error) {
	o, err := w.Sales.Order(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return nil, by, nil
	}
	if err != nil {
		return nil, by, err
	}
	list, err = w.Sales.Held(ctx, &o)
	return list, ticketing.Holder{Name: o.Details.Name, Email: o.Details.Email}, err
}

// one gives the ticket that a request's path or body names, if the session opens it.
func (w *Wallet) one(ctx context.Context, s accounts.Session, event, id string) (held, error) {
	list, err := w.held(ctx, s)
	if err != nil {
		return held{}, err
	}
	return among(list, event, id)
}

// among gives the ticket of an event that is meant by its id.
func among(list []held, event, id string) (held, error) {
	for _, h := range list {
		if h.Event == event && h.ID.String() == id {
			return h, nil
		}
	}
	return held{}, fault.New(fault.NotFound, "you have no such ticket here")
}

// ticketView is a ticket as the page has it.
type ticketView struct {
	Event      string     `json:"event"`
	ID         string     `json:"id"`
	Short      string     `json:"short"` // the code as people type it
	Name       string     `json:"event_name"`
	Venue      string     `json:"venue,omitempty"`
	Address    string     `json:"address,omitempty"`
	Zone       string     `json:"zone"` // IANA time zone of the venue
	Starts     int64      `json:"starts"`
	Ends       int64      `json:"ends"`
	Admission  int64      `json:"admission,omitempty"`
	NotBefore  int64      `json:"not_before,omitempty"`
	Expires    int64      `json:"expires,omitempty"`
	Product    string     `json:"product"`
	Seat       string     `json:"seat,omitempty"`
	Holder     string     `json:"holder,omitempty"` // who it is for
	Admits     uint8      `json:"admits"`
	Gates      []gateView `json:"gates,omitempty"` // where to go in; none when anywhere
	Map        string     `json:"map,omitempty"`
	Sell       string     `json:"sell,omitempty"` // "yes": its holder may sell it on; or why not now, see resale.Why; none: never
	State      string     `json:"state"`
	Unpaid     bool       `json:"unpaid,omitempty"`
	Rehearsal  bool       `json:"rehearsal,omitempty"`
	Generation uint16     `json:"generation"`
	LiveOnly   bool       `json:"live_only,omitempty"` // no other code is let in
	Number     bool       `json:"number,omitempty"`    // the short code is a number for the box office: it lets nobody in
	Code       string     `json:"code,omitempty"`      // static; none when a phone shows it, or it isn't good
	Bound      *boundView `json:"bound,omitempty"`
	Passes     []pass.App `json:"passes,omitempty"` // wallets of others that it can be put into
	Give       *giveView  `json:"give,omitempty"`
}

type gateView struct {
	Name string `json:"name"`
	How  string `json:"how,omitempty"` // to find it
}

// boundView is the phone that shows a ticket. Bytes are base64url.
type boundView struct {
	Phone  string `json:"phone"`  // its public key
	Ticket string `json:"ticket"` // signed with that key in it; of use with the key alone
	At     int64  `json:"at"`     // Unix ms
}

// list gives a session's tickets, and the server's time for the page to set its clock by.
func (w *Wallet) list(out http.ResponseWriter, r *http.Request) error {
	s, err := w.session(r)
	if err != nil {
		return err
	}
	if s.Noted { // or a browser that is used for months lets its cookie go
		w.remember(out, r, w.secret(r))
	}
	all, err := w.held(r.Context(), s)
	if err != nil {
		return err
	}
	events := map[string]*about{}
	views := []ticketView{}
	kept := all[:0]
	for _, h := range all {
		a, err := w.eventOf(r.Context(), h.Event, events)
		if err != nil {
			return err
		}
		if w.past(a) {
			continue
		}
		v, err := w.view(r.Context(), h.Ticket, a)
		if err != nil {
			return err
		}
		views, kept = append(views, v), append(kept, h)
	}
	if err := w.addGives(r.Context(), kept, views); err != nil {
		return err
	}
	given, err := w.parted(r.Context(), s, events)
	if err != nil {
		return err
	}
	slices.SortStableFunc(views, func(a, b ticketView) int {
		return cmp.Or(cmp.Compare(a.Starts, b.Starts), cmp.Compare(a.Event, b.Event), cmp.Compare(a.Seat, b.Seat), cmp.Compare(a.ID, b.ID))
	})
	writeJSON(out, map[string]any{"tickets": views, "given": given, "email": s.Email, "now": w.Now().UnixMilli()})
	return nil
}

// past says whether tickets of an event have left the list.
func (w *Wallet) past(a *about) bool { return w.Now().Sub(time.Unix(a.event.Ends, 0)) > keptFor }

// addGives adds to the views of tickets, which are in their order, how they may be given
// away and sold on.
func (w *Wallet) addGives(ctx context.Context, list []held, views []ticketView) error {
	by := map[string][]ticketing.Ticket{}
	for _, h := range list {
		by[h.Event] = append(by[h.Event], h.Ticket)
	}
	gives, sells := map[string]map[ticket.ID]*giveView{}, map[string]map[ticket.ID]resale.Why{}
	for event, tickets := range by {
		var err error
		if gives[event], err = w.gives(ctx, event, tickets); err != nil {
			return err
		}
		if sells[event], err = w.Resale.Allowed(ctx, event, tickets); err != nil {
			return err
		}
	}
	for i, h := range list {
		views[i].Give, views[i].Sell = gives[h.Event][h.ID], sellsAs(sells[h.Event][h.ID])
	}
	return nil
}

// sellsAs says for the page whether a ticket may be sold on.
func sellsAs(why resale.Why) string {
	switch why {
	case "":
		return "yes"
	case resale.WhyNever, resale.WhyVoid, resale.WhyEntered:
		return "" // for good
	}
	return string(why)
}

// eventOf gives what tickets of one event share, once for all of a request.
func (w *Wallet) eventOf(ctx context.Context, event string, seen map[string]*about) (*about, error) {
	if a := seen[event]; a != nil {
		return a, nil
	}
	a, err := w.about(ctx, event)
	if err != nil {
		return nil, err
	}
	seen[event] = a
	return a, nil
}

// about is what tickets of one event share.
type about struct {
	event *catalog.Event
	shop  *catalog.Shop // nil: it sells nothing
}

func (w *Wallet) about(ctx context.Context, code string) (*about, error) {
	e, err := w.Catalog.Event(ctx, code)
	if err != nil {
		return nil, err
	}
	s, err := w.Catalog.Shop(ctx, code)
	if fault.KindOf(err) == fault.NotFound {
		s, err = nil, nil
	}
	return &about{e, s}, err
}

func (w *Wallet) view(ctx context.Context, t ticketing.Ticket, a *about) (ticketView, error) {
	e := a.event
	v := ticketView{
		Event: t.Event, ID: t.ID.String(), Short: t.ID.Short(), Name: e.Name, Venue: e.Venue, Zone: e.Zone, Starts: e.Starts, Ends: e.Ends,
		Admission: e.Admission, NotBefore: t.NotBefore, Expires: t.Expires, Seat: t.Seat, Holder: t.Name, Admits: max(1, t.Admissions),
		State: string(t.State), Unpaid: t.Unpaid, Rehearsal: e.Rehearsal, Generation: t.Generation, LiveOnly: e.Policy.DownTo.Live(), Number: !e.Policy.DownTo.Typed(),
	}
	product, known := e.ProductByNumber(t.Product)
	if !known {
		product.Name = fmt.Sprintf("%d", t.Product)
	}
	v.Product, v.Gates = product.Name, gates(e, t.Product, cmp.Or(t.Zones, product.Zones))
	if a.shop != nil {
		v.Address, v.Map = a.shop.Address, front.MapURL(a.shop)
	}
	if t.State != ticketing.Valid {
		return v, nil
	}
	if t.Bound() {
		b, there, err := w.Tickets.Binding(ctx, t)
		if err != nil {
			return v, err
		}
		if !there {
			b.Bound = t.Changed // moved on since the ticket was read: to no phone that knows it yet
		}
		v.Bound = &boundView{Phone: b64(b.Holder), Ticket: b64(b.Code), At: b.Bound.UnixMilli()}
	} else if !v.LiveOnly {
		v.Code = t.Token
	}
	v.Passes = w.Passes.Offered(&t, e)
	return v, nil
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// maxGates is how many gates a ticket names. Where more let it in, any is right.
const maxGates = 3

// gates says where to go in, if few gates let the ticket in.
func gates(e *catalog.Event, product, zones uint32) (list []gateView) {
	all := true
	for _, g := range e.Gates {
		if !admits(&g, product, zones) {
			all = false
			continue
		}
		list = append(list, gateView{g.Name, g.Direction})
	}
	if len(list) > maxGates || all && len(list) > 1 {
		return nil
	}
	return list
}

func admits(g *journal.Gate, product, zones uint32) bool {
	return zones&(1<<g.Zone) != 0 && (g.All || slices.Contains(g.Products, product))
}

// paper sends a ticket as a PDF file, as a pass for Apple Wallet, or as an entry for
// calendars.
func (w *Wallet) paper(out http.ResponseWriter, r *http.Request) error {
	paper := r.PathValue("paper")
	if !slices.Contains([]string{"ticket.pdf", passFile, calendarFile}, paper) {
		return fault.New(fault.NotFound, "there is no such paper of a ticket")
	}
	s, err := w.session(r)
	if err != nil {
		return err
	}
	h, err := w.one(r.Context(), s, r.PathValue("event"), r.PathValue("id"))
	if err != nil {
		return err
	}
	switch paper {
	case passFile:
		return w.passFile(out, r, s, h.Ticket)
	case calendarFile:
		return w.calendar(out, r, &h.Ticket)
	}
	if h.State != ticketing.Valid || h.Bound() {
		return fault.New(fault.Refused, "this ticket has no code to print: a phone shows it, or it is void")
	}
	out.Header().Set("Content-Type", "application/pdf")
	out.Header().Set("Content-Disposition", `attachment; filename="ticket-`+h.ID.Short()+`.pdf"`)
	return w.Sales.Printer.Tickets(r.Context(), out, h.Event, []ticketing.Ticket{h.Ticket}, w.book.Pick(r.Header.Get("Accept-Language"), words.English).Code())
}

// Held gives the ticket that a request names, if its session opens it: for pages beside
// the wallet's own.
func (w *Wallet) Held(r *http.Request, event, id string) (ticketing.Ticket, error) {
	s, err := w.session(r)
	if err != nil {
		return ticketing.Ticket{}, err
	}
	h, err := w.one(r.Context(), s, event, id)
	return h.Ticket, err
}
