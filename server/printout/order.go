package printout

import (
	"cmp"
	"context"
	"io"

	"usher/server/document"
	"usher/server/speech"
	"usher/server/ticketing"
)

// Tickets writes one PDF of tickets of an event, in their order, a page each: what
// a buyer gets in the mail, in a language of theirs; "" for the event's.
func (p *Printer) Tickets(ctx context.Context, w io.Writer, event string, tickets []ticketing.Ticket, language string) error {
	e, err := p.catalog.Event(ctx, event)
	if err != nil {
		return err
	}
	j := &job{
		Printer: p, event: e, created: p.now(), say: speech.In(cmp.Or(language, e.Language), e.Location), picture: p.pictureOf(ctx, event),
	}
	book, err := document.NewBook(j.options())
	if err != nil {
		return err
	}
	for _, t := range tickets {
		if err := book.AddTicket(j.sheet(t)); err != nil {
			return j.failed(t, err)
		}
	}
	_, err = book.WriteTo(w)
	return err
}
