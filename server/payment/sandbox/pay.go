package sandbox

import (
	"context"
	"time"

	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/sync/fault"
)

// pay does what the buyer's card says. A payment that can't be paid any more, or
// that the bank has already, is left as it is.
func (s *Sandbox) pay(ctx context.Context, ref string, card Card) (account, error) {
	return s.play(ctx, ref, stepCard, card.Number, card.play)
}

// confirm is the buyer's answer to their bank.
func (s *Sandbox) confirm(ctx context.Context, ref string, yes bool) (account, error) {
	return s.play(ctx, ref, stepConfirm, "", func(p *plan) {
		if !yes {
			p.decline("You told your bank that it isn’t you. Nothing was taken; try another card.")
			return
		}
		p.settle(payment.Paid, 0)
		p.tell(payment.NoticePaid, 0, 0)
	})
}

// play carries out a plan on a payment that is at a step.
func (s *Sandbox) play(ctx context.Context, ref, step, card string, do func(*plan)) (have account, err error) {
	now := s.now()
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		var err error
		if have, err = touchAccount(ctx, tx, ref); err != nil {
			return err
		}
		if state, _ := have.state(now); state != payment.Pending || have.busy(now) || have.step != step {
			return nil // pressed twice, or too late: the page shows how it stands
		}
		p := plan{now: now, until: have.attempt.Until, step: stepWorking}
		do(&p)
		if card != "" {
			have.card = card
		}
		return s.carryOut(ctx, tx, &have, p)
	})
	s.nudge()
	return have, err
}

// carryOut writes a plan down.
func (s *Sandbox) carryOut(ctx context.Context, tx *sqldb.Tx, have *account, p plan) error {
	have.step, have.declined, have.settles, have.outcome = p.step, p.declined, p.settlesAt, p.outcome
	have.disputed, have.decided, have.won = p.disputedAt, p.decidedAt, p.won
	_, err := tx.ExecContext(ctx, `update sandbox_payment set step = $1, card = $2, declined = $3, settles_at = $4, outcome = $5,
		disputed_at = $6, decided_at = $7, won = $8 where ref = $9`,
		p.step, have.card, p.declined, column(p.settlesAt), string(p.outcome), column(p.disputedAt), column(p.decidedAt), bit(p.won), have.ref)
	if err != nil {
		return err
	}
	return s.tell(ctx, tx, have.ref, p.notices)
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// tell writes down what the shop is to be told.
func (s *Sandbox) tell(ctx context.Context, tx *sqldb.Tx, ref string, notices []planned) error {
	id := ""
	for _, n := range notices {
		delivery, err := s.draw("dlv_")
		if err != nil {
			return err
		}
		if !n.repeat {
			if id, err = s.draw("evt_"); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `insert into sandbox_notice (delivery, id, ref, kind, at, due_at, tries) values ($1, $2, $3, $4, $5, $6, 0)`,
			delivery, id, ref, string(n.kind), column(n.at), column(n.due))
		if err != nil {
			return fault.Wrap(fault.Unavailable, err, "the sandbox can't keep a notice")
		}
	}
	return nil
}

// next is when something happens to the payment by itself, for a page that waits.
func (a account) next(now time.Time) time.Duration {
	if a.busy(now) {
		return a.settles.Sub(now)
	}
	return max(a.attempt.Until.Sub(now), 0)
}
