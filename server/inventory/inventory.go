// Package inventory keeps the places of an event: how many there are, who holds
// them for a moment and what is sold. It is the only place that takes or gives
// back any.
//
// # Pools
//
// A pool is a stock of places that one or several products are sold from. Its
// places are counted or, where there are seats, each a row of its own. One number
// in the pool's row says how many are taken, sold and held together, and the
// schema keeps it between nothing and the capacity: no act can pass it, on any
// engine, with any number of servers.
//
// # Holds
//
// A hold takes places of one or several pools, all or none, until a time. It ends
// once: sold, released or expired. That is one guarded change of the hold's own
// row, in the transaction that gives the places back, so each comes back exactly
// once however many servers try. Selling leaves the pool's row alone, as the number
// stays what it is: a sale never waits for the buyers who are still choosing.
//
// # The queue
//
// Requests for one event queue up in the server and are decided together, in order
// of arrival, by one act on the database; while its commit runs, the next batch
// forms, and before it is taken whoever can run and is about to ask does. There is no
// timer: a buyer alone waits for nobody. Places that are given
// back join the same batches. An answer is given when it is durable.
//
// A pool that was found empty refuses those who drew the hold's id just now from
// memory ([Request.Fresh]), until places come back here or a second has passed.
//
// Everything is safe to repeat: a hold by its id, and every end of one.
package inventory

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Limits of what is asked in one request. They bound what one statement has to do.
const (
	MaxLines  = 20                  // lines of a request
	MaxPlaces = 1000                // places of a request
	MaxCode   = 64                  // bytes of an id, an event's, a pool's or a seat's code, an owner
	MaxHold   = 24 * time.Hour      // from now to the end of a new hold
	MaxKeep   = 92 * 24 * time.Hour // from now to the end of one that is kept: the longest due date
	MaxPool   = 10_000_000          // places of a pool
	MaxSeats  = 200_000             // seats of a pool
)

// Defaults of a Config.
const (
	DefaultMaxOpen  = 100
	DefaultMaxBatch = 256
	DefaultMaxQueue = 20_000
	DefaultWithin   = 10 * time.Second
)

// staleAfter is how old what memory says of a pool may be.
const staleAfter = time.Second

// Config is how a stock behaves. Zero members get their defaults.
type Config struct {
	// MaxOpen is how many holds of one owner for one event may be open.
	// DefaultMaxOpen when 0.
	MaxOpen int
	// MaxBatch is how many requests are decided by one act. DefaultMaxBatch when 0.
	MaxBatch int
	// MaxQueue is how many requests may wait for one event. DefaultMaxQueue when 0.
	MaxQueue int
	// Within is how long one act on the database may take. DefaultWithin when 0.
	Within time.Duration
	// Log gets what the background work can't tell anybody. May be nil.
	Log *slog.Logger
}

// Line is places of one pool. A request that names seats asks for those; one that
// names only a count of a seated pool gets the best together. Answers name them.
type Line struct {
	Pool  string   `json:"pool"`
	Count int64    `json:"count"`
	Seats []string `json:"seats,omitempty"`
}

// Request asks for places.
type Request struct {
	ID    string // of the hold, made by the caller; the same again is the same hold
	Event string
	Lines []Line
	Until time.Time
	Owner string // who is limited to Config.MaxOpen open holds; "" is not limited
	// Fresh says that the id was drawn at random just now, so that this can't be the
	// repetition of a request whose answer was lost. Only then may memory refuse.
	Fresh bool
	// With gives what the caller keeps along with the hold, in the same transaction: a
	// statement that takes its hold's id as $1, does nothing unless [IsHeld], and gives a
	// row when it has kept something; "" for none. It is called when the places are
	// known, before they are anybody's, by another goroutine, and maybe several times.
	// May be nil.
	With func(Hold) (query string, args []any)
}

// IsHeld says in SQL that there is a hold with the id $1: see Request.With.
const IsHeld = `exists (select 1 from hold where id = $1 and state = 'held')`

// State is what became of a hold.
type State string

// The states of a hold.
const (
	Held     State = "held"
	Sold     State = "sold"
	Released State = "released" // given back by who held it
	Expired  State = "expired"  // given back when its time was over
)

// Hold is places that somebody has.
type Hold struct {
	ID       string
	Event    string
	Owner    string
	Lines    []Line // in the order of the request, with the seats that were given
	Until    time.Time
	Extended int
	State    State

	// Kept says, of the hold that Stock.Hold has just made, that Request.With has kept
	// something with it.
	Kept bool
}

// Stock keeps the places of all events over one database. Several servers may each
// have one over the same database.
type Stock struct {
	db  *sqldb.DB
	now func() time.Time
	cfg Config

	// act decides a batch and makes it durable: decideAll. Tests of the queue put their
	// own here.
	act func(context.Context, *queue, *batch) error

	life context.Context
	stop context.CancelFunc

	limit struct { // see within; guarded by mu
		ctx   context.Context
		end   context.CancelFunc
		renew time.Time
	}

	mu      sync.Mutex
	closed  bool
	queues  map[string]*queue
	running sync.WaitGroup // the queues that work, for Close
	memory  memory
}

// New makes a stock over a database with the server's tables.
func New(db *sqldb.DB, now func() time.Time, cfg Config) *Stock {
	if cfg.MaxOpen <= 0 {
		cfg.MaxOpen = DefaultMaxOpen
	}
	if cfg.MaxBatch <= 0 {
		cfg.MaxBatch = DefaultMaxBatch
	}
	if cfg.MaxQueue <= 0 {
		cfg.MaxQueue = DefaultMaxQueue
	}
	if cfg.Within <= 0 {
		cfg.Within = DefaultWithin
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stock{db: db, now: now, cfg: cfg, queues: make(map[string]*queue)}
	s.act = s.decideAll
	s.life, s.stop = context.WithCancel(context.Background())
	return s
}

// Close refuses what comes from now on, and waits for what was asked before.
func (s *Stock) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
	s.stop()
}

// Hold takes places until a time, all of the request's or none. The error is a
// *Short, of fault.Refused, when there are not enough; fault.TooMany when the
// owner has too many open holds or too many people ask at this moment;
// fault.NotFound for a pool or a seat that isn't the event's.
//
// With the id of a hold that is there it gives that hold, in whatever state it is,
// when it was asked for the same, and fault.Exists otherwise. An error of the
// database or of ctx leaves open whether there is a hold: ask again with the id,
// release it, or leave it to its time.
func (s *Stock) Hold(ctx context.Context, r Request) (Hold, error) {
	if err := r.check(s.now()); err != nil {
		return Hold{}, err
	}
	if r.Fresh {
		if short := s.memory.refuses(&r, s.now()); short != nil {
			return Hold{}, short
		}
	}
	a := &ask{take: &r, done: make(chan struct{})}
	if err := s.ask(ctx, r.Event, a); err != nil {
		return Hold{}, err
	}
	return a.hold, nil
}

// closing is the answer once Close was called.
func closing() error {
	return fault.New(fault.Unavailable, "this server is being stopped; try again in a moment")
}
