package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"usher/server/journals"
)

// Times of a server that serves.
const (
	contactsEvery = 30 * time.Second
	// finishWithin is how long requests that run may take when the server stops.
	finishWithin = 10 * time.Second
)

// Serve answers the network until ctx ends. Then it drains for as long as Config.Drain
// says, stops listening, and finishes what is under way.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	if s.PublicURL != "" {
		if err := s.NoteURL(ctx, s.PublicURL); err != nil {
			return err
		}
	}
	handler, end, err := s.Handler(ctx)
	if err != nil {
		return err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var working sync.WaitGroup
	working.Go(func() { s.sell(work) })
	working.Go(func() { s.renew(work) })
	// Requests don't end with ctx: who is buying when the server is told to stop is
	// served to the end.
	requests, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	server := newHTTP(requests, handler, s.Log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		if err = s.drainFor(failed); err == nil {
			err = s.finish(server, end)
		}
	}
	end()
	err = errors.Join(err, s.Doors.KeepContacts(work))
	stop()
	working.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// drainFor goes on answering for a while after the server was told to stop, and gives
// what made it fail meanwhile.
func (s *Server) drainFor(failed <-chan error) error {
	if s.Config.Drain <= 0 {
		return nil
	}
	s.StartDrain()
	s.Log.Info("this server was told to stop, and drains first", "for", s.Config.Drain)
	timer := time.NewTimer(s.Config.Drain)
	defer timer.Stop()
	select {
	case err := <-failed:
		return err
	case <-timer.C:
		return nil
	}
}

// finish stops listening, and waits for what runs.
func (s *Server) finish(server *http.Server, end func()) error {
	s.close()
	end()
	patience, cancel := context.WithTimeout(context.Background(), finishWithin)
	defer cancel()
	err := server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // a browser that opens a connection and says nothing has no claim to more
	}
	return err
}

// renew does what is due by the clock: checkpoints and contacts.
func (s *Server) renew(ctx context.Context) {
	checkpoints, contacts := time.NewTicker(journals.CheckpointEvery), time.NewTicker(contactsEvery)
	defer checkpoints.Stop()
	defer contacts.Stop()
	for {
		select {
		case <-checkpoints.C:
			if err := s.Journals.Renew(ctx); err != nil && ctx.Err() == nil {
				s.Log.Error("renewing the checkpoints failed", "error", err)
			}
		case <-contacts.C:
			if err := s.Doors.KeepContacts(ctx); err != nil && ctx.Err() == nil {
				s.Log.Warn("keeping when devices were in touch failed", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}
