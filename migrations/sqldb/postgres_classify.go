package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"usher/sync/fault"
)

// States of PostgreSQL (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
	uniqueViolation      = "23505"
	notNullViolation     = "23502"
	diskFull             = "53100"
	ioError              = "58030"
	readOnly             = "25006"
	dataCorrupted        = "XX001"
	indexCorrupted       = "XX002"

	classConnection    = "08"
	tooManyConnections = "53300"
	adminShutdown      = "57P01"
	crashShutdown      = "57P02"
	cannotConnectNow   = "57P03"
	idleSessionTimeout = "57P05"
	idleInTxTimeout    = "25P03"
)

// stateOf gives PostgreSQL's state of err, "" when it has none.
func stateOf(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// IsUnreachable reports that the database's server can't be reached, is starting,
// stopping or has no connection to spare, or that the connection was lost. The
// same may succeed later. Whether a commit that ended so was one, nobody knows.
func IsUnreachable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if state := stateOf(err); state != "" {
		switch state {
		case tooManyConnections, adminShutdown, crashShutdown, cannotConnectNow, idleSessionTimeout, idleInTxTimeout:
			return true
		}
		return strings.HasPrefix(state, classConnection)
	}
	var refused *pgconn.ConnectError
	if errors.As(err, &refused) {
		return true
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return false // the caller's patience, not the server
	}
	var network net.Error
	return errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed)
}

// lost gives an error that says so when the database can't be reached, and err as
// it is otherwise.
func lost(err error) error {
	if !IsUnreachable(err) || errors.Is(err, fault.Unavailable) {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "the database can't be reached now")
}
