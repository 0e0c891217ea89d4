// Package stage is what acceptance cases are played on: a real server, real gates
// on handhelds with clocks of their own, and networks that can fail between them.
// Everything is in one process and on real disks; only time is simulated.
package stage

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/state"
)

// patience bounds what is waited for in real time: that the server has followed its own
// journals, and what the server and a device that is online have to say to each other.
// A case's clock stands still meanwhile, and the machine may be slow.
const patience = 20 * time.Second

// Server is the real server of a case.
type Server struct {
	*server.Server
	dir      string
	database string       // address of a PostgreSQL that only this case has; "" for SQLite in dir
	giveBack func() error // empties it for the next case
	clock    *Clock

	handler http.Handler
	end     func()

	mu     sync.Mutex                // covers poison
	poison map[journal.TicketID]bool // tickets whose records the server can't take into account

	snapshot bool // the data as they were are kept
}

// OpenServer makes a server with new data: in a folder, or in the PostgreSQL database
// at an address, beside whatever that has already.
func OpenServer(ctx context.Context, dir, database string, clock *Clock) (s *Server, err error) {
	s = &Server{dir: dir, clock: clock, poison: map[journal.TicketID]bool{}, giveBack: func() error { return nil }}
	if database != "" {
		if s.database, s.giveBack, err = dbtest.LendPostgres(ctx, database, migrations.Server); err != nil {
			return nil, err
		}
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.giveBack())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) (err error) {
	s.Server, err = server.Open(ctx, server.Config{Database: s.database, Data: s.dir, Unsealed: true, Now: s.clock.Now})
	if err != nil {
		return err
	}
	if err := s.Unlock(ctx); err != nil {
		return errors.Join(err, s.Server.Close())
	}
	s.Doors.Screen(s.screen)
	s.Doors.ClaimTimes(patience, patience)
	s.handler, s.end, err = s.Handler(ctx)
	if err != nil {
		return errors.Join(err, s.Server.Close())
	}
	return nil
}

// Close ends the server.
func (s *Server) Close() error { return errors.Join(s.stop(), s.giveBack()) }

func (s *Server) stop() error {
	s.end()
	return s.Server.Close()
}

// Poison makes the server fail on every record of a ticket.
func (s *Server) Poison(id journal.TicketID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.poison[id] = true
}

func (s *Server) screen(r *journal.Record) error {
	if r.Kind != journal.KindScan {
		return nil
	}
	scan, err := journal.Read[journal.Scan](r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.poison[scan.Ticket] {
		return fault.New(fault.Internal, "500 on this record")
	}
	return nil
}

// RoundTrip answers a device's request without a network.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// Settled gives the server's picture of an event once it has followed all that
// its journals hold.
func (s *Server) Settled(ctx context.Context, event string) (*state.State, error) {
	st, err := s.Doors.State(ctx, event)
	if err != nil {
		return nil, err
	}
	wake, cancel := st.Subscribe()
	defer cancel()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		// Asked anew each time: following may itself add to the journals.
		held, err := s.Journals.Store(event).Vector(ctx)
		if err != nil || followed(st, held) {
			return st, err
		}
		select {
		case <-wake:
		case <-time.After(10 * time.Millisecond):
		case <-late.C:
			return nil, errors.New("the server does not follow its own journals")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func followed(st *state.State, held journal.Vector) bool {
	applied := st.Vector()
	return applied.Covers(held)
}

// errHeldBack is why nothing of a device is stored in a session that only downloads.
var errHeldBack = fault.New(fault.NotReady, "this session takes nothing in")

// serve holds the server's end of a session until it ends.
func (s *Server) serve(ctx context.Context, conn exchange.Conn, w *wire) error {
	if _, err := s.Settled(ctx, w.event); err != nil {
		return errors.Join(err, conn.Close())
	}
	local, err := s.Doors.Local(ctx, w.event)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	local.Store = &pagedStore{Store: local.Store, wire: w}
	accept := local.Accept
	local.Accept = func(ctx context.Context, records []*journal.Record) error {
		switch {
		case w.direction == Download:
			return errHeldBack
		case w.refusesUploads():
			return fault.New(fault.Unavailable, "500 on uploads")
		}
		err := accept(ctx, records)
		if err == nil {
			w.committed()
		}
		return err
	}
	return exchange.Run(ctx, conn, local)
}

// Snapshot keeps the data as they are now, as a backup does.
func (s *Server) Snapshot(ctx context.Context) error {
	s.snapshot = true
	if s.database != "" {
		return s.dump(ctx)
	}
	return s.reopened(ctx, func() error {
		return errors.Join(os.RemoveAll(s.backup()), copyDir(s.dir, s.backup()))
	})
}

func (s *Server) backup() string { return s.dir + ".snapshot" }

// Restore puts the backup in place of the data and says so to the journals, as an
// operator does who restores one.
func (s *Server) Restore(ctx context.Context, events []string) error {
	if !s.snapshot {
		return errors.New("there is no snapshot to restore")
	}
	put := func() error { return errors.Join(os.RemoveAll(s.dir), copyDir(s.backup(), s.dir)) }
	if s.database != "" {
		put = func() error { return s.undump(ctx) }
	}
	if err := s.reopened(ctx, put); err != nil {
		return err
	}
	for _, event := range events {
		if _, err := s.Journals.BeginEpoch(ctx, event); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) reopened(ctx context.Context, do func() error) error {
	if err := s.stop(); err != nil {
		return err
	}
	return errors.Join(do(), s.open(ctx))
}

// copyDir copies the plain files of a folder.
func copyDir(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if err := copyFile(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
