package wallet

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"usher/server/ticketing"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// challenge draws what the phone is to sign to show that it has its key.
func (w *Wallet) challenge(out http.ResponseWriter, r *http.Request) error {
	s, err := w.session(r)
	if err != nil {
		return err
	}
	if !w.moves.Allow(s.ID) {
		return fault.New(fault.TooMany, "tickets were moved too often from here; try again in a minute")
	}
	c, err := w.Accounts.Challenge(r.Context(), s)
	if err != nil {
		return err
	}
	writeJSON(out, map[string]string{"challenge": c})
	return nil
}

// bindRequest is what the page sends to have a ticket on its phone.
type bindRequest struct {
	Event      string `json:"event"`
	ID         string `json:"id"`
	Generation uint16 `json:"generation"` // as the phone knows it
	TakeOver   bool   `json:"take_over"`
	Phone      string `json:"phone"`     // public key
	Challenge  string `json:"challenge"` // as it was drawn
	Signature  string `json:"signature"`
}

// bind makes this phone the one that shows a ticket.
func (w *Wallet) bind(out http.ResponseWriter, r *http.Request) error {
	s, err := w.session(r)
	if err != nil {
		return err
	}
	asked, claim, err := readBind(r)
	if err != nil {
		return err
	}
	if err := w.Accounts.Answered(r.Context(), s, asked.Challenge); err != nil {
		return err
	}
	h, err := w.one(r.Context(), s, asked.Event, asked.ID)
	if err != nil {
		return err
	}
	if err := w.movable(r, h); err != nil {
		return err
	}
	t, _, err := w.Tickets.Bind(r.Context(), h.Ticket, claim)
	if err != nil {
		return err
	}
	return w.answer(r.Context(), out, t)
}

// answer sends a ticket as it stands now, as the list has it.
func (w *Wallet) answer(ctx context.Context, out http.ResponseWriter, t ticketing.Ticket) error {
	a, err := w.about(ctx, t.Event)
	if err != nil {
		return err
	}
	v, err := w.view(ctx, t, a)
	if err != nil {
		return err
	}
	gives, err := w.gives(ctx, t.Event, []ticketing.Ticket{t})
	if err != nil {
		return err
	}
	v.Give = gives[t.ID]
	writeJSON(out, map[string]any{"ticket": v, "now": w.Now().UnixMilli()})
	return nil
}

func readBind(r *http.Request) (asked bindRequest, claim ticketing.Claim, err error) {
	if err := readJSON(r, &asked); err != nil {
		return asked, claim, err
	}
	claim = ticketing.Claim{Generation: asked.Generation, TakeOver: asked.TakeOver}
	for _, f := range []struct {
		name, text string
		into       *[]byte
	}{
		{"phone", asked.Phone, (*[]byte)(&claim.Holder)}, {"challenge", asked.Challenge, &claim.Challenge}, {"signature", asked.Signature, &claim.Signature},
	} {
		if *f.into, err = base64.RawURLEncoding.Strict().DecodeString(f.text); err != nil {
			return asked, claim, fault.At(fault.BadInput, f.name, "it is no base64url")
		}
	}
	return asked, claim, nil
}

// movable refuses to move a ticket that let somebody in already, when all that speaks
// for who asks is an order's link: those are passed on among friends.
func (w *Wallet) movable(r *http.Request, h held) error {
	if h.own {
		return nil
	}
	state, err := w.Doors.State(r.Context(), h.Event)
	if err != nil {
		return err
	}
	for _, act := range state.Past(journal.TicketID(h.ID)) {
		if act.Result == admission.Accept && act.Direction == admission.In && !act.Undone && !act.SetAside {
			return fault.At(fault.Refused, "entered", "somebody came in with this ticket; sign in by mail to move it, or ask the organiser")
		}
	}
	return nil
}

// readJSON reads a request's body strictly.
func readJSON(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil && d.More() {
		err = errors.New("there is more behind it")
	}
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	}
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); err == nil || tooLong {
		return err
	}
	return fault.Wrap(fault.BadInput, err, "the request is no JSON of the kind that belongs here")
}

func writeJSON(out http.ResponseWriter, v any) {
	if out.Header().Get("Content-Type") == "" {
		out.Header().Set("Content-Type", "application/json")
	}
	_ = json.NewEncoder(out).Encode(v) // the other side hung up
}
