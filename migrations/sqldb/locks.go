package sqldb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// lockIdle is after how long PostgreSQL ends the connection that locks, if nothing is
	// asked on it: so long a process whose machine is gone has its locks at most.
	lockIdle = 10 * time.Second
	// lockTend is how often something is asked on it.
	lockTend = lockIdle / 4
)

// errNoLocks says that the connection that locks is being made.
var errNoLocks = errors.New("there is no connection to lock on now")

// Locks are names that one of the processes on a PostgreSQL database has at a time. They
// are in its memory, cost no commit, and are gone with the process that has them. All
// are on one connection, which is made when the first is asked for and then kept; what
// is asked while it is lost fails at once.
type Locks struct {
	db    *DB
	begin sync.Once
	lost  chan struct{}        // a notice that there is no connection
	one   chan struct{}        // holds a token while nobody uses what follows
	conn  *pgx.Conn            // nil: lost
	held  map[string]time.Time // on it, and until when each is wanted
}

// Locks gives the names to lock; nil on SQLite, where there is nobody to lock out.
func (db *DB) Locks() *Locks {
	if db.wire == nil {
		return nil
	}
	return &Locks{db: db, lost: make(chan struct{}, 1), one: make(chan struct{}, 1), held: map[string]time.Time{}}
}

// Take locks a name for so long, or once more so long, and says whether it is ours now. It
// is until Give, or for some seconds longer than was said.
func (l *Locks) Take(ctx context.Context, name string, hold time.Duration) (ours bool, err error) {
	until := time.Now().Add(hold)
	err = l.use(ctx, func() error {
		if _, ours = l.held[name]; ours {
			l.held[name] = until
			return nil
		}
		if err := l.ask(ctx, `select pg_try_advisory_lock(hashtextextended(current_schema() || $1, 0))`, name, &ours); err != nil {
			return fmt.Errorf("locking %s: %w", name, err)
		}
		if ours {
			l.held[name] = until
		}
		return nil
	})
	return ours, err
}

// Give unlocks a name. One that isn't ours stays as it is.
func (l *Locks) Give(ctx context.Context, name string) error {
	return l.use(ctx, func() error { return l.unlock(ctx, name) })
}

func (l *Locks) unlock(ctx context.Context, name string) error {
	if _, ours := l.held[name]; !ours {
		return nil
	}
	delete(l.held, name)
	var was bool
	if err := l.ask(ctx, `select pg_advisory_unlock(hashtextextended(current_schema() || $1, 0))`, name, &was); err != nil {
		return fmt.Errorf("unlocking %s: %w", name, err)
	}
	return nil
}

// sweep gives those names back that nobody has given: whoever had them could not reach
// the database then.
func (l *Locks) sweep(ctx context.Context) {
	now := time.Now()
	for name, until := range l.held {
		if l.conn != nil && now.After(until) {
			_ = l.unlock(ctx, name) // if that fails the connection is dropped, and all it holds
		}
	}
}

// use runs what needs the connection, one after the other.
func (l *Locks) use(ctx context.Context, do func() error) error {
	l.begin.Do(func() { l.db.start(l.tend) })
	select {
	case <-l.one:
	case <-l.db.life.Done():
		return errClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { l.one <- struct{}{} }()
	if l.conn == nil {
		return errNoLocks
	}
	return do()
}

// ask asks a question about a name. A connection that fails is given up.
func (l *Locks) ask(ctx context.Context, query, name string, answer *bool) error {
	err := l.conn.QueryRow(ctx, query, name).Scan(answer)
	if err != nil {
		l.drop()
		notify(l.lost)
	}
	return lost(err)
}

// tend makes the connection, and again when it is lost, until the DB is closed.
func (l *Locks) tend() {
	tick := time.NewTicker(lockTend)
	defer tick.Stop()
	for l.conn = l.connect(); l.db.life.Err() == nil; {
		l.one <- struct{}{}
		select {
		case <-l.db.life.Done():
		case <-tick.C:
		case <-l.lost:
		}
		fresh := l.replacement()
		<-l.one
		if fresh != nil {
			l.conn = fresh
		}
	}
	l.drop() // with the token: nobody uses it any more
}

// replacement gives another connection if this one is lost, else nil. Those who want to
// lock meanwhile don't wait for it.
func (l *Locks) replacement() *pgx.Conn {
	<-l.one
	gone := l.conn == nil
	if !gone && l.db.life.Err() == nil {
		ctx, cancel := context.WithTimeout(l.db.life, lockTend)
		if gone = l.conn.Ping(ctx) != nil; gone {
			l.drop()
		}
		l.sweep(ctx)
		cancel()
	}
	l.one <- struct{}{}
	if !gone || l.db.life.Err() != nil {
		return nil
	}
	_ = sleep(l.db.life, listenPause/10)
	return l.connect()
}

// connect gives a connection, nil when there is none to be had.
func (l *Locks) connect() *pgx.Conn {
	config := l.db.wire.config.Copy()
	config.RuntimeParams["idle_session_timeout"] = milliseconds(lockIdle)
	ctx, cancel := context.WithTimeout(l.db.life, bellWithin)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		notify(l.lost)
		return nil
	}
	return conn
}

// drop ends the connection, and with it all that it holds.
func (l *Locks) drop() {
	clear(l.held)
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = l.conn.Close(ctx)
	l.conn = nil
}
