package wallet

import (
	"net/http"
	"strconv"

	"usher/server/accounts"
	"usher/server/pass/apple"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// passFile is what a ticket's pass for Apple Wallet is called.
const passFile = "ticket.pkpass"

// mayTake refuses a session that takes passes too often: each is signed anew.
func (w *Wallet) mayTake(s accounts.Session) error {
	if !w.takes.Allow(s.ID) {
		return fault.New(fault.TooMany, "passes were taken too often from here; try again in a minute")
	}
	return nil
}

// passFile sends a ticket as a pass for Apple Wallet.
func (w *Wallet) passFile(out http.ResponseWriter, r *http.Request, s accounts.Session, t ticketing.Ticket) error {
	if err := w.mayTake(s); err != nil {
		return err
	}
	file, err := w.Passes.File(r.Context(), t)
	if err != nil {
		return err
	}
	out.Header().Set("Content-Type", apple.Kind)
	out.Header().Set("Content-Disposition", `attachment; filename="`+passFile+`"`)
	out.Header().Set("Content-Length", strconv.Itoa(len(file)))
	_, _ = out.Write(file) // the other side hung up
	return nil
}

// passLink makes a ticket's pass for Google Wallet and gives the address that saves it.
func (w *Wallet) passLink(out http.ResponseWriter, r *http.Request) error {
	s, err := w.session(r)
	if err != nil {
		return err
	}
	var asked struct {
		Event string `json:"event"`
		ID    string `json:"id"`
	}
	if err := readJSON(r, &asked); err != nil {
		return err
	}
	if err := w.mayTake(s); err != nil {
		return err
	}
	h, err := w.one(r.Context(), s, asked.Event, asked.ID)
	if err != nil {
		return err
	}
	link, err := w.Passes.Link(r.Context(), h.Ticket)
	if err != nil {
		return err
	}
	writeJSON(out, map[string]string{"url": link})
	return nil
}
