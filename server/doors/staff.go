package doors

import (
	"context"
	"fmt"
	"io"
	"time"

	"usher/crypto/grant"
	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/staff"
)

// MaxStaff bounds the people on an event's staff list, those taken off it aside.
const MaxStaff = 500

// Member is somebody on an event's staff list.
type Member struct {
	Event   string     `json:"event"`
	ID      staff.ID   `json:"-"`
	Name    string     `json:"name"`
	Role    grant.Role `json:"role"`
	PIN     bool       `json:"pin"`  // signs in with a PIN
	Card    bool       `json:"card"` // has a role card
	Changed time.Time  `json:"changed"`
}

// AddStaff puts a person on an event's staff list and tells the gates. pin is the
// PIN that they chose; without one they sign in with a role card alone.
// fault.Exists where somebody on the list has the name.
func (d *Doors) AddStaff(ctx context.Context, event, name string, role grant.Role, pin string) (Member, error) {
	if _, err := d.catalog.Event(ctx, event); err != nil {
		return Member{}, err
	}
	p := staff.Person{Name: name, Role: role}
	if _, err := io.ReadFull(d.rand, p.ID[:]); err != nil {
		return Member{}, fault.Wrap(fault.Internal, err, "can't draw a person's id")
	}
	if err := p.Check(); err != nil {
		return Member{}, err
	}
	if pin != "" {
		var err error
		if p.PIN, err = staff.NewPIN(d.rand, pin, staff.DefaultCost); err != nil {
			return Member{}, err
		}
	}
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error { return d.insertStaff(ctx, tx, event, p) })
	return memberOf(event, p, d.now()), stored(err, "adding %s to the staff list", name)
}

// insertStaff relies on the unique name of those who are on a list.
func (d *Doors) insertStaff(ctx context.Context, tx *sqldb.Tx, event string, p staff.Person) error {
	content, err := journal.Encode(p)
	if err != nil {
		return err
	}
	done, err := tx.ExecContext(ctx, `
		insert into staff (event, id, name, folded, person, gone, changed_at) values ($1, $2, $3, $4, $5, 0, $6)
		on conflict do nothing`, event, p.ID.String(), p.Name, staff.Fold(p.Name), content, d.now().UnixMilli())
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		if err == nil {
			err = fault.New(fault.Exists, "%s is on the staff list of event %s already; take them off first, or use another name", p.Name, event)
		}
		return err
	}
	var n int
	if err := tx.QueryRowContext(ctx, `select count(*) from staff where event = $1 and gone = 0`, event).Scan(&n); err != nil {
		return err
	}
	if n > MaxStaff {
		return fault.New(fault.TooLarge, "the staff list of event %s has %d people already, the most there may be", event, MaxStaff)
	}
	return d.tellStaff(ctx, tx, event, p)
}

// tellStaff tells the gates about a person.
func (d *Doors) tellStaff(ctx context.Context, tx *sqldb.Tx, event string, p staff.Person) error {
	key, err := d.vault.StaffKeyIn(ctx, tx, event)
	if err != nil {
		return err
	}
	sealed, err := staff.Seal(key, event, d.rand, p)
	if err != nil {
		return err
	}
	_, err = d.journals.Write(ctx, tx, event, journal.KindStaff, sealed)
	return err
}

// NewRoleCard makes a role card for somebody on the list, in place of the one they
// had. The code is given out once: what is kept is its hash.
func (d *Doors) NewRoleCard(ctx context.Context, event, name string) (Member, grant.Code, error) {
	code, err := grant.NewCode(d.rand)
	if err != nil {
		return Member{}, grant.Code{}, fault.Wrap(fault.Internal, err, "can't draw a role card's code")
	}
	m, err := d.changeStaff(ctx, event, name, func(p *staff.Person) {
		hash := grant.RoleCardHash(code)
		p.Card = hash[:]
	})
	if err != nil {
		return Member{}, grant.Code{}, err
	}
	return m, code, nil
}

// RemoveStaff takes a person off the list: at each gate that hears of it their PIN
// and card are good for nothing, and whoever is signed in as them is signed out.
func (d *Doors) RemoveStaff(ctx context.Context, event, name string) (Member, error) {
	return d.changeStaff(ctx, event, name, func(p *staff.Person) { p.Gone, p.PIN, p.Card = true, nil, nil })
}

// changeStaff changes a person on the list and tells the gates. The row is touched
// first, so that two changes come one after the other on every engine.
func (d *Doors) changeStaff(ctx context.Context, event, name string, change func(*staff.Person)) (Member, error) {
	if _, err := d.catalog.Event(ctx, event); err != nil {
		return Member{}, err
	}
	var p staff.Person
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		var content []byte
		err := tx.QueryRowContext(ctx, `
			update staff set changed_at = $3 where event = $1 and folded = $2 and gone = 0 returning person`,
			event, staff.Fold(name), d.now().UnixMilli()).Scan(&content)
		if isNoRows(err) {
			return fault.New(fault.NotFound, "nobody called %.60q is on the staff list of event %s", name, event)
		}
		if err != nil {
			return err
		}
		if p, err = readPerson(content); err != nil {
			return err
		}
		change(&p)
		if content, err = journal.Encode(p); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `update staff set person = $3, gone = $4 where event = $1 and id = $2`,
			event, p.ID.String(), content, number(p.Gone))
		if err != nil {
			return err
		}
		return d.tellStaff(ctx, tx, event, p)
	})
	return memberOf(event, p, d.now()), stored(err, "changing the staff list")
}

// Staff lists the people on an event's staff list, by name.
func (d *Doors) Staff(ctx context.Context, event string) (list []Member, err error) {
	if _, err := d.catalog.Event(ctx, event); err != nil {
		return nil, err
	}
	rows, err := d.db.Read().QueryContext(ctx, `
		select person, changed_at from staff where event = $1 and gone = 0 order by folded, id`, event)
	if err != nil {
		return nil, stored(err, "reading the staff list")
	}
	defer rows.Close()
	for rows.Next() {
		var content []byte
		var changed int64
		if err := rows.Scan(&content, &changed); err != nil {
			return nil, stored(err, "reading the staff list")
		}
		p, err := readPerson(content)
		if err != nil {
			return nil, err
		}
		list = append(list, memberOf(event, p, time.UnixMilli(changed)))
	}
	return list, stored(rows.Err(), "reading the staff list")
}

func readPerson(content []byte) (p staff.Person, err error) {
	if err = journal.Decode(content, &p); err != nil {
		err = fmt.Errorf("somebody on the staff list can't be read: %w", err)
	}
	return p, err
}

func memberOf(event string, p staff.Person, changed time.Time) Member {
	return Member{Event: event, ID: p.ID, Name: p.Name, Role: p.Role, PIN: p.PIN != nil, Card: len(p.Card) > 0, Changed: changed.UTC()}
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
