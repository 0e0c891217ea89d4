package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"usher/e2e/venue"
)

// instance is one usher serve, which whoever looks after it starts again whenever it
// ends, as systemd does.
type instance struct {
	t       testing.TB
	address string
	args    []string
	env     []string

	mu      sync.Mutex // covers what follows
	wanted  bool       // it is to run
	running *process   // nil: none
	killed  bool       // by us
	starts  int
	logs    []*venue.Output // of all that ran
}

// keep has the server run while it is wanted, until ctx ends.
func (s *instance) keep(ctx context.Context) {
	for ctx.Err() == nil {
		s.mu.Lock()
		wanted := s.wanted
		s.mu.Unlock()
		if wanted {
			s.runOnce(ctx)
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// runOnce runs the server until it ends. Only one that can't begin yet, with its
// database gone, may end by itself.
func (s *instance) runOnce(ctx context.Context) {
	p, err := launch(nil, s.env, venue.Program, s.args...)
	if err != nil {
		s.t.Error(err)
		return
	}
	s.mu.Lock()
	s.running, s.killed = p, false
	s.starts++
	s.logs = append(s.logs, p.told)
	s.mu.Unlock()
	select {
	case <-p.dead:
	case <-ctx.Done():
		p.kill()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	began := strings.Contains(p.said.String(), "usher serves")
	if !s.killed && (began || !strings.Contains(p.told.String(), "can't be reached")) {
		s.t.Errorf("server %s ended by itself: %s", s.address, end(p.told.String()))
		s.wanted = false
	}
	s.running = nil
}

// want says whether the server is to run; one that is not gets SIGKILL.
func (s *instance) want(on bool) {
	s.mu.Lock()
	s.wanted = on
	p := s.running
	if !on && p != nil {
		s.killed = true
	}
	s.mu.Unlock()
	if !on && p != nil {
		p.kill()
	}
}

// end tells the server to stop, waits until it has, and says whether it did so well.
func (s *instance) end() error {
	s.mu.Lock()
	s.wanted, s.killed = false, true
	p := s.running
	s.mu.Unlock()
	if p == nil {
		return nil
	}
	p.signal(syscall.SIGTERM)
	select {
	case <-p.dead:
	case <-time.After(venue.Patience):
		p.kill()
		return fmt.Errorf("server %s doesn't stop: %s", s.address, end(p.told.String()))
	}
	if code := p.ProcessState.ExitCode(); code != 0 && strings.Contains(p.said.String(), "usher serves") {
		return fmt.Errorf("server %s stopped with %d: %s", s.address, code, end(p.told.String()))
	}
	return nil
}

// signal sends a signal to the server, if it runs.
func (s *instance) signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		s.running.signal(sig)
	}
}

// readiness is what /readyz answers.
type readiness struct {
	code   int
	later  string // Retry-After
	Status string
	Why    string
	Notes  map[string]string
}

// ready asks the server whether it can do its work.
func (s *instance) ready() (r readiness, err error) {
	client := http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + s.address + "/readyz")
	if err != nil {
		return r, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return r, err
	}
	r.code, r.later = answer.StatusCode, answer.Header.Get("Retry-After")
	return r, json.Unmarshal(text, &r)
}

// well says whether the server can do all of its work.
func (s *instance) well() error {
	r, err := s.ready()
	if err != nil {
		return err
	}
	if r.code != http.StatusOK || r.Notes["redis"] != "" {
		return fmt.Errorf("server %s says %d, %q, %v", s.address, r.code, r.Why, r.Notes)
	}
	return nil
}
