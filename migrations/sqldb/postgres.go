package sqldb

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"usher/sync/fault"
)

const (
	// connectWithin is how long a connection may take to be made, unless the
	// address says connect_timeout.
	connectWithin = 5 * time.Second
	// idleInTx is how long a transaction may wait for its own process before the
	// server ends it: one whose machine is gone holds its rows no longer.
	idleInTx = time.Minute
)

// wire is an open PostgreSQL database.
type wire struct {
	config *pgx.ConnConfig // for the connection that listens
	pools  []*pgxpool.Pool
	writer *sql.DB // nil when read-only
	reader *sql.DB
	life   context.Context

	bell bell
}

// IsPostgres reports whether an address is one that OpenPostgres takes.
func IsPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// OpenPostgres opens a database of a PostgreSQL server, by the address
// postgres://user:password@host:port/name?options. Of the options, pool_max_conns
// stands for Writers; what else the address doesn't say is taken from PostgreSQL's
// own variables (PGPASSWORD and so on). The password is in no error.
//
// It fails with fault.Unavailable when the server can't be reached now. When it is
// lost later, what is asked meanwhile fails likewise (IsUnreachable), and the next
// that is asked after it is back succeeds.
func OpenPostgres(ctx context.Context, address string, opt Options) (*DB, error) {
	if !IsPostgres(address) {
		return nil, fault.New(fault.BadInput, "the address of the database has to begin with postgres://")
	}
	config, err := poolConfig(address, opt)
	if err != nil {
		return nil, err
	}
	db := &DB{engine: Postgres, path: place(config.ConnConfig)}
	db.life, db.stop = context.WithCancel(context.Background())
	w := &wire{config: config.ConnConfig.Copy(), life: db.life}
	w.bell.due, w.bell.self = make(chan struct{}, 1), rand.Text()
	if err := w.open(ctx, config, opt); err != nil {
		db.stop()
		return nil, fmt.Errorf("open database %s: %w", db.path, errors.Join(lost(err), w.close()))
	}
	db.wire, db.side = w, w.reader
	db.reader = reading{w.reader, w}
	if w.writer != nil {
		db.own, db.side = w, w.writer
	}
	db.start(w.ring)
	return db, nil
}

// poolConfig reads the address and sets what it leaves open.
func poolConfig(address string, opt Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		// Without what pgx says: that quotes the address, and its password where it
		// doesn't find it.
		return nil, fault.New(fault.BadInput, "the address of the database can't be read; it looks like postgres://user:password@host:5432/usher?sslmode=verify-full")
	}
	given, err := url.Parse(address)
	if err != nil || !given.Query().Has("pool_max_conns") {
		config.MaxConns = int32(DefaultWriters)
		if opt.Writers > 0 {
			config.MaxConns = int32(opt.Writers)
		}
	}
	if err != nil || !given.Query().Has("connect_timeout") {
		config.ConnConfig.ConnectTimeout = connectWithin
		dialer := net.Dialer{Timeout: connectWithin, Control: patient, KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}
		config.ConnConfig.DialFunc = dialer.DialContext
	}
	busy := opt.BusyTimeout
	if busy <= 0 {
		busy = DefaultBusyTimeout
	}
	params := config.ConnConfig.RuntimeParams
	set := func(name, value string) {
		if _, said := params[name]; !said {
			params[name] = value
		}
	}
	set("application_name", "usher")
	set("lock_timeout", milliseconds(busy))
	set("idle_in_transaction_session_timeout", milliseconds(idleInTx))
	if opt.Synchronous == Normal {
		set("synchronous_commit", "off")
	}
	return config, nil
}

func milliseconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64(d/time.Millisecond)), 10)
}

// place says where a database is, without who opens it.
func place(c *pgx.ConnConfig) string {
	return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))) + "/" + c.Database
}

// open opens the pools and tries them. Those who read have one of their own: it
// can't write, and whoever reads inside a transaction doesn't wait for a
// connection that only the end of a transaction would free.
func (w *wire) open(ctx context.Context, config *pgxpool.Config, opt Options) (err error) {
	if !opt.ReadOnly {
		if w.writer, err = w.pool(ctx, config); err != nil {
			return err
		}
	}
	reading := config.Copy()
	reading.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	reading.MaxConns = DefaultReaders
	if opt.Readers > 0 {
		reading.MaxConns = int32(opt.Readers)
	}
	if w.reader, err = w.pool(ctx, reading); err != nil {
		return err
	}
	return w.reader.PingContext(ctx)
}

func (w *wire) pool(ctx context.Context, config *pgxpool.Config) (*sql.DB, error) {
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	w.pools = append(w.pools, pool)
	db := sql.OpenDB(flying{stdlib.GetPoolConnector(pool)})
	db.SetMaxIdleConns(0) // the pool keeps them
	return db, nil
}

// forget drops the connections that are held ready: after one was lost, those
// beside it are most likely lost too.
func (w *wire) forget() {
	for _, pool := range w.pools {
		pool.Reset()
	}
}

// close waits for the transactions that run, and closes the connections.
func (w *wire) close() error {
	var errs []error
	for _, db := range []*sql.DB{w.reader, w.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	for _, pool := range w.pools {
		pool.Close()
	}
	return errors.Join(errs...)
}

// reading is how to read outside a transaction. What finds its connection lost is
// asked once more.
type reading struct {
	*sql.DB
	wire *wire
}

// Engine says what kind of database this is.
func (reading) Engine() Engine { return Postgres }

// ExecContext implements Queryer; the server refuses to write.
func (r reading) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	result, err := r.DB.ExecContext(ctx, query, args...)
	return result, lost(err)
}

// QueryContext implements Queryer.
func (r reading) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := r.DB.QueryContext(ctx, query, args...)
	if IsUnreachable(err) {
		r.wire.forget()
		rows, err = r.DB.QueryContext(ctx, query, args...)
	}
	return rows, lost(err)
}

// QueryRowContext implements Queryer.
func (r reading) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	row := r.DB.QueryRowContext(ctx, query, args...)
	if IsUnreachable(row.Err()) {
		r.wire.forget()
		row = r.DB.QueryRowContext(ctx, query, args...)
	}
	return told(r.DB, row)
}

// told gives the row, or one whose error says that the database can't be reached.
func told(pool *sql.DB, row *sql.Row) *sql.Row {
	if err := row.Err(); err != nil && IsUnreachable(err) {
		return failedRow(pool, lost(err))
	}
	return row
}
