package doors

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"usher/crypto/grant"
	"usher/migrations/sqldb"
	"usher/sync/enrolment"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/sealed"
)

// Limits of a card's life.
const (
	MinCardLife     = time.Minute
	MaxCardLife     = 24 * time.Hour
	DefaultCardLife = time.Hour
)

// NewCard makes an enrolment card for one device at a gate. server is the
// address under which the device will reach this server.
func (d *Doors) NewCard(ctx context.Context, server, event, gate string, role grant.Role, life time.Duration) (grant.Card, error) {
	e, err := d.catalog.Event(ctx, event)
	if err != nil {
		return grant.Card{}, err
	}
	if _, there := e.GateByCode(gate); !there {
		return grant.Card{}, fault.New(fault.NotFound, "event %s has no gate %.40q", event, gate)
	}
	if life < MinCardLife || life > MaxCardLife {
		return grant.Card{}, fault.New(fault.BadInput, "a card lives from %s to %s, not %s", MinCardLife, MaxCardLife, life)
	}
	pins, err := d.vault.Pins(ctx)
	if err != nil {
		return grant.Card{}, err
	}
	code, err := grant.NewCode(d.rand)
	if err != nil {
		return grant.Card{}, fault.Wrap(fault.Internal, err, "can't draw a card's code")
	}
	card := grant.Card{Server: server, Pins: pins, Event: event, Gate: gate, Role: role, Code: code, Expires: d.now().Add(life).Unix()}
	if err := card.Check(); err != nil {
		return grant.Card{}, fault.Wrap(fault.BadInput, err, "this makes no card")
	}
	return card, d.keepCard(ctx, card)
}

// keepCard keeps a new card, and forgets the codes of those whose time is over.
func (d *Doors) keepCard(ctx context.Context, card grant.Card) error {
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `update card set code = $2 where expires <= $1`, d.now().Unix(), []byte{})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			insert into card (handle, event, gate, role, code, expires, tries, node, record, guests, staff) values ($1, $2, $3, $4, $5, $6, 0, '', $7, $7, $7)`,
			grant.Handle(card.Code), card.Event, card.Gate, string(card.Role), card.Code[:], card.Expires, []byte{})
		return err
	})
	return stored(err, "keeping an enrolment card")
}

// kept is a card as the database has it.
type kept struct {
	event, gate, role string
	code              []byte
	expires           int64
	tries             int
	node              string
	record            []byte
	guests, staff     []byte
}

// errWrongProof leaves the transaction committed, so that the try is counted.
var errWrongProof = errors.New("the proof of the card's code is wrong")

// Enrol admits a device that proves a card's code. The card is burnt in the
// transaction that writes the enrol record. The same device may ask again with
// the same card, as it does when the answer was lost, and gets the same answer.
func (d *Doors) Enrol(ctx context.Context, r enrolment.Request) (enrolment.Reply, error) {
	if err := r.Check(); err != nil {
		return enrolment.Reply{}, err
	}
	var reply enrolment.Reply
	wrong := false
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		reply, err = d.burn(ctx, tx, r)
		if wrong = errors.Is(err, errWrongProof); wrong {
			return nil
		}
		return err
	})
	switch {
	case err != nil:
		return enrolment.Reply{}, stored(err, "enrolling a device")
	case wrong:
		return enrolment.Reply{}, fault.New(fault.Forbidden, "this is not the code of a card; after %d wrong tries the card is void", grant.MaxTries)
	}
	ring, err := d.vault.Ring(ctx)
	if err != nil {
		return enrolment.Reply{}, err
	}
	reply.Ring = ring.Bytes()
	return reply, nil
}

func (d *Doors) burn(ctx context.Context, tx *sqldb.Tx, r enrolment.Request) (enrolment.Reply, error) {
	var c kept
	// The update takes the row before it is read, so that two devices with one
	// card come one after the other on every engine.
	err := tx.QueryRowContext(ctx, `
		update card set tries = tries where handle = $1
		returning event, gate, role, code, expires, tries, node, record, guests, staff`, r.Handle).
		Scan(&c.event, &c.gate, &c.role, &c.code, &c.expires, &c.tries, &c.node, &c.record, &c.guests, &c.staff)
	if isNoRows(err) {
		return enrolment.Reply{}, fault.New(fault.NotFound, "the server knows no such card; make a new one")
	}
	if err != nil {
		return enrolment.Reply{}, err
	}
	reply := enrolment.Reply{Event: c.event, Record: c.record, Guests: c.guests, Staff: c.staff}
	node := journal.NodeOf(ed25519.PublicKey(r.Public)).String()
	switch {
	case c.node == node:
		return reply, nil
	case c.node != "":
		return reply, fault.New(fault.Refused, "this card was used already, by another device; make a new one")
	case d.now().Unix() >= c.expires:
		return reply, fault.New(fault.Expired, "this card expired at %s; make a new one", time.Unix(c.expires, 0).UTC().Format(time.DateTime+" MST"))
	case c.tries >= grant.MaxTries || len(c.code) == 0:
		return reply, fault.New(fault.Refused, "this card is void after %d wrong tries; make a new one", grant.MaxTries)
	case !r.Proves(grant.Code(c.code)):
		if c.tries++; c.tries >= grant.MaxTries {
			c.code = []byte{}
		}
		if _, err := tx.ExecContext(ctx, `update card set tries = $2, code = $3 where handle = $1`, r.Handle, c.tries, c.code); err != nil {
			return reply, err
		}
		return reply, errWrongProof
	}
	if err := d.stillThere(ctx, tx, c); err != nil {
		return reply, err
	}
	if err := d.sealKeys(ctx, tx, c, r, &reply); err != nil {
		return reply, err
	}
	reply.Record, err = d.admit(ctx, tx, c, r, reply)
	return reply, err
}

// stillThere refuses a card whose gate was taken out of the event's file since.
func (d *Doors) stillThere(ctx context.Context, tx *sqldb.Tx, c kept) error {
	e, err := d.catalog.EventIn(ctx, tx, c.event)
	if err != nil {
		return err
	}
	if _, there := e.GateByCode(c.gate); !there {
		return fault.New(fault.NotFound, "event %s has no gate %q any more; make a card for another", c.event, c.gate)
	}
	return nil
}

// sealKeys puts the keys of the event's lists into the reply, as far as the device's
// role may have them.
func (d *Doors) sealKeys(ctx context.Context, tx *sqldb.Tx, c kept, r enrolment.Request, reply *enrolment.Reply) error {
	reply.Guests, reply.Staff = []byte{}, []byte{}
	role := grant.Role(c.role)
	for _, list := range []struct {
		may bool
		key func(context.Context, sqldb.Queryer, string) (sealed.Key, error)
		box *[]byte
	}{
		{role.ReadsGuests(), d.vault.GuestKeyIn, &reply.Guests},
		{role.TakesSignIn(), d.vault.StaffKeyIn, &reply.Staff},
	} {
		if !list.may {
			continue
		}
		key, err := list.key(ctx, tx, c.event)
		if err != nil {
			return err
		}
		if *list.box, err = grant.SealSecret(d.rand, grant.Code(c.code), r.Public, key[:]); err != nil {
			return fault.Wrap(fault.Internal, err, "can't seal a key for the device")
		}
	}
	return nil
}

func (d *Doors) admit(ctx context.Context, tx *sqldb.Tx, c kept, r enrolment.Request, keys enrolment.Reply) ([]byte, error) {
	name := r.Name
	if name == "" {
		name = c.gate
	}
	node := journal.NodeOf(ed25519.PublicKey(r.Public))
	records, err := d.journals.Write(ctx, tx, c.event, journal.KindEnrol, &journal.Enrol{
		Node: node, Public: bytes.Clone(r.Public), Gate: c.gate, Role: c.role, Name: name, Authority: bytes.Clone(r.Authority),
	})
	if err != nil {
		return nil, err
	}
	raw := records[0].Bytes()
	_, err = tx.ExecContext(ctx, `update card set node = $2, record = $3, code = $4, guests = $5, staff = $6 where handle = $1`,
		r.Handle, node.String(), raw, []byte{}, keys.Guests, keys.Staff)
	return raw, err
}
