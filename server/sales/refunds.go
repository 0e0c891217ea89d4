package sales

import (
	"context"
	"errors"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Stage is how far money has come that goes back.
type Stage string

// The stages. A failed one is to be given back by other means: see GivenByHand.
const (
	Asked       Stage = "asked"   // the provider has not been asked yet
	Trying      Stage = "trying"  // it has, and it is not certain yet
	GoneBack    Stage = "made"    // it is on its way
	Failed      Stage = "failed"  // the provider will never do it
	ByHand      Stage = "by_hand" // it was given by other means
	ByTheirBank Stage = "bank"    // the buyer's bank took it by a dispute
)

// Words says a stage to a person.
func (s Stage) Words() string {
	switch s {
	case Asked:
		return "asked for"
	case Trying:
		return "under way"
	case GoneBack:
		return "made"
	case ByHand:
		return "by hand"
	case ByTheirBank:
		return "by their bank"
	}
	return string(s)
}

// GoingBack is money of an order that goes back, and how it stands.
type GoingBack struct {
	ID       string    `json:"id"`
	Provider string    `json:"provider,omitempty"`
	Ref      string    `json:"ref,omitempty"` // of the payment
	State    string    `json:"state"`
	Amount   int64     `json:"amount"`
	Kept     int64     `json:"kept,omitempty"`
	Currency string    `json:"currency"`
	Why      string    `json:"why"`
	Problem  string    `json:"problem,omitempty"` // of the newest try
	Made     time.Time `json:"made"`
	Done     time.Time `json:"done,omitzero"`
	Next     time.Time `json:"next,omitzero"` // when the provider is asked again
	Tries    int       `json:"tries,omitempty"`
}

// Stage says how far it has come.
func (g *GoingBack) Stage() Stage {
	switch g.State {
	case "asked":
		if g.Tries == 0 {
			return Asked
		}
		return Trying
	case "refused":
		return Failed
	case "by_hand":
		return ByHand
	case "charged_back":
		return ByTheirBank
	}
	if byHand(g.Provider) {
		return ByHand
	}
	return GoneBack
}

// Refunds lists the money of an order that goes back or went, oldest first.
func (s *Sales) Refunds(ctx context.Context, id string) (list []GoingBack, err error) {
	rows, err := s.DB.Read().QueryContext(ctx, `select id, provider, ref, state, amount, kept, currency, why, problem, made_at, done_at, try_at, tries
		from order_refund where order_id = $1 order by made_at, id`, id)
	if err != nil {
		return nil, stored(err, "reading refunds")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var g GoingBack
		var made, done, next int64
		if err := rows.Scan(&g.ID, &g.Provider, &g.Ref, &g.State, &g.Amount, &g.Kept, &g.Currency, &g.Why, &g.Problem, &made, &done, &next, &g.Tries); err != nil {
			return nil, stored(err, "reading refunds")
		}
		g.Made = time.UnixMilli(made).UTC()
		if done != 0 {
			g.Done = time.UnixMilli(done).UTC()
		}
		if next != 0 {
			g.Next = time.UnixMilli(next).UTC()
		}
		list = append(list, g)
	}
	return list, stored(rows.Err(), "reading refunds")
}

// GivenByHand notes that money was given back by other means which its provider will
// not give back; how names the transfer or slip. Doing it again changes nothing.
func (s *Sales) GivenByHand(ctx context.Context, id, refundID, how, who string) error {
	if how = line(how); how == "" || len(how) > maxWhy {
		return fault.At(fault.BadInput, "how", "please say how it was given back, in up to %d bytes", maxWhy)
	}
	if err := checkLine("how", how, maxWhy); err != nil {
		return err
	}
	_, err := s.change(ctx, id, func(ctx context.Context, tx *sqldb.Tx, a *act) error {
		var state, currency string
		var amount int64
		err := tx.QueryRowContext(ctx, `select state, amount, currency from order_refund where id = $1 and order_id = $2`, refundID, a.ID).Scan(&state, &amount, &currency)
		switch {
		case err != nil:
			return found(err, refundID)
		case state == "by_hand":
			return nil
		case state != "refused":
			return fault.New(fault.Refused, "this refund is not one that failed: it is %s", state)
		}
		if _, err := tx.ExecContext(ctx, `update order_refund set state = 'by_hand', done_at = $2 where id = $1`, refundID, a.now.UnixMilli()); err != nil {
			return err
		}
		a.post(owed, at(Bank), amount, currency, "given back by hand: "+how)
		a.note("given back", who, "%s by other means: %s", words(amount, currency), how)
		if a.State == Refunding {
			return a.turn(Refunded)
		}
		return nil
	})
	return err
}

// Retry has the provider be asked again now for a refund that it refused or that waits.
// After a refusal it is asked anew: under the same key it might say for a day what it
// said. One that waits may have been made, and is asked for as before.
func (s *Sales) Retry(ctx context.Context, id, refundID, who string) error {
	_, err := s.change(ctx, id, func(ctx context.Context, tx *sqldb.Tx, a *act) error {
		done, err := tx.ExecContext(ctx, `update order_refund set state = 'asked', done_at = 0, try_at = $3,
			again = again + case when state = 'refused' then 1 else 0 end where id = $1 and order_id = $2 and state in ('asked', 'refused')`,
			refundID, a.ID, a.now.UnixMilli())
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fault.New(fault.Refused, "there is nothing to try again"))
		}
		a.note("tried again", who, "%s", refundID[min(len(refundID), len(a.ID)+1):])
		return nil
	})
	if err != nil {
		return err
	}
	return s.giveBack(ctx, id)
}
