package rig

import (
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/e2e/venue"
)

// Process is a program that runs, and ends with the test at the latest, however
// that ends.
type Process struct {
	*exec.Cmd
	Said *venue.Output // on standard output
	Told *venue.Output // on standard error
	Dead chan struct{} // closed when it has ended
}

// Launch starts a program, as another user if one is named.
func Launch(user []string, env []string, program string, args ...string) (*Process, error) {
	line := append(append([]string{}, user...), "--pdeathsig", "KILL", program)
	p := &Process{Cmd: exec.Command("setpriv", append(line, args...)...), Said: new(venue.Output), Told: new(venue.Output), Dead: make(chan struct{})}
	p.Stdout, p.Stderr, p.Dir = p.Said, p.Told, "/"
	p.Env = append(os.Environ(), env...)
	if err := p.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.Wait() // it is killed: how it ended is no news
		close(p.Dead)
	}()
	return p, nil
}

// Signal sends a signal to the process.
func (p *Process) Signal(s syscall.Signal) { _ = p.Process.Signal(s) } // it may be gone

// Kill ends the process with SIGKILL and waits until it is gone.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.Dead
}

// Gone says whether the process has ended.
func (p *Process) Gone() bool {
	select {
	case <-p.Dead:
		return true
	default:
		return false
	}
}

// Tail is the end of a text, for people.
func Tail(text string) string { return text[max(0, len(text)-2000):] }

// FreePort gives a port that nothing listens on now.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// WaitFor waits for something to come true, and says what is in the way when it
// doesn't.
func WaitFor(patience time.Duration, so func() error) (err error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = so(); err == nil {
			return nil
		}
	}
	return err
}

// Wait waits for something that has to come true.
func Wait(t testing.TB, what string, so func() error) {
	t.Helper()
	if err := WaitFor(venue.Patience, so); err != nil {
		t.Fatalf("waited %v until %s: %v", venue.Patience, what, err)
	}
}

// unprivileged is how to run a program as a user without rights: PostgreSQL refuses
// to run as root.
func unprivileged(t testing.TB) (user []string, uid, gid int) {
	t.Helper()
	if os.Getuid() != 0 {
		return nil, os.Getuid(), os.Getgid()
	}
	id := func(flag, name string) (int, error) {
		out, err := exec.Command("id", flag, name).Output()
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(strings.TrimSpace(string(out)))
	}
	for _, name := range []string{"postgres", "nobody"} {
		uid, err := id("-u", name)
		gid, err2 := id("-g", name)
		if err == nil && err2 == nil {
			return []string{"--reuid", strconv.Itoa(uid), "--regid", strconv.Itoa(gid), "--clear-groups"}, uid, gid
		}
	}
	t.Fatal("there is no user postgres or nobody to run PostgreSQL as")
	return nil, 0, 0
}
