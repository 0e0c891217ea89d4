// Package post sends mail: what is queued in a transaction leaves when that
// transaction is committed, and only then.
//
// # Queue
//
// [Post.Queue] writes a row that says what mail is to be sent to whom, under an
// id of the caller's. The same id again queues nothing, so an act that is done
// again after a crash mails once.
//
// # Sending
//
// Any number of servers send ([Post.Run]). One takes a few mails at a time by
// moving their due_at to the end of a lease; a server that dies leaves them to
// the others when it ends. The letter is written at that moment by the
// [Composer], with its PDF files: what is stored is whose letter it is, not the
// letter. A mail that could not be handed over is tried again after 30 seconds,
// then after twice as long each time up to an hour; [GiveUp] after it was queued
// it has failed, but not before [LeastTries]: it may have waited for a mail server to be
// set up. So has one that the mail server refuses for good. Failed mail
// is counted, listed for the organiser, and sent again on demand ([Post.Again]).
//
// # Letters
//
// A composer that says what is to be said in a [Sheet] gets it laid out as text and
// HTML, as all other letters are:
//
//	return post.Sheet{
//		Language: l.Code(), Subject: l.T("gift.subject"), From: shop.Seller.Name, Contact: shop.Seller.Email,
//		Hello: l.T("mail.hello", "name", name), Text: []string{l.T("gift.text", "from", post.Name(giver))},
//		Button: l.T("gift.button"), Link: link, Notes: []string{l.T("gift.secret")},
//	}.Letter()
//
// What people typed may stand in any part: it ends no line of a header, writes no HTML
// and turns no text round. [Name] is for the name of somebody who has us write to
// another.
//
// # Once or twice
//
// Delivery is at least once. Nothing is sent again that is known to have been
// taken; where the connection is cut after the message and before the answer,
// nobody can know, and it is. Such a pair has one Message-ID.
package post

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	netmail "net/mail"
	"time"

	gomail "github.com/wneessen/go-mail"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Times of the outbox.
const (
	// GiveUp is how long after it was queued a mail is tried.
	GiveUp = 48 * time.Hour
	// LeastTries is how often it is tried in any case, which takes some hours.
	LeastTries = 10
	// lease is how long a server has for the mails that it took.
	lease = 5 * time.Minute
	// firstPause is the wait after the first try; each is twice the one before.
	firstPause = 30 * time.Second
	maxPause   = time.Hour
	// poll is how often the outbox is looked at when nobody calls.
	poll = time.Second
)

const (
	// takeAtOnce is how many mails are sent over one connection.
	takeAtOnce = 8
	// senders is how many connections one server has at most.
	senders = 4
	// maxText bounds the texts of a queued mail, in bytes.
	maxText = 300
)

// State says what became of a mail.
type State string

// The states.
const (
	Waiting State = "waiting"
	Sent    State = "sent"
	Failed  State = "failed"
	Dropped State = "dropped" // there was nothing to say any more
)

// Mail is a mail to be sent.
type Mail struct {
	ID     string // names it for ever; see Queue
	Kind   string // what it tells, for the Composer
	About  string // the order that it is about
	Detail string // more for the Composer; may be empty
	To     string // address
}

// Queued is a mail with what became of it.
type Queued struct {
	Mail
	State   State
	Tries   int
	Queued  time.Time
	Due     time.Time // of the next try
	Done    time.Time // zero while it waits
	Problem string    // of the newest try
}

// File is an attachment.
type File struct {
	Name string
	Type string // MIME type
	Body []byte
}

// Letter is what a mail says.
type Letter struct {
	Subject  string
	Text     string
	HTML     string          // the same again; may be empty
	Language string          // BCP 47; may be empty
	ReplyTo  netmail.Address // whom an answer reaches; the zero value: who it is from
	Files    []File
}

// Composer writes the letter of a mail at the moment of sending. An error of
// fault.Expired drops the mail: there is nothing to say any more.
type Composer func(context.Context, Mail) (Letter, error)

// Transport brings messages on their way.
type Transport interface {
	// Open connects. Messages are sent over one connection one after the other.
	Open(context.Context) (Session, error)
}

// Session is an open connection to a mail server.
type Session interface {
	// Send returns nil when the message was taken. ErrRefused says that it never
	// will be, ErrPutOff that this one isn't now; after any other error the session is
	// of no more use.
	Send(context.Context, *gomail.Msg) error
	Close() error
}

// Config is what a Post is made of.
type Config struct {
	DB        *sqldb.DB
	Transport Transport       // nil: mail waits
	From      netmail.Address // who it is from; also the domain of Message-IDs
	Sign      *Signer         // nil: mail is not signed
	Compose   Composer
	Now       func() time.Time
	Log       *slog.Logger
}

// Post is the outbox. It may be used by several goroutines.
type Post struct {
	Config
	wake chan struct{} // holds one notice
}

// New makes an outbox over a migrated database.
func New(cfg Config) *Post { return &Post{Config: cfg, wake: make(chan struct{}, 1)} }

// Queue queues a mail; it is sent if tx commits. Under an id that was used it
// does nothing. Call Wake after the commit.
func (p *Post) Queue(ctx context.Context, tx sqldb.Queryer, m Mail) error {
	query, args, err := p.Queueing(m)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, query, args...)
	return stored(err, "queueing a mail")
}

// Queueing gives the statement by which Queue queues, for who sends it along with
// others.
func (p *Post) Queueing(m Mail) (query string, args []any, err error) {
	if address, err := netmail.ParseAddress(m.To); err != nil || address.Address != m.To {
		return "", nil, fault.New(fault.BadInput, "%.80q is no e-mail address", m.To)
	}
	if m.ID == "" || m.Kind == "" || len(m.ID) > maxText || len(m.Detail) > maxText {
		return "", nil, fault.New(fault.Internal, "a mail lacks its id or kind, or has one of over %d bytes", maxText)
	}
	now := p.Now().UnixMilli()
	return `insert into mail (id, kind, about, detail, address, state, tries, queued_at, due_at, done_at, problem)
		values ($1, $2, $3, $4, $5, 'waiting', 0, $6, $6, 0, '') on conflict (id) do nothing`,
		[]any{m.ID, m.Kind, m.About, m.Detail, m.To, now}, nil
}

// Wake makes Run look at the outbox at once.
func (p *Post) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// messageID is the same for every try of a mail, and tells nothing of it.
func (p *Post) messageID(id string) string {
	sum := sha256.Sum256([]byte("usher-mail-v1/" + id))
	return hex.EncodeToString(sum[:16]) + "@" + domainOf(p.From.Address)
}
