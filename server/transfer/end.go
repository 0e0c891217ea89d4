package transfer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"usher/migrations/sqldb"
	"usher/server/accounts"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// maxName bounds a person's name, in bytes.
const maxName = 200

// personName puts a name into order.
func personName(text string) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	switch {
	case text == "":
		return "", fault.At(fault.BadInput, "name", "please give a name")
	case len(text) > maxName || strings.ContainsFunc(text, unicode.IsControl):
		return "", fault.At(fault.BadInput, "name", "a name has at most %d bytes, and nothing in it that isn't seen", maxName)
	}
	return text, nil
}

// over says why an offer can't be accepted or taken back any more.
func over(o *Offer) error {
	text := map[State]string{
		Accepted: "these tickets were accepted already", TakenBack: "this offer was taken back", Expired: "this offer is over", Void: "these tickets have changed; the offer is over",
	}[o.State]
	return fault.At(fault.Expired, string(o.State), "%s", text)
}

// Accept gives the offered tickets to somebody: each has its new code and holder and
// the codes before are void, in one act. fault.Expired, with the offer's state in Where,
// when it is open no more; fault.Refused with a Why when the tickets may not be given
// away any more; else fault.BadInput is all that is wrong. language is in which they are
// written to, answers are to what each ticket asks (see Asks), by the codes of the questions.
func (x *Transfers) Accept(ctx context.Context, token string, to ticketing.Holder, language string, answers ...map[string]string) (Offer, error) {
	o, err := x.Peek(ctx, token)
	if err != nil {
		return o, err
	}
	if o.State != Open {
		return o, over(&o)
	}
	var wrong [2]error
	to.Name, wrong[0] = personName(to.Name)
	if o.Named {
		to.Email = o.To.Email // the link went there, and nowhere else
	}
	to.Email, wrong[1] = accounts.Address(to.Email)
	said, err := x.answered(ctx, &o, answers)
	if err != nil && fault.KindOf(err) != fault.BadInput {
		return o, err
	}
	if err := errors.Join(append(wrong[:], err)...); err != nil {
		return o, err
	}
	p, err := x.policy(ctx, o.Event)
	if err != nil {
		return o, err
	}
	entered, err := x.entered(ctx, &p, o.Event, o.Tickets)
	if err != nil {
		return o, err
	}
	err = x.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		now := x.Now()
		turned, err := turn(ctx, tx, o.ID, Accepted, now)
		if err != nil {
			return err
		}
		if !now.Before(turned.Until) {
			o.State = Expired
			return over(&o)
		}
		held, err := x.Tickets.HoldIn(ctx, tx, o.Event, o.Tickets)
		if err != nil {
			return err
		}
		if err := x.mayGive(ctx, tx, &p, held, entered, o.ID, now); err != nil {
			return err
		}
		switch _, err := x.Tickets.GiveIn(ctx, tx, o.Event, o.Tickets, to, said, ticketing.Transfer, o.ID); {
		case fault.KindOf(err) == fault.Refused:
			o.State = Void
			return over(&o)
		case err != nil:
			return err
		}
		turned.To, turned.Reads = to, language
		if _, err := tx.ExecContext(ctx, `update transfer_offer set to_name = $2, to_email = $3, reads = $4 where id = $1`, o.ID, to.Name, to.Email, language); err != nil {
			return err
		}
		o = turned
		return x.tell(ctx, tx, &o)
	})
	x.Post.Wake()
	if fault.KindOf(err) == fault.NotFound {
		return x.lost(ctx, o.ID)
	}
	return o, stored(err, "accepting tickets")
}

// lost gives the offer that somebody else was faster with, and the error that says so.
func (x *Transfers) lost(ctx context.Context, id string) (Offer, error) {
	o, err := find(ctx, x.DB.Read(), `id = $1`, id)
	if err == nil {
		err = over(&o)
	}
	return o, stored(err, "looking up an offer")
}

// Find gives an offer by its id.
func (x *Transfers) Find(ctx context.Context, id string) (Offer, error) {
	o, err := find(ctx, x.DB.Read(), `id = $1`, id)
	return o, stored(err, "looking up an offer")
}

// TakeBack ends an open offer: the link is dead, and the tickets are free. One that was
// taken back stays so. fault.Expired, with the offer's state in Where, when it ended
// otherwise. That it is theirs to take back is the caller's to know.
func (x *Transfers) TakeBack(ctx context.Context, id string) (Offer, error) {
	o, err := x.end(ctx, id, TakenBack)
	x.Post.Wake()
	if fault.KindOf(err) == fault.NotFound {
		if o, err = x.lost(ctx, id); o.State == TakenBack {
			return o, nil
		}
	}
	return o, err
}

// end ends an open offer without its being accepted, and tells both sides.
func (x *Transfers) end(ctx context.Context, id string, to State) (o Offer, err error) {
	err = x.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		if o, err = turn(ctx, tx, id, to, x.Now()); err != nil {
			return err
		}
		// One of several may have changed: the others are free from now on all the same.
		n, err := x.Tickets.UnpendIn(ctx, tx, o.Event, o.Tickets, ticketing.Transfer, o.ID)
		if err != nil {
			return err
		}
		if n < len(o.Tickets) && to == Expired {
			o.State = Void // nobody needs to hear that it is over now
			_, err := tx.ExecContext(ctx, `update transfer_offer set state = 'void' where id = $1`, id)
			return err
		}
		return x.tell(ctx, tx, &o)
	})
	return o, stored(err, "ending an offer")
}

// atOnce is how many offers Expire ends at a time.
const atOnce = 100

// Expire ends the offers whose time is over, and gives their number. One that can't be
// ended holds up no other.
func (x *Transfers) Expire(ctx context.Context) (n int, err error) {
	due, err := list(ctx, x.DB.Read(), `where state = 'open' and until <= $1 order by until, id limit $2`, x.Now().UnixMilli(), atOnce)
	if err != nil {
		return 0, stored(err, "looking for offers that are over")
	}
	var failed []error
	for _, o := range due {
		switch _, err := x.end(ctx, o.ID, Expired); {
		case fault.KindOf(err) == fault.NotFound: // somebody was faster
		case err != nil:
			failed = append(failed, fmt.Errorf("offer %s: %w", o.ID, err))
		default:
			n++
		}
	}
	x.Post.Wake()
	return n, errors.Join(failed...)
}

// expireEvery is how soon an offer that is over is ended, which frees its tickets.
const expireEvery = 15 * time.Second

// Run ends offers whose time is over, until ctx ends.
func (x *Transfers) Run(ctx context.Context) {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	failing := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch _, err := x.Expire(ctx); {
		case err == nil:
			failing = ""
		case ctx.Err() == nil && err.Error() != failing:
			failing = err.Error()
			x.Log.ErrorContext(ctx, "offers of tickets can't be looked after", "error", err)
		}
	}
}
