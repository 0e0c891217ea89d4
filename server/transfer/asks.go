package transfer

import (
	"context"
	"errors"
	"fmt"

	"usher/crypto/ticket"
	"usher/server/ticketing"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Asks gives what the organiser asks of who accepts an offer, as of who buys: the
// questions of each ticket, in the order of the offer's tickets.
func (x *Transfers) Asks(ctx context.Context, o *Offer) ([][]journal.Question, error) {
	asked := make([][]journal.Question, len(o.Tickets))
	shop, err := x.Catalog.Shop(ctx, o.Event)
	if fault.KindOf(err) == fault.NotFound {
		return asked, nil // what sells nothing asks nobody
	}
	if err != nil {
		return nil, err
	}
	tickets, err := x.Tickets.Of(ctx, o.Event, o.Tickets)
	if err != nil {
		return nil, err
	}
	for i := range tickets {
		if offer, known := shop.OfferOf(tickets[i].Product); known {
			asked[i] = offer.Questions
		}
	}
	return asked, nil
}

// answered checks what somebody answers to what an offer's tickets ask. Its error is all
// that is wrong, each at tickets[0].answers.shirt.
func (x *Transfers) answered(ctx context.Context, o *Offer, given []map[string]string) (map[ticket.ID]ticketing.Answers, error) {
	asked, err := x.Asks(ctx, o)
	if err != nil {
		return nil, err
	}
	answers := make(map[ticket.ID]ticketing.Answers, len(asked))
	wrong := make([]error, len(asked))
	for i, questions := range asked {
		var said map[string]string
		if i < len(given) {
			said = given[i]
		}
		said, wrong[i] = ticketing.CheckAnswers(fmt.Sprintf("tickets[%d].answers.", i), questions, said)
		answers[o.Tickets[i]] = ticketing.AnswersOf(said)
	}
	return answers, errors.Join(wrong...)
}
