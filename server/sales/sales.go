package sales

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"usher/crypto/crockford"
	"usher/crypto/grant"
	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/inventory"
	"usher/server/payment"
	"usher/server/post"
	"usher/server/printout"
	"usher/server/ticketing"
	"usher/server/vault"
	"usher/sync/fault"
)

// Times of sales.
const (
	// linkLife is how long after an event its orders' links are good.
	linkLife = 400 * 24 * time.Hour
)

// Config is what Sales stands on.
type Config struct {
	DB       *sqldb.DB
	Vault    *vault.Vault
	Catalog  *catalog.Catalog
	Stock    *inventory.Stock
	Tickets  *ticketing.Office
	Printer  *printout.Printer
	Post     *post.Post
	Provider payment.Provider // of card payments; nil: there are none
	Resale   Resale           // set before the first use; nil: nobody sells tickets on
	// Entered gives those of tickets by which somebody came in; nil: nobody did.
	Entered func(ctx context.Context, event string, ids ...ticket.ID) ([]ticket.ID, error)
	// Public gives the address under which buyers reach the shop: what links in
	// mails and the provider's way back begin with.
	Public func(context.Context) string
	Rand   io.Reader
	Now    func() time.Time
	Log    *slog.Logger
}

// Sales sells. It may be used by several goroutines, and by several servers over
// one database.
type Sales struct {
	Config

	mu   sync.Mutex
	keys *grant.LinkKey // nil before it was asked for

	hearings hearings

	// step is called at each named step between two lasting changes. Tests let it
	// fail, as a crash there would.
	step func(name string) error
}

// New makes Sales over a migrated database.
func New(cfg Config) *Sales {
	return &Sales{Config: cfg, step: func(string) error { return nil }}
}

// Link gives the last part of the address of an order's page. Whoever has it is
// taken for the buyer.
func (s *Sales) Link(ctx context.Context, o *Order) (string, error) {
	key, err := s.linkKey(ctx)
	if err != nil {
		return "", err
	}
	return key.Sign(grant.Link{Kind: grant.LinkOrder, Subject: o.ID, Expires: o.Made.Add(linkLife).Unix()})
}

// Open gives the id of the order that a link is to. fault.NotFound for a link that
// is none of ours, fault.Expired for one that is over.
func (s *Sales) Open(ctx context.Context, link string) (id string, err error) {
	key, err := s.linkKey(ctx)
	if err != nil {
		return "", err
	}
	l, err := key.Open(link, grant.LinkOrder, s.Now().Unix())
	switch {
	case err == grant.ErrLinkExpired:
		return "", fault.Wrap(fault.Expired, err, "this link has expired; ask the organiser for your order")
	case err != nil:
		return "", fault.Wrap(fault.NotFound, err, "this link leads to no order; was all of it copied?")
	}
	return l.Subject, nil
}

func (s *Sales) linkKey(ctx context.Context) (grant.LinkKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		key, err := s.Vault.LinkKey(ctx)
		if err != nil {
			return grant.LinkKey{}, err
		}
		s.keys = &key
	}
	return *s.keys, nil
}

// address gives the whole address of an order's page.
func (s *Sales) address(ctx context.Context, o *Order) (string, error) {
	link, err := s.Link(ctx, o)
	return s.Public(ctx) + "/order/" + link, err
}

// newID draws the id of an order, or makes it from the key of who asks, so that
// the same key is the same order.
func (s *Sales) newID(event, key string) (string, error) {
	if key != "" {
		sum := sha256.Sum256([]byte("usher-order-v1/" + event + "/" + key))
		return hex.EncodeToString(sum[:16]), nil
	}
	var b [16]byte
	if _, err := io.ReadFull(s.Rand, b[:]); err != nil {
		return "", fault.Wrap(fault.Internal, err, "can't draw a random order id")
	}
	return hex.EncodeToString(b[:]), nil
}

// codeSymbols is the length of an order's code.
const codeSymbols = 10

// codeOf gives what people know an order by. It follows from the id, so that a
// repeated Begin gives the same; salt is for one that another order has.
func codeOf(id string, salt int) string {
	sum := sha256.Sum256([]byte("usher-order-code-v1/" + id + strings.Repeat("+", salt)))
	return crockford.Encode(sum[:])[:codeSymbols]
}

// CleanCode reads an order's code as a person types it.
func CleanCode(text string) string {
	symbols, err := crockford.Clean(text, codeSymbols)
	if err != nil || len(symbols) != codeSymbols {
		return ""
	}
	return symbols
}
