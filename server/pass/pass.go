// Package pass puts tickets into the wallets of Apple and Google, and keeps what is
// there in step with the tickets.
//
// # What a pass is
//
// A pass shows a ticket's static code: a wallet of somebody else's can't make live
// codes. It is offered only where the event lets in static codes, and only for a ticket
// that no phone shows live. A pass is of one code, and void as soon as the ticket has
// another, whoever has it then: so a pass on a phone that was lost or stolen doesn't
// learn the code that was made because of it, and whoever gave a ticket away has
// nothing. Who still has the ticket takes a new pass.
//
// # Telling
//
// What happens to tickets is in the event's journal; [Passes.Run] reads it, finds the
// passes whose standing changed, numbers the change and notes it as due, in one
// transaction. What is due is told to Apple's devices by a push, whereupon they fetch
// the pass anew, and to Google by writing the object. A server that dies leaves both to
// the next: how far the journal was read, and what is due, are in the database. Any
// number of servers may run.
//
// # Secrets
//
// A pass's serial number tells nothing of its ticket, and its token, with which devices
// ask for it, follows from the serial number and a sealed key: neither is guessed, and
// no token is kept.
package pass

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"embed"

	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/journals"
	"usher/server/pass/apple"
	"usher/server/pass/google"
	"usher/server/ticketing"
	"usher/sync/fault"
	"usher/sync/words"
)

// App is a wallet that passes are for.
type App string

// The wallets.
const (
	Apple  App = "apple"
	Google App = "google"
)

// Teller tells a device that its passes changed. apple.ErrGone says that it needn't be
// told again; any other error, that it may be later.
type Teller interface {
	Tell(ctx context.Context, token string) error
}

// Config is what passes stand on.
type Config struct {
	DB        *sqldb.DB
	Journals  *journals.Journals
	Catalog   *catalog.Catalog
	Tickets   *ticketing.Office
	Secret    func(ctx context.Context, label string) ([32]byte, error) // the same for ever for a label
	Public    func(context.Context) string                              // address under which phones reach the server; "" where nobody said
	Organiser string                                                    // who passes are from
	Apple     *apple.Identity                                           // nil: no passes for Apple
	Push      Teller                                                    // nil: devices of Apple look by themselves, when their owner wants them to
	Google    *google.Client                                            // nil: none for Google
	Now       func() time.Time
	Log       *slog.Logger
}

// Passes makes passes and keeps them. It may be used by several goroutines.
type Passes struct {
	Config
	book *words.Book
}

//go:embed messages
var messages embed.FS

var book = sync.OnceValues(func() (*words.Book, error) {
	folder, err := fs.Sub(messages, "messages")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the messages of passes can't be read")
	}
	return words.Load(folder)
})

// New makes passes.
func New(cfg Config) (*Passes, error) {
	b, err := book()
	return &Passes{Config: cfg, book: b}, err
}

// Offered gives the wallets that a ticket can be put into; nil where none is configured,
// or where the ticket has no static code that is let in.
func (p *Passes) Offered(t *ticketing.Ticket, e *catalog.Event) (apps []App) {
	if !good(t, t.Generation, e) {
		return nil
	}
	if p.Apple != nil {
		apps = append(apps, Apple)
	}
	if p.Google != nil {
		apps = append(apps, Google)
	}
	return apps
}

// good says whether a code of a ticket, as it was issued then, is one to show.
func good(t *ticketing.Ticket, generation uint16, e *catalog.Event) bool {
	return t.State == ticketing.Valid && !t.Bound() && t.Generation == generation && !e.Policy.DownTo.Live()
}

// pass is a pass as it is kept.
type pass struct {
	serial     string
	app        App
	event      string
	ticket     string
	generation uint16
	void       bool
	changed    time.Time
	rev        int64
	tries      int
}

// serialOf gives the number of a ticket's pass.
func (p *Passes) serialOf(ctx context.Context, app App, t *ticketing.Ticket) (string, error) {
	s, err := p.Secret(ctx, fmt.Sprintf("usher-pass-v1/%s/%s/%s/%d", app, t.Event, t.ID, t.Generation))
	return hex.EncodeToString(s[:16]), err
}

// tokenOf gives the token with which devices ask for a pass.
func (p *Passes) tokenOf(ctx context.Context, serial string) (string, error) {
	s, err := p.Secret(ctx, "usher-pass-token-v1/"+serial)
	return base64.RawURLEncoding.EncodeToString(s[:]), err
}

// Check refuses who hasn't the token of a pass of Apple's: fault.Unauthorised, whether
// there is such a pass or not.
func (p *Passes) Check(ctx context.Context, passType, serial, token string) error {
	no := fault.New(fault.Unauthorised, "this is not the token of such a pass")
	if p.Apple == nil || passType != p.Apple.Type() || !isSerial(serial) {
		return no
	}
	want, err := p.tokenOf(ctx, serial)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(want), []byte(token)) != 1 {
		return no
	}
	if _, err := p.bySerial(ctx, p.DB.Read(), serial); errors.Is(err, fault.NotFound) {
		return no
	} else if err != nil {
		return err
	}
	return nil
}

// isSerial says whether a text may be the number of a pass.
func isSerial(text string) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == 16 && hex.EncodeToString(b) == text
}
