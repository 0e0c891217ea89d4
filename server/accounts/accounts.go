// Package accounts says who somebody is that asks for their tickets: who can read
// the mail of an address, or has the link of an order. There are no passwords.
//
// # Links
//
// [Accounts.Ask] mails a link to an address, good once and for [LinkLife]. What the
// link says is kept nowhere: it follows from an id and from a key that rests sealed,
// and only its hash is in the database, so neither a copy of the database nor a
// queued mail lets anybody in. Ask answers the same whether or not somebody has
// tickets under the address: that is looked up when the mail is written, and where
// there are none it isn't.
//
// # Sessions
//
// [Accounts.Enter] and [Accounts.Open] give a browser a new secret each time, and
// end the session that it had: a secret that somebody planted there before is worth
// nothing. A session ends [Idle] after it was used last, when its owner ends it from
// this or another browser, and with the next sign-in.
package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	netmail "net/mail"
	"strings"
	"time"

	"usher/migrations/sqldb"
	"usher/server/post"
	"usher/sync/fault"
)

// Times of links and sessions.
const (
	// LinkLife is how long a link is good.
	LinkLife = 15 * time.Minute
	// Idle is how long a session lasts that nobody uses.
	Idle = 90 * 24 * time.Hour
	// ChallengeLife is how long a challenge may be answered.
	ChallengeLife = 5 * time.Minute
	// seenEvery is how exactly it is noted when a session was used.
	seenEvery = time.Hour
	// remember is how long it is known what was asked for, for the limits.
	remember = 24 * time.Hour
)

// Limits of asking for links, per hour.
const (
	perAddress = 5  // links for one e-mail address; more are not sent, and nobody is told
	perAsker   = 20 // from one network address; more are refused
)

const (
	maxEmail   = 254 // bytes
	maxAgent   = 200 // bytes of what a browser calls itself
	secretSize = 32
)

// MailKind is the kind of the mails with a link.
const MailKind = "sign_in"

// Invitation is what the mail with a link says.
type Invitation struct {
	Language string // that was asked for; may be empty
	Link     string // the whole address
	Until    time.Time
}

// Config is what Accounts is made of.
type Config struct {
	DB     *sqldb.DB
	Post   *post.Post
	Secret func(ctx context.Context, label string) ([32]byte, error) // the same for the same label, and known to nobody else
	Known  func(ctx context.Context, email string) (bool, error)     // whether somebody has tickets under the address
	Letter func(Invitation) (post.Letter, error)
	Public func(context.Context) string // the server's address
	Rand   io.Reader
	Now    func() time.Time
	Log    *slog.Logger
}

// Accounts keeps links and sessions. It may be used by several goroutines.
type Accounts struct{ Config }

// New makes Accounts over a migrated database.
func New(cfg Config) *Accounts { return &Accounts{cfg} }

// Path is where a link leads, before what it says.
const Path = "/wallet/enter/"

// Address gives the one way in which an e-mail address is kept, or fault.BadInput.
func Address(text string) (string, error) {
	text = strings.TrimSpace(text)
	parsed, err := netmail.ParseAddress(text)
	if err != nil || parsed.Address != text || len(text) > maxEmail {
		return "", fault.At(fault.BadInput, "email", "%.80q is no e-mail address", text)
	}
	return lower(text), nil
}

// lower is the lower case of ASCII, as every engine has it.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, text)
}

// draw draws what nobody can guess.
func (a *Accounts) draw(size int) ([]byte, error) {
	b := make([]byte, size)
	if _, err := io.ReadFull(a.Rand, b); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the source of randomness fails")
	}
	return b, nil
}

// secretText is a secret as links and cookies have it.
func secretText(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// hashOf is what is kept of a secret. It needs no salt: a secret has 256 bits.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte("usher-account-v1/" + secret))
	return hex.EncodeToString(sum[:])
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
