package wallet

import (
	"net/http"

	"usher/sync/fault"
)

// renewRequest is what the page sends to have a new code of a ticket.
type renewRequest struct {
	Event      string `json:"event"`
	ID         string `json:"id"`
	Generation uint16 `json:"generation"` // as the page knows it
}

// renew gives a ticket a new code for its holder, who has lost the phone or the mail with
// the one before. After entry that takes the organiser.
func (w *Wallet) renew(out http.ResponseWriter, r *http.Request) error {
	s, err := w.session(r)
	if err != nil {
		return err
	}
	if !w.moves.Allow(s.ID) {
		return fault.New(fault.TooMany, "tickets were moved too often from here; try again in a minute")
	}
	var asked renewRequest
	if err := readJSON(r, &asked); err != nil {
		return err
	}
	h, err := w.one(r.Context(), s, asked.Event, asked.ID)
	if err != nil {
		return err
	}
	entered, err := w.Doors.Entered(r.Context(), h.Event, h.ID)
	if err != nil {
		return err
	}
	if len(entered) > 0 {
		return fault.At(fault.Refused, "entered", "somebody came in with this ticket; ask the organiser for a new code")
	}
	t, err := w.Tickets.Renew(r.Context(), h.Ticket, asked.Generation)
	if err != nil {
		return err
	}
	return w.answer(r.Context(), out, t)
}
