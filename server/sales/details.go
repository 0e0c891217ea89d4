package sales

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Limits of what a buyer says of themselves, in bytes.
const (
	maxName     = 200
	maxEmail    = 254 // RFC 5321 section 4.5.3.1.3, less the angle brackets
	maxLanguage = 35  // RFC 5646 section 4.4.1
	maxAddress  = 400
)

// Details is what a buyer says of themselves and of who will come.
type Details struct {
	Name     string   `json:"name"`
	Email    string   `json:"email"`
	Address  string   `json:"address,omitempty"` // for the receipt; several lines
	Language string   `json:"language,omitempty"`
	Terms    bool     `json:"terms,omitempty"`   // agreed to
	Holders  []Holder `json:"holders,omitempty"` // by ticket, in the order of Order.Places; missing ones are the buyer
}

// Holder is who will come with one ticket.
type Holder struct {
	Name    string            `json:"name,omitempty"`
	Email   string            `json:"email,omitempty"`
	Answers map[string]string `json:"answers,omitempty"` // by the code of the question
}

// Details keeps what the buyer says. Errors name the member: name, email, terms,
// holders[0].name, holders[1].answers.shirt.
func (s *Sales) Details(ctx context.Context, id string, d Details) (Order, error) {
	return s.change(ctx, id, func(ctx context.Context, _ *sqldb.Tx, a *act) error { return a.describe(ctx, d) })
}

// DetailsSeen is Details for who has just seen the order.
func (s *Sales) DetailsSeen(ctx context.Context, seen Order, d Details) (Order, error) {
	return s.changeSeen(ctx, seen, func(ctx context.Context, _ *sqldb.Tx, a *act) error { return a.describe(ctx, d) })
}

// describe takes details in that are good.
func (a *act) describe(ctx context.Context, d Details) error {
	if err := a.buying(); err != nil {
		return err
	}
	shop, err := a.sales.Catalog.Shop(ctx, a.Event)
	if err != nil {
		return err
	}
	if d, err = d.checked(a.Order, shop); err != nil {
		return err
	}
	was := a.Order.Details
	a.Order.Details = d
	a.index(was)
	a.note("details", "buyer", "")
	return nil
}

// buying refuses what a buyer can't do any more, and says why.
func (a *act) buying() error {
	switch {
	case !a.State.Buying():
		return fault.New(fault.Refused, "order %s is %s", a.Code, a.State.Words())
	case a.Over(a.now):
		return fault.New(fault.Expired, "the time to buy is over, and the places went back to the sale")
	}
	return nil
}

// checked gives the details as they are kept. Its error is all that is wrong, in the
// order in which a page asks for it.
func (d Details) checked(o *Order, shop *catalog.Shop) (Details, error) {
	d.Name, d.Email, d.Language = line(d.Name), strings.TrimSpace(d.Email), line(d.Language)
	wrong := []error{checkLine("name", d.Name, maxName)}
	if d.Name == "" {
		wrong[0] = fault.At(fault.BadInput, "name", "please give your name")
	}
	if d.Email == "" {
		wrong = append(wrong, fault.At(fault.BadInput, "email", "please give an e-mail address: the tickets go there"))
	} else {
		wrong = append(wrong, checkEmail("email", d.Email))
	}
	wrong = append(wrong, checkLine("language", d.Language, maxLanguage),
		checkLine("address", strings.ReplaceAll(d.Address, "\n", " "), maxAddress))
	places := o.Places()
	if len(d.Holders) > len(places) {
		return d, fault.At(fault.BadInput, "holders", "%d of them for %d tickets", len(d.Holders), len(places))
	}
	holders := make([]Holder, len(places))
	copy(holders, d.Holders)
	for i, p := range places {
		var questions []journal.Question
		if offer, known := shop.OfferByCode(p.Offer); known {
			questions = offer.Questions
		}
		h, err := holders[i].checked(fmt.Sprintf("holders[%d]", i), p, questions)
		holders[i], wrong = h, append(wrong, err)
	}
	if shop.Terms != "" && !d.Terms {
		wrong = append(wrong, fault.At(fault.BadInput, "terms", "please agree to the terms"))
	}
	d.Holders = holders
	return d, errors.Join(wrong...)
}

func (h Holder) checked(where string, p Place, questions []journal.Question) (Holder, error) {
	h.Name, h.Email = line(h.Name), strings.TrimSpace(h.Email)
	wrong := []error{checkLine(where+".name", h.Name, maxName)}
	if p.Names && h.Name == "" {
		wrong[0] = fault.At(fault.BadInput, where+".name", "please say who will come with this ticket")
	}
	switch {
	case h.Email != "":
		wrong = append(wrong, checkEmail(where+".email", h.Email))
	case p.Emails:
		wrong = append(wrong, fault.At(fault.BadInput, where+".email", "please give the e-mail address of who will come with this ticket"))
	}
	var err error
	h.Answers, err = ticketing.CheckAnswers(where+".answers.", questions, h.Answers)
	return h, errors.Join(append(wrong, err)...)
}

// line makes one line of a text that a person typed.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }

func checkLine(where, text string, most int) error {
	switch {
	case len(text) > most:
		return fault.At(fault.BadInput, where, "it has %d bytes, %d at most", len(text), most)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return fault.At(fault.BadInput, where, "it holds characters that are no text")
	}
	return nil
}

func checkEmail(where, text string) error {
	if address, err := mail.ParseAddress(text); err != nil || address.Address != text || len(text) > maxEmail || !strings.Contains(text, "@") {
		return fault.At(fault.BadInput, where, "%.80q is no e-mail address", text)
	}
	return nil
}
