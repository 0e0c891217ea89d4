package ticketing

import (
	"context"
	"time"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Holder is who has a ticket.
type Holder struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

func (t *Ticket) holder() Holder { return Holder{t.Name, t.Email} }

// check says what is wrong with a new holder. They need a name; an address only where
// the caller says so.
func (h *Holder) check() error {
	bad := &problems{name: "the new holder"}
	blame := func(c column, format string, args ...any) { bad.add(1, c, format, args...) }
	checkText(colName, h.Name, maxName, "", blame)
	checkEmail(h.Email, blame)
	return bad.err()
}

// SameHands says whether a ticket is in the hands still in which somebody has seen it:
// what they might do with it then is theirs to do no more once it isn't. fault.Refused
// says so.
func (t *Ticket) SameHands(seen *Ticket) error {
	if t.holder() != seen.holder() || t.Order != seen.Order {
		return fault.New(fault.Refused, "ticket %s has changed hands since; load your tickets again", t.ID.Short())
	}
	return nil
}

// How says by what a ticket came into other hands.
type How string

// The ways. The first two are a Matter, too.
const (
	ByTransfer  = How(Transfer)
	ByResale    = How(Resale)
	ByOrganiser = How("organiser")
)

// Passage is one passing of a ticket from hand to hand.
type Passage struct {
	How        How       `json:"how"`
	Ref        string    `json:"ref,omitempty"` // which one; see Pending
	From       Holder    `json:"from"`
	To         Holder    `json:"to"`
	At         time.Time `json:"at"`
	Generation uint16    `json:"generation"` // of the new holder's first code; by a list it stays what it was
}

// notes are what the gates are told of the codes before.
var notes = map[Matter]string{Transfer: journal.NoteTransferred, Resale: journal.NoteResold}

// GiveIn gives tickets to somebody else, all or nothing: each gets a new code, and
// those before are void. That very transfer or resale has to be under way with all of
// them, and is over with it. What was asked of whoever gives a ticket away, and noted of
// them, goes with them; answers are the new holder's, by ticket.
func (o *Office) GiveIn(ctx context.Context, tx *sqldb.Tx, event string, ids []ticket.ID, to Holder, answers map[ticket.ID]Answers, what Matter, ref string) ([]Ticket, error) {
	if err := to.check(); err != nil {
		return nil, err
	}
	note := notes[what]
	if note == "" || len(ids) == 0 {
		return nil, fault.New(fault.Internal, "by a %.20q of %d tickets nothing changes hands", what, len(ids))
	}
	tickets, err := o.StillIn(ctx, tx, event, ids, what, ref)
	if err != nil {
		return nil, err
	}
	if err := o.endIn(ctx, tx, event, ids); err != nil {
		return nil, err
	}
	key, err := o.vault.IssuerIn(ctx, tx, event)
	if err != nil {
		return nil, err
	}
	now := o.now()
	list := make([]journal.Revocation, len(tickets))
	for i := range tickets {
		t := &tickets[i]
		from := t.holder()
		t.Name, t.Email, t.Answers, t.Note = to.Name, to.Email, answers[t.ID], ""
		if err := o.next(t, key, now); err != nil {
			return nil, err
		}
		if _, err := tx.ExecContext(ctx, `update ticket set generation = $3, changed_at = $4, kid = $5, token = $6, name = $7, email = $8, answers = $9, note = $10 where event = $1 and id = $2`,
			event, t.ID.String(), t.Generation, now.UnixMilli(), t.Key.String(), t.Token, t.Name, t.Email, string(t.Answers), t.Note); err != nil {
			return nil, stored(err, "changing ticket %s", t.ID.Short())
		}
		if err := passed(ctx, tx, t, Passage{How: How(what), Ref: ref, From: from, To: to, At: now}); err != nil {
			return nil, err
		}
		list[i] = journal.Revocation{Ticket: journal.TicketID(t.ID), Minimum: uint32(t.Generation)}
	}
	return tickets, o.replaced(ctx, tx, event, tickets, note, now, list)
}

// next gives a ticket its next generation and code.
func (o *Office) next(t *Ticket, key *keyring.Signer, now time.Time) error {
	if t.State != Valid {
		return fault.New(fault.Refused, "ticket %s is %s (%s); it gets no new code", t.ID.Short(), t.State, t.Why)
	}
	if uint32(t.Generation)+1 >= journal.Never {
		return fault.New(fault.Refused, "ticket %s was reissued %d times; it can't be again", t.ID.Short(), t.Generation)
	}
	t.Generation, t.Changed = t.Generation+1, now
	if err := t.sign(key); err != nil {
		return fault.Wrap(fault.Internal, err, "signing ticket %s", t.ID)
	}
	return nil
}

// replaced tells the gates that tickets have new codes, and who has them.
func (o *Office) replaced(ctx context.Context, tx *sqldb.Tx, event string, tickets []Ticket, note string, now time.Time, list []journal.Revocation) error {
	revocation := journal.NewRevoke(superseded, now.UnixMilli(), note, list)
	if _, err := o.journals.Write(ctx, tx, event, journal.KindRevoke, &revocation); err != nil {
		return err
	}
	return o.list(ctx, tx, event, tickets)
}

// passed keeps that a ticket, which the caller has touched, has changed hands.
func passed(ctx context.Context, tx *sqldb.Tx, t *Ticket, p Passage) error {
	_, err := tx.ExecContext(ctx, `insert into ticket_passage (event, ticket, nth, generation, how, ref, from_name, from_email, to_name, to_email, at)
		values ($1, $2, (select count(*) from ticket_passage where event = $1 and ticket = $2), $3, $4, $5, $6, $7, $8, $9, $10)`,
		t.Event, t.ID.String(), t.Generation, string(p.How), p.Ref, p.From.Name, p.From.Email, p.To.Name, p.To.Email, p.At.UnixMilli())
	return stored(err, "noting who has ticket %s", t.ID.Short())
}

// PassagesOf gives the hands that tickets have gone through, of each the oldest first,
// as q sees it. Those that never changed hands are not in it.
func (o *Office) PassagesOf(ctx context.Context, q sqldb.Queryer, event string, ids []ticket.ID) (map[ticket.ID][]Passage, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	all := make(map[ticket.ID][]Passage)
	among, args := amongIDs("ticket", event, ids)
	err := passages(ctx, q, among+` order by ticket, nth`, args, func(_ string, id ticket.ID, p Passage) { all[id] = append(all[id], p) })
	return all, stored(err, "reading who had tickets of event %s", event)
}

// Passages is PassagesOf outside a transaction.
func (o *Office) Passages(ctx context.Context, event string, ids ...ticket.ID) (map[ticket.ID][]Passage, error) {
	return o.PassagesOf(ctx, o.db.Read(), event, ids)
}

// Parted is a ticket that somebody had.
type Parted struct {
	Event string
	ID    ticket.ID
	Passage
}

// PartedWith gives what left somebody's hands, by their address in lower case: the
// newest first, 500 at most. Some of it may be in them again.
func (o *Office) PartedWith(ctx context.Context, email string) (list []Parted, err error) {
	if email == "" {
		return nil, nil
	}
	err = passages(ctx, o.db.Read(), `where lower(from_email) = $1 order by at desc, event, ticket limit $2`, []any{email, maxHeld},
		func(event string, id ticket.ID, p Passage) { list = append(list, Parted{event, id, p}) })
	return list, stored(err, "reading what somebody has given away")
}

func passages(ctx context.Context, q sqldb.Queryer, where string, args []any, do func(event string, id ticket.ID, p Passage)) error {
	rows, err := q.QueryContext(ctx, `select event, ticket, generation, how, ref, from_name, from_email, to_name, to_email, at from ticket_passage `+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p Passage
		var event, text, how string
		var at int64
		if err := rows.Scan(&event, &text, &p.Generation, &how, &p.Ref, &p.From.Name, &p.From.Email, &p.To.Name, &p.To.Email, &at); err != nil {
			return err
		}
		id, err := ticket.ParseID(text)
		if err != nil {
			return err
		}
		p.How, p.At = How(how), time.UnixMilli(at).UTC()
		do(event, id, p)
	}
	return rows.Err()
}
