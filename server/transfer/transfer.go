// Package transfer has people give tickets to somebody else by themselves.
//
// # An offer
//
// [Transfers.Offer] offers one or several tickets of an event, all or nothing, for some
// days. Its link goes by mail to who gives them, to hand on, or straight to somebody
// whom they name. Until somebody accepts, the tickets stay good for who has them, and
// the offer can be taken back. [Transfers.Accept] takes a name and an address and, in
// one transaction, gives every ticket its new holder and code; the codes before are
// void from that moment on. What an event allows stands in its file; after an entry
// nothing is given away.
//
// # The link
//
// It acts once, by a form, never by being opened: programs that check mail open every
// link. What it says is kept nowhere, since it follows from the offer's id and from a
// key that rests sealed; only its hash is in the database. So neither a copy of the
// database nor a queued mail has anybody accept.
//
// # Who wins
//
// An offer is open once. Accepting, taking back and expiring each turn its row from
// open to what they are in one guarded statement, in the transaction that does the
// rest; of any number that race one does, and the others are told which.
package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/post"
	"usher/server/printout"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Limits.
const (
	// MaxTickets is how many tickets one offer has at most.
	MaxTickets = 50
	// perHour bounds the offers that one person makes: each is a mail to somebody.
	perHour = 20
)

// Path is where a link leads, before what it says.
const Path = "/transfer/"

// Config is what Transfers are made of.
type Config struct {
	DB      *sqldb.DB
	Catalog *catalog.Catalog
	Tickets *ticketing.Office
	Printer *printout.Printer
	Post    *post.Post
	Entered func(ctx context.Context, event string, ids ...ticket.ID) ([]ticket.ID, error) // those that somebody came in by
	Secret  func(ctx context.Context, label string) ([32]byte, error)                      // the same for the same label, and known to nobody else
	SignIn  func(ctx context.Context, email, language string) (link string, err error)     // the address of a link that opens somebody's tickets
	Public  func(context.Context) string                                                   // the server's address
	Rand    io.Reader
	Now     func() time.Time
	Log     *slog.Logger
}

// Transfers keeps offers. It may be used by several goroutines, and by several servers
// over one database.
type Transfers struct{ Config }

// New makes Transfers over a migrated database.
func New(cfg Config) *Transfers { return &Transfers{cfg} }

// State says how an offer stands.
type State string

// The states. All but Open are for good.
const (
	Open      State = "open"
	Accepted  State = "accepted"
	TakenBack State = "taken_back"
	Expired   State = "expired"
	Void      State = "void" // its tickets changed otherwise: there is nothing to accept
)

// Offer is tickets that somebody offers to somebody else.
type Offer struct {
	ID       string
	Event    string
	Tickets  []ticket.ID
	State    State
	From     ticketing.Holder
	To       ticketing.Holder // for whom it is, or who accepted; zero for whoever has the link
	Named    bool             // only for To
	Language string           // of who gives
	Reads    string           // the language of who accepted
	Made     time.Time
	Until    time.Time
	Ended    time.Time // zero while it is open
}

// address gives the whole address of an offer's link.
func (x *Transfers) address(ctx context.Context, id string) (string, error) {
	token, err := x.token(ctx, id)
	return x.Public(ctx) + Path + token, err
}

// token is what the link to an offer says.
func (x *Transfers) token(ctx context.Context, id string) (string, error) {
	secret, err := x.Secret(ctx, "usher-transfer-v1/"+id)
	return base64.RawURLEncoding.EncodeToString(secret[:]), err
}

// hashOf is what is kept of a token. It needs no salt: a token has 256 bits.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte("usher-transfer-v1/" + token))
	return hex.EncodeToString(sum[:])
}

// newID draws the id of an offer.
func (x *Transfers) newID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(x.Rand, b[:]); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the source of randomness fails")
	}
	return hex.EncodeToString(b[:]), nil
}

// stored gives a failed statement a kind; faults pass as they are.
func stored(err error, doing string) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if sqldb.IsBusy(err) {
		return fault.Wrap(fault.Unavailable, err, "%s: the database is busy", doing)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
