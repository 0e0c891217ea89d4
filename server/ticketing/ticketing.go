// Package ticketing issues tickets and keeps them: from a list of people to
// signed codes, and later their revocation and reissue.
//
// # A ticket
//
// A ticket keeps its id for life. Every reissue raises its generation and voids
// the code before, in the same transaction that makes the new one and writes
// both facts into the event's journal, from which the gates learn them: the
// roster says which tickets exist, a revocation which generations of one are
// still good.
//
// # Lists
//
// Import takes a whole list or nothing of it. Importing a list again changes
// what may change without a new code (names, addresses, orders, notes, whether it
// is paid for), adds what is new and leaves the rest alone; a change that would
// need a new code is refused by line and column.
package ticketing

import (
	"context"
	"io"
	"maps"
	"slices"
	"time"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/journals"
	"usher/server/vault"
	"usher/sync/guests"
	"usher/sync/journal"
)

// State says whether a ticket's newest code is good, and why not.
type State string

// The states of a ticket. All but Valid are the reasons that a door shows.
const (
	Valid     State = "valid"
	Revoked   State = "revoked"
	Cancelled State = "cancelled"
	Blocked   State = "blocked"
)

// Ticket is one ticket as the server knows it.
type Ticket struct {
	Event      string        `json:"event"`
	ID         ticket.ID     `json:"-"`
	External   string        `json:"external_id"`
	Name       string        `json:"name"`
	Email      string        `json:"email"`
	Product    uint32        `json:"product"`
	Seat       string        `json:"seat,omitempty"`
	Zones      uint32        `json:"zones,omitempty"`      // bit mask; 0: the product's
	NotBefore  int64         `json:"not_before,omitempty"` // Unix s; 0: none
	Expires    int64         `json:"expires,omitempty"`    // Unix s; 0: none
	Admissions uint8         `json:"admissions"`
	Generation uint16        `json:"generation"`
	State      State         `json:"state"`
	Why        string        `json:"why,omitempty"`
	Changed    time.Time     `json:"changed_at"`
	Key        keyring.KeyID `json:"key"`
	Token      string        `json:"token"`              // "" when it is bound to a phone
	Order      string        `json:"order,omitempty"`    // what people know the order by
	Note       string        `json:"note,omitempty"`     // said at the door
	Answers    Answers       `json:"-"`                  // to the organiser's questions, by code
	Unpaid     bool          `json:"unpaid,omitempty"`   // not paid for yet
	Due        int64         `json:"due,omitempty"`      // minor units of the currency; 0: not said
	Currency   string        `json:"currency,omitempty"` // ISO 4217

	binding *Binding // to be made; nil: a code of its own
}

// guest is what the guest list of the gates says of the ticket.
func (t *Ticket) guest() guests.Guest {
	order := t.Order
	if order == "" {
		order = cut(t.External, guests.MaxOrder)
	}
	g := guests.Guest{Ticket: journal.TicketID(t.ID), Name: t.Name, Email: t.Email, Order: order, Note: t.Note}
	answers := t.Answers.ByQuestion()
	for _, question := range slices.Sorted(maps.Keys(answers)) {
		g.Answers = append(g.Answers, journal.GivenAnswer{Question: question, Text: answers[question]})
	}
	return g
}

// cut gives the text, or of one that is too long its end, which tells more.
func cut(text string, most int) string { return text[max(0, len(text)-most):] }

// claims are what the ticket's code says.
func (t *Ticket) claims() ticket.Claims {
	c := ticket.Claims{
		Event: t.Event, ID: t.ID, Generation: t.Generation, Product: t.Product, Zones: t.Zones, Seat: t.Seat, Admissions: t.Admissions,
	}
	if t.NotBefore != 0 {
		c.NotBefore = ticket.At(t.NotBefore)
	}
	if t.Expires != 0 {
		c.Expires = ticket.At(t.Expires)
	}
	return c
}

// sign makes the ticket's code.
func (t *Ticket) sign(key *keyring.Signer) (err error) {
	t.Key = key.ID()
	if t.binding != nil {
		return t.signBound(key)
	}
	t.Token, err = ticket.Issue(t.claims(), key)
	return err
}

// Office issues and keeps tickets.
type Office struct {
	db       *sqldb.DB
	vault    *vault.Vault
	journals *journals.Journals
	catalog  *catalog.Catalog
	rand     io.Reader
	now      func() time.Time
}

// New makes an office.
func New(db *sqldb.DB, v *vault.Vault, j *journals.Journals, c *catalog.Catalog, rand io.Reader, now func() time.Time) *Office {
	return &Office{db: db, vault: v, journals: j, catalog: c, rand: rand, now: now}
}

// Each calls do with every ticket of the event in the order of their external
// ids, and stops at its first error.
func (o *Office) Each(ctx context.Context, event string, do func(Ticket) error) error {
	if _, err := o.catalog.Event(ctx, event); err != nil {
		return err
	}
	return each(ctx, o.db.Read(), `where event = $1 order by external_id`, []any{event}, do)
}

// Count gives the number of tickets of the event.
func (o *Office) Count(ctx context.Context, event string) (n int, err error) {
	err = o.db.Read().QueryRowContext(ctx, `select count(*) from ticket where event = $1`, event).Scan(&n)
	return n, stored(err, "counting the tickets of event %s", event)
}
