package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"usher/e2e/venue"
)

// Instance is one usher serve, which whoever looks after it starts again whenever it
// ends, as systemd does.
type Instance struct {
	Address string

	t    testing.TB
	args []string
	env  []string

	mu      sync.Mutex // covers what follows
	wanted  bool       // it is to run
	running *Process   // nil: none
	killed  bool       // by us
	starts  int
	logs    []*venue.Output // of all that ran
}

// Serve runs usher serve at an address until the test ends, with more arguments and
// environment.
func Serve(t testing.TB, address string, env []string, args ...string) *Instance {
	t.Helper()
	s := &Instance{Address: address, t: t, args: append([]string{"serve", "--listen", address}, args...), env: env, wanted: true}
	ctx, stop := context.WithCancel(context.Background())
	var kept sync.WaitGroup
	kept.Go(func() { s.keep(ctx) })
	t.Cleanup(func() { stop(); kept.Wait() })
	return s
}

// Starts is how often the server was started.
func (s *Instance) Starts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.starts
}

// Logs are what it wrote on standard error, each time it ran.
func (s *Instance) Logs() []*venue.Output {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logs)
}

// Said is the end of what it wrote there last.
func (s *Instance) Said() string {
	list := s.Logs()
	if len(list) == 0 {
		return ""
	}
	return Tail(list[len(list)-1].String())
}

// keep has the server run while it is wanted, until ctx ends.
func (s *Instance) keep(ctx context.Context) {
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
func (s *Instance) runOnce(ctx context.Context) {
	p, err := Launch(nil, s.env, venue.Program, s.args...)
	if err != nil {
		s.t.Error(err)
		return
	}
	s.mu.Lock()
	s.running, s.killed = p, false
	s.starts++
	s.logs = append(s.logs, p.Told)
	s.mu.Unlock()
	select {
	case <-p.Dead:
	case <-ctx.Done():
		p.Kill()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	began := strings.Contains(p.Said.String(), "usher serves")
	if !s.killed && (began || !strings.Contains(p.Told.String(), "can't be reached")) {
		s.t.Errorf("server %s ended by itself: %s", s.Address, Tail(p.Told.String()))
		s.wanted = false
	}
	s.running = nil
}

// Want says whether the server is to run; one that is not gets SIGKILL.
func (s *Instance) Want(on bool) {
	s.mu.Lock()
	s.wanted = on
	p := s.running
	if !on && p != nil {
		s.killed = true
	}
	s.mu.Unlock()
	if !on && p != nil {
		p.Kill()
	}
}

// End tells the server to stop, waits until it has, and says whether it did so well.
func (s *Instance) End() error {
	s.mu.Lock()
	s.wanted, s.killed = false, true
	p := s.running
	s.mu.Unlock()
	if p == nil {
		return nil
	}
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.Dead:
	case <-time.After(venue.Patience):
		p.Kill()
		return fmt.Errorf("server %s doesn't stop: %s", s.Address, Tail(p.Told.String()))
	}
	if code := p.ProcessState.ExitCode(); code != 0 && strings.Contains(p.Said.String(), "usher serves") {
		return fmt.Errorf("server %s stopped with %d: %s", s.Address, code, Tail(p.Told.String()))
	}
	return nil
}

// Signal sends a signal to the server, if it runs.
func (s *Instance) Signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		s.running.Signal(sig)
	}
}

// Readiness is what /readyz answers.
type Readiness struct {
	Code   int
	Later  string // Retry-After
	Status string
	Why    string
	Notes  map[string]string
}

// Ready asks the server whether it can do its work.
func (s *Instance) Ready() (r Readiness, err error) {
	client := http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + s.Address + "/readyz")
	if err != nil {
		return r, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return r, err
	}
	r.Code, r.Later = answer.StatusCode, answer.Header.Get("Retry-After")
	return r, json.Unmarshal(text, &r)
}

// Well says whether the server can do all of its work.
func (s *Instance) Well() error {
	r, err := s.Ready()
	if err != nil {
		return err
	}
	if r.Code != http.StatusOK || r.Notes["redis"] != "" {
		return fmt.Errorf("server %s says %d, %q, %v", s.Address, r.Code, r.Why, r.Notes)
	}
	return nil
}

// Servers are those of one cluster, or one alone.
type Servers []*Instance

// Well says what is not well with any of them.
func (list Servers) Well() error {
	var all []error
	for _, s := range list {
		all = append(all, s.Well())
	}
	return errors.Join(all...)
}
