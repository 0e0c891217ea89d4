package manage

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"usher/crypto/ticket"
	"usher/server/catalog"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// ticketPage is the page of a ticket: whose it is and was, and what was done to it.
type ticketPage struct {
	ticketing.Ticket
	About   *catalog.Event
	Short   string
	Product string
	Phone   bool   // shows it
	Sold    string // the code of the order that it was sold in; "" where there is none
	Said    []said // by the holder
	Hands   []hand
	Changes []changed
}

// said is what a holder has answered to a question of the organiser's.
type said struct{ Question, Answer string }

// hand is somebody who has or had a ticket.
type hand struct {
	ticketing.Holder
	How   string // they came by it
	Since string // "" where it is not known
}

// changed is something that was done to a ticket, in words.
type changed struct {
	When, What, Why string
}

// stamp is how the page says a moment.
const stamp = "Mon 2 Jan 15:04:05"

// ticket shows a ticket.
func (m *Manage) ticket(w http.ResponseWriter, r *http.Request) error {
	e, err := m.Catalog.Event(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	t, err := m.ticketOf(r.Context(), e.Code, r.PathValue("ticket"))
	if err != nil {
		return err
	}
	p := ticketPage{Ticket: t, About: e, Short: t.ID.Short(), Product: fmt.Sprint(t.Product), Phone: t.Bound()}
	if product, known := e.ProductByNumber(t.Product); known {
		p.Product = product.Name
	}
	if p.Said, err = m.said(r.Context(), &t); err != nil {
		return err
	}
	if code := sales.CleanCode(t.Order); code != "" {
		found, err := m.Sales.Find(r.Context(), sales.Search{Text: code, Limit: 1})
		if err != nil {
			return err
		}
		if len(found) > 0 && slices.Contains(found[0].Tickets, t.ID) {
			p.Sold = found[0].Code
		}
	}
	changes, err := m.Tickets.Story(r.Context(), t)
	if err != nil {
		return err
	}
	hands, err := m.Tickets.Passages(r.Context(), e.Code, t.ID)
	if err != nil {
		return err
	}
	var issued time.Time
	for _, c := range changes {
		if c.What == ticketing.Issued && issued.IsZero() {
			issued = c.At
		}
		p.Changes = append(p.Changes, changed{c.At.In(e.Location).Format(stamp), wordsOf(&c), c.Why})
	}
	p.Hands = handsOf(&t, hands[t.ID], issued, e.Location)
	return m.Site.Render(w, m.pages, "ticket.html", http.StatusOK, p)
}

// said gives what a ticket's holder has answered, in the order in which the shop asks.
func (m *Manage) said(ctx context.Context, t *ticketing.Ticket) (list []said, err error) {
	shop, err := m.Catalog.Shop(ctx, t.Event)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil // nobody was asked
	}
	if err != nil {
		return nil, err
	}
	answers := t.Answers.ByQuestion()
	if offer, known := shop.OfferOf(t.Product); known {
		for _, q := range offer.Questions {
			if answer := answers[q.Code]; answer != "" {
				list = append(list, said{q.Text, answer})
			}
		}
	}
	return list, nil
}

// ticketOf gives the ticket of an event that a path names by its id.
func (m *Manage) ticketOf(ctx context.Context, event, text string) (ticketing.Ticket, error) {
	none := fault.New(fault.NotFound, "%.40q is no ticket of this event", text)
	id, err := ticket.ParseID(text)
	if err != nil {
		return ticketing.Ticket{}, none
	}
	found, err := m.Tickets.Of(ctx, event, []ticket.ID{id})
	if fault.KindOf(err) == fault.NotFound {
		return ticketing.Ticket{}, none
	}
	if err != nil {
		return ticketing.Ticket{}, err
	}
	return found[0], nil
}

// hows say by what somebody came by a ticket.
var hows = map[ticketing.How]string{
	ticketing.ByTransfer: "given by the holder before", ticketing.ByResale: "bought from the holder before", ticketing.ByOrganiser: "named by the organiser",
}

// handsOf gives everybody who has or had a ticket, the first one first.
func handsOf(t *ticketing.Ticket, chain []ticketing.Passage, issued time.Time, zone *time.Location) []hand {
	first := hand{Holder: ticketing.Holder{Name: t.Name, Email: t.Email}, How: "the first"}
	if len(chain) > 0 {
		first.Holder = chain[0].From
	}
	if !issued.IsZero() {
		first.Since = issued.In(zone).Format(stamp)
	}
	list := []hand{first}
	for _, p := range chain {
		list = append(list, hand{p.To, hows[p.How], p.At.In(zone).Format(stamp)})
	}
	return list
}

// wordsOf says what was done to a ticket.
func wordsOf(c *ticketing.Change) string {
	text := c.What
	if c.NewCode() {
		text = fmt.Sprintf("new code, issue %d", int(c.Generation)+1)
	}
	if len(c.Changed) > 0 {
		text += ": " + strings.Join(c.Changed, ", ")
	}
	return text
}
