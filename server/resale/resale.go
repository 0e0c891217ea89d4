// Package resale is the organiser's own marketplace: people who have bought a ticket
// and can't come sell it on, at or under the organiser's cap.
//
// # A listing
//
// [Resale.List] puts a ticket up; it stays good for its seller. Its place is a pool of
// one (inventory.Aside), and who buys it has an ordinary order of server/sales whose item
// names the listing: the same hold of minutes, the same pages, mails and limits. When
// that order is paid, the ticket changes hands in the same transaction
// ([Resale.HandOverIn]): it gets a new code, the seller's is void, and no moment lies
// between.
//
// A listing moves along these arrows and no others:
//
//	open → sold     its buyer has paid
//	open → ended    taken back, or the seller came in, or the ticket changed, or time is over
//
// [Resale.TakeBack] is refused while a buyer holds the place, and instant otherwise: the
// pool is shut only while nobody has its place, and nobody takes the place of one that is
// shut. What else happens to a ticket ends its listing by ending what is under way with
// it (ticketing.Pending). A payment that finds its listing over goes back.
//
// # Money
//
// What the buyer pays is held for the seller, less nothing, until the new holder has come
// in or the event is over; then [Resale.Look] has sales credit it: what the seller had
// paid for the ticket goes back to where it came from, the rest, and all where that can't
// be, is on a list that the organiser works off ([Resale.Payouts], [Resale.PaidByHand]).
// Fees are the organiser's. The risk is, too: a seller is paid although their buyer was
// refunded or took the money back by their bank, as the place is the organiser's again by
// then. Where the event is called off nobody is credited any more: buyers get back what
// they paid here, and sellers what they paid at first.
//
// # Who waits
//
// People leave their address ([Resale.Wait]). Where the organiser says so, a new listing
// is kept for the first of them for some minutes, by a mailed link that makes one order
// and no more, then for the next, and is for everybody when nobody is left.
//
// # Rows
//
// They are locked in one order: an order of sales with its hold and pools, the listing,
// the ticket, the event's journal.
package resale

import (
	"context"
	"io"
	"log/slog"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/inventory"
	"usher/server/post"
	"usher/server/sales"
	"usher/server/ticketing"
)

// Config is what Resale stands on.
type Config struct {
	DB      *sqldb.DB
	Catalog *catalog.Catalog
	Stock   *inventory.Stock
	Tickets *ticketing.Office
	Sales   *sales.Sales
	Post    *post.Post
	// Entered gives those of tickets by which somebody came in, as the server knows.
	Entered func(ctx context.Context, event string, ids ...ticket.ID) ([]ticket.ID, error)
	// Secret gives the server's own secret for a purpose: vault.Derive.
	Secret func(ctx context.Context, purpose string) ([32]byte, error)
	// Public gives the address under which people reach the shop.
	Public func(context.Context) string
	Rand   io.Reader
	Now    func() time.Time
	Log    *slog.Logger
}

// Resale sells tickets on. It may be used by several goroutines, and by several servers
// over one database.
type Resale struct {
	Config

	// step is called at each named step between two lasting changes. Tests let it fail,
	// as a crash there would.
	step func(name string) error
}

// New makes the marketplace, which sales sells for from then on.
func New(cfg Config) *Resale {
	r := &Resale{Config: cfg, step: func(string) error { return nil }}
	cfg.Sales.Resale = r
	return r
}

// State is how a listing stands.
type State string

// The states.
const (
	Open  State = "open"
	Sold  State = "sold"
	Ended State = "ended"
)

// Reasons why a listing ended.
const (
	TakenBack = "taken back" // by its seller
	Entered   = "entered"    // its seller came in
	Changed   = "changed"    // the ticket is void, or has a new code
	TimeOver  = "over"       // so is the event, or the time to sell on
	Moved     = "moved"      // the event was, and nothing of it is sold for now
	AboveCap  = "cap"        // the organiser has lowered it since
	Closed    = "closed"     // the organiser lets nobody sell on any more, or has called the event off
)

// Payout is what is to become of a price that was paid.
type Payout string

// The payouts.
const (
	None     Payout = ""         // nothing was paid yet
	Held     Payout = "held"     // until the new holder has come in, or the event is over
	Undone   Payout = "undone"   // the event was called off, and everybody gets back what they paid
	Credited Payout = "credited" // to the seller
	Withheld Payout = "withheld" // the seller's bank has taken their own payment back
)

// Listing is a ticket that somebody sells on.
type Listing struct {
	ID       string
	Event    string
	Ticket   ticket.ID
	State    State
	Offer    string // code of the product
	Product  uint32
	Name     string // of the product
	Names    bool   // the ticket asks for its holder's name
	Home     string // the pool that its place is of
	Seat     string
	Face     int64 // what the ticket cost at first, with its own fee; minor units, as all here
	Price    int64 // what the seller asks
	Kept     int64 // of that, by the organiser
	OnTop    int64 // the buyer's fee
	FeeTax   int64 // included in both, basis points
	Currency string

	SellerOrder string // id
	SellerName  string
	SellerEmail string
	Own         bool   // the seller is who paid that order
	Account     string // how they want to be paid by hand
	Language    string

	Made, Changed time.Time
	Why           string // it ended
	KeptFor       string // who on the waiting list may buy it; "": everybody
	KeptUntil     time.Time
	BuyerOrder    string // id; "": not sold
	BoughtBack    bool   // the organiser has paid the buyer back

	Payout     Payout
	Card, Hand int64     // credited: to where the seller's payment came from, and by hand
	HandPaid   int64     // of Hand, so far
	HandAt     time.Time // when some of that was paid last; zero: not yet
	HandHow    string
}

// Total is what the buyer pays.
func (l *Listing) Total() int64 { return l.Price + l.OnTop }

// Net is what the seller gets.
func (l *Listing) Net() int64 { return l.Price - l.Kept }

// Due is what is to be paid by hand still.
func (l *Listing) Due() int64 { return l.Hand - l.HandPaid }

// above says whether a listing is above what a shop allows by now.
func (l *Listing) above(shop *catalog.Shop) bool { return l.Total() > shop.Resale.CapOf(l.Face) }

// pool is the code of the listing's own pool.
func (l *Listing) pool() string { return inventory.Aside + l.ID }

// Limits.
const (
	maxAccount = 200 // bytes of how somebody wants to be paid
	maxHow     = 200 // bytes of how they were
)

// wakes has mail sent that was queued, when err says that it was.
func (r *Resale) wakes(err error) error {
	if err == nil {
		r.Post.Wake()
	}
	return err
}
