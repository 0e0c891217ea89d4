package sqldb

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// DefaultFallback is after how long Watch gives a notice on PostgreSQL when
	// nobody told of a commit: who commits may end before it has told, and the
	// connection that listens may be lost.
	DefaultFallback = time.Second
	// channel is what commits are told on, with a number for the schema behind it: two
	// ushers may share a database.
	channel = "usher_commit_"
	// bellPause is the least time between two that we tell: a run of commits is
	// one notice.
	bellPause = 5 * time.Millisecond
	// bellWithin is how long one may take to tell.
	bellWithin = 5 * time.Second
	// listenPause is the wait before the next try to listen.
	listenPause = time.Second
)

// Carrier carries word of commits between processes. It may lose some.
type Carrier interface {
	// Tell tells the others of a commit, soon or not at all.
	Tell(ctx context.Context) error
	// Hear calls heard once it listens and then after the word of others, until ctx
	// ends or it hears no more, and says which.
	Hear(ctx context.Context, heard func()) error
}

// Carry has word of commits go by c. While c fails the database itself carries it,
// which costs that more. A SQLite file needs nobody: there it does nothing.
func (db *DB) Carry(c Carrier) {
	if db.wire == nil {
		return
	}
	db.wire.bell.carrier.Store(&c)
	db.start(func() {
		for db.life.Err() == nil {
			_ = c.Hear(db.life, db.wire.bell.heard.send)
			_ = sleep(db.life, listenPause)
		}
	})
}

// bell tells other processes of commits, and hears of theirs.
//
// It tells after a commit and not in it: a transaction with a NOTIFY takes a lock
// on all of the server for its commit, one of them at a time.
type bell struct {
	due    chan struct{} // a commit was made and not told yet
	self   string        // tells our own notices from others'
	listen sync.Once
	heard  notices // of other processes' commits

	carrier atomic.Pointer[Carrier] // nil: the database itself
}

// tell says that there was a commit.
func (w *wire) tell() { notify(w.bell.due) }

// ring tells of commits until life ends, and of the last ones after it. One that
// can't be told is lost: others look by themselves every DefaultFallback.
func (w *wire) ring() {
	for {
		select {
		case <-w.bell.due:
			w.ringOnce()
		case <-w.life.Done():
			select {
			case <-w.bell.due:
				w.ringOnce()
			default:
			}
			return
		}
		_ = sleep(w.life, bellPause)
	}
}

func (w *wire) ringOnce() {
	ctx, cancel := context.WithTimeout(context.Background(), bellWithin)
	defer cancel()
	if c := w.bell.carrier.Load(); c != nil && (*c).Tell(ctx) == nil {
		return
	}
	_, _ = w.reader.ExecContext(ctx, `select pg_notify($1 || hashtext(current_schema())::text, $2)`, channel, w.bell.self)
}

// hear sends to out after own commits, those of others, and every so often.
func (db *DB) hear(ctx context.Context, fallback time.Duration, own <-chan struct{}, out chan<- struct{}) {
	if fallback <= 0 {
		fallback = DefaultFallback
	}
	w := db.wire
	w.bell.listen.Do(func() { db.start(w.listen) })
	others := w.bell.heard.add()
	defer w.bell.heard.remove(others)
	tick := time.NewTicker(fallback)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-db.life.Done():
			return
		case <-own:
		case <-others:
			tick.Reset(fallback)
		case <-tick.C:
		}
		notify(out)
	}
}

// listen hears other processes until life ends, on a connection of its own.
func (w *wire) listen() {
	for w.life.Err() == nil {
		w.listenOnce()
		_ = sleep(w.life, listenPause)
	}
}

// listenOnce hears others until the connection is lost. What it missed before, its
// first notice makes up for.
func (w *wire) listenOnce() {
	ctx, cancel := context.WithTimeout(w.life, bellWithin)
	conn, err := pgx.ConnectConfig(ctx, w.config)
	if err == nil {
		var schema string
		if err = conn.QueryRow(ctx, `select hashtext(current_schema())::text`).Scan(&schema); err == nil {
			_, err = conn.Exec(ctx, `listen `+pgx.Identifier{channel + schema}.Sanitize())
		}
	}
	cancel()
	if conn != nil {
		defer func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = conn.Close(ctx)
		}()
	}
	if err != nil {
		return
	}
	w.bell.heard.send()
	for {
		n, err := conn.WaitForNotification(w.life)
		if err != nil {
			return
		}
		if n.Payload != w.bell.self {
			w.bell.heard.send()
		}
	}
}
