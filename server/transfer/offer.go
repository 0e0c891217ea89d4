package transfer

import (
	"context"
	"slices"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/accounts"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Asked is what somebody wants to give away, and to whom. That the tickets are theirs
// to give is the caller's to know, who has seen them so: one that is in other hands by
// then is refused.
type Asked struct {
	Event    string
	Tickets  []ticketing.Ticket
	From     ticketing.Holder // who gives; the link, or word of it, goes to their address
	To       ticketing.Holder // zero: whoever they hand the link to
	Language string           // of who gives
}

// check puts what was asked into order, or says what is wrong with it.
func (a *Asked) check() (err error) {
	if len(a.Tickets) == 0 || len(a.Tickets) > MaxTickets {
		return fault.At(fault.BadInput, "tickets", "%d tickets: want 1 to %d", len(a.Tickets), MaxTickets)
	}
	a.Tickets = slices.Clone(a.Tickets)
	slices.SortFunc(a.Tickets, func(a, b ticketing.Ticket) int { return slices.Compare(a.ID[:], b.ID[:]) })
	if ids := idsOf(a.Tickets); len(slices.Compact(ids)) < len(a.Tickets) {
		return fault.At(fault.BadInput, "tickets", "one ticket stands in it twice")
	}
	if a.From.Email, err = accounts.Address(a.From.Email); err != nil {
		return fault.At(fault.Refused, "from", "who gives a ticket away needs an e-mail address: ask the organiser to add yours")
	}
	if a.To == (ticketing.Holder{}) {
		return nil
	}
	if a.To.Name, err = personName(a.To.Name); err != nil {
		return err
	}
	if a.To.Email, err = accounts.Address(a.To.Email); err != nil {
		return err
	}
	if a.To.Email == a.From.Email {
		return fault.At(fault.BadInput, "email", "this is your own address")
	}
	return nil
}

// Offer offers tickets to somebody, all or nothing, and mails the link. fault.Refused
// has a Why in Where, "named" where somebody has to be named, or "from" where who gives has
// no address.
func (x *Transfers) Offer(ctx context.Context, a Asked) (o Offer, err error) {
	if err := a.check(); err != nil {
		return o, err
	}
	p, err := x.policy(ctx, a.Event)
	if err != nil {
		return o, err
	}
	if p.Named && a.To.Email == "" {
		return o, fault.At(fault.Refused, "named", "say the name and e-mail address of who gets the ticket: the organiser wants to know")
	}
	ids := idsOf(a.Tickets)
	entered, err := x.entered(ctx, &p, a.Event, ids)
	if err != nil {
		return o, err
	}
	id, err := x.newID()
	if err != nil {
		return o, err
	}
	token, err := x.token(ctx, id)
	if err != nil {
		return o, err
	}
	err = x.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		now := x.Now()
		if err := x.mayAsk(ctx, tx, a.From.Email, now); err != nil {
			return err
		}
		held, err := x.Tickets.HoldIn(ctx, tx, a.Event, ids)
		if err != nil {
			return err
		}
		for i := range held {
			if err := held[i].SameHands(&a.Tickets[i]); err != nil {
				return err
			}
		}
		if err := x.mayGive(ctx, tx, &p, held, entered, "", now); err != nil {
			return err
		}
		if _, err := x.Tickets.PendIn(ctx, tx, a.Event, ids, ticketing.Transfer, id); err != nil {
			return err
		}
		until := now.Add(p.AcceptFor())
		if p.until.Before(until) {
			until = p.until
		}
		o = Offer{ID: id, Event: a.Event, Tickets: ids, State: Open, From: a.From, To: a.To, Named: a.To.Email != "", Language: a.Language,
			Made: now.Truncate(time.Millisecond).UTC(), Until: until.Truncate(time.Millisecond).UTC()}
		if err := x.insert(ctx, tx, &o, hashOf(token)); err != nil {
			return err
		}
		return x.tell(ctx, tx, &o)
	})
	x.Post.Wake()
	return o, stored(err, "offering tickets")
}

// entered asks which tickets somebody came in by, where anything is given away at all.
func (x *Transfers) entered(ctx context.Context, p *policy, event string, ids []ticket.ID) ([]ticket.ID, error) {
	if p.Times == 0 {
		return nil, nil
	}
	return x.Entered(ctx, event, ids...)
}

// mayAsk bounds how much mail one person has us send.
func (x *Transfers) mayAsk(ctx context.Context, tx *sqldb.Tx, email string, now time.Time) error {
	var n int
	err := tx.QueryRowContext(ctx, `select count(*) from transfer_offer where from_email = $1 and made_at > $2`, email, now.Add(-time.Hour).UnixMilli()).Scan(&n)
	if err == nil && n >= perHour {
		return fault.New(fault.TooMany, "you have offered tickets %d times within an hour; try again later", n)
	}
	return err
}

// mayGive says whether all tickets may be given away, which stand so under tx.
func (x *Transfers) mayGive(ctx context.Context, tx *sqldb.Tx, p *policy, tickets []ticketing.Ticket, entered []ticket.ID, own string, now time.Time) error {
	s, err := x.standing(ctx, tx, tickets[0].Event, idsOf(tickets))
	if err != nil {
		return err
	}
	s.entered = entered
	for i := range tickets {
		if why := p.why(&tickets[i], &s, own, now); why != "" {
			return why.refusal(tickets[i].ID)
		}
	}
	return nil
}

// Peek gives the offer that a link is to, and changes nothing. fault.NotFound for a
// link that is none of ours; one that is over gives the offer as it ended.
func (x *Transfers) Peek(ctx context.Context, token string) (Offer, error) {
	now := x.Now()
	o, err := find(ctx, x.DB.Read(), `token = $1`, hashOf(token))
	if err != nil || o.State != Open {
		return o, stored(err, "looking up an offer")
	}
	return x.still(ctx, o, now)
}

// still says of an offer that was open after now how it stands in truth: its time may
// be over, and its tickets may have changed otherwise.
func (x *Transfers) still(ctx context.Context, o Offer, now time.Time) (Offer, error) {
	if !now.Before(o.Until) {
		o.State = Expired
		return o, nil
	}
	pending, err := x.Tickets.Pending(ctx, o.Event, o.Tickets)
	for _, id := range o.Tickets {
		if p, there := pending[id]; !there || p.What != ticketing.Transfer || p.Ref != o.ID {
			o.State = Void
		}
	}
	if err == nil && o.State == Void { // or it was ended since it was read, which frees them too
		var ended Offer
		if ended, err = find(ctx, x.DB.Read(), `id = $1`, o.ID); err == nil && ended.State != Open {
			o = ended
		}
	}
	return o, stored(err, "looking up an offer")
}

// OpenFor gives the open offers of those of the tickets with which one is under way.
// One of which another ticket has changed is among them: nobody accepts it any more, and
// until it is taken back or its time is over the others are not free.
func (x *Transfers) OpenFor(ctx context.Context, event string, ids []ticket.ID) (map[ticket.ID]Offer, error) {
	pending, err := x.Tickets.Pending(ctx, event, ids)
	if err != nil {
		return nil, err
	}
	now := x.Now()
	read, open := map[string]Offer{}, map[ticket.ID]Offer{}
	for id, p := range pending {
		if p.What != ticketing.Transfer {
			continue
		}
		o, known := read[p.Ref]
		if !known {
			if o, err = find(ctx, x.DB.Read(), `id = $1`, p.Ref); err != nil {
				return nil, stored(err, "looking up an offer")
			}
			read[p.Ref] = o
		}
		if o.State == Open && now.Before(o.Until) {
			open[id] = o
		}
	}
	return open, nil
}
