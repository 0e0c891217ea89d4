package wallet

import (
	"net/http"

	"usher/server/ticketing"
	"usher/server/web/front"
)

// calendarFile is what a ticket's entry for calendars is called.
const calendarFile = "ticket.ics"

// calendar sends when to be where with a ticket as an entry for calendars: the event,
// whether it is in the shop or not, and where the ticket is good only later, from then on.
func (w *Wallet) calendar(out http.ResponseWriter, r *http.Request, t *ticketing.Ticket) error {
	a, err := w.about(r.Context(), t.Event)
	if err != nil {
		return err
	}
	from, suffix := a.event.Starts, ""
	if t.NotBefore > from && t.NotBefore < a.event.Ends {
		from, suffix = t.NotBefore, "-"+t.ID.String()
	}
	out.Header().Set("Content-Type", front.CalendarType)
	out.Header().Set("Content-Disposition", `attachment; filename="`+t.Event+`.ics"`)
	_, _ = out.Write(front.Calendar(a.event, a.shop, suffix, from, w.Site.Public())) // the other side hung up
	return nil
}
