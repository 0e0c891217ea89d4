package turnstile

import (
	"strings"
	"unicode/utf8"

	"usher/crypto/ticket"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/guests"
	"usher/sync/journal"
)

// Limits of a search.
const (
	MaxFound = 50  // guests that one search shows
	maxQuery = 200 // bytes
)

// Found is a guest whose ticket the gate admits.
type Found struct {
	Handle   string          `json:"handle"`          // see Guest
	Ticket   ticket.ID       `json:"ticket,omitzero"` // zero where its code is to be had from the guest alone
	Short    string          `json:"short,omitempty"` // likewise
	Name     string          `json:"name,omitempty"`
	Email    string          `json:"email,omitempty"`
	Order    string          `json:"order,omitempty"`
	Note     string          `json:"note,omitempty"`
	Product  string          `json:"product,omitempty"` // name
	Void     string          `json:"void,omitempty"`    // why no code of the ticket is good
	Unpaid   bool            `json:"unpaid,omitempty"`
	Due      int64           `json:"due,omitempty"` // minor units of the currency
	Currency string          `json:"currency,omitempty"`
	Visit    admission.Visit `json:"visit"` // in the gate's zone
}

// Findings are what a search comes to.
type Findings struct {
	Guests []Found `json:"guests"`         // at most MaxFound, by name
	More   int     `json:"more,omitempty"` // that were found beside them
}

// Search finds guests by name, e-mail, order or the last four characters of a
// code, among those whose tickets this gate admits. Who may not read the guest
// list gets fault.Forbidden, a query of under guests.MinQuery characters
// fault.BadInput. It changes nothing: an entry is a scan of what Guest gives for the
// handle and obeys every rule.
func (t *Turnstile) Search(query string) (Findings, error) {
	query = strings.TrimSpace(query)
	switch n := utf8.RuneCountInString(query); {
	case !t.State.ReadsGuests():
		return Findings{}, fault.New(fault.Forbidden, "this device's role may not see who holds a ticket; supervisors and box offices may")
	case n < guests.MinQuery:
		return Findings{}, fault.At(fault.BadInput, "query", "%d characters, want at least %d", n, guests.MinQuery)
	case len(query) > maxQuery:
		return Findings{}, fault.At(fault.BadInput, "query", "%d bytes, limit %d", len(query), maxQuery)
	}
	event := t.State.Event()
	if reason := t.Ready(); reason != "" || event == nil {
		return Findings{}, fault.New(fault.NotReady, "this device can't judge tickets now, and so it shows no guests")
	}
	here, there := event.GateByCode(t.gate())
	if !there {
		return Findings{}, fault.New(fault.NotReady, "the event has no gate %s any more", t.gate())
	}
	found := Findings{Guests: []Found{}}
	now := t.Clock.Moment().At
	for _, g := range t.State.SearchGuests(query, nil) {
		claims, listed := t.State.Roster(g.Ticket)
		switch {
		case !listed || !admission.Admits(event, here, claims):
		case len(found.Guests) == MaxFound:
			found.More++
		default:
			found.Guests = append(found.Guests, t.found(event, here, g, claims, now))
		}
	}
	return found, nil
}

func (t *Turnstile) found(event *journal.Event, here journal.Gate, g guests.Guest, claims ticket.Claims, now int64) Found {
	f := Found{
		Handle: t.handles.of(g.Ticket), Name: g.Name, Email: g.Email, Order: g.Order, Note: g.Note,
		Visit: t.State.Visit(g.Ticket, here.Zone, now),
	}
	if !hidesCodes(event) {
		f.Ticket, f.Short = ticket.ID(g.Ticket), ticketText(g.Ticket)
	}
	product, _ := event.ProductByNumber(claims.Product)
	f.Product = product.Name
	if void := t.State.Void(g.Ticket); void.Set && uint32(claims.Generation) < void.Minimum {
		f.Void = void.Reason
	}
	due := t.State.Due(g.Ticket)
	f.Unpaid, f.Due, f.Currency = due.Unpaid, due.Amount, due.Currency
	return f
}
