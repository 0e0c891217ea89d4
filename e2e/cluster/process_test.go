package cluster

import (
	"fmt"
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

// process is a program that runs, and ends with the test at the latest, however
// that ends.
type process struct {
	*exec.Cmd
	said *venue.Output // on standard output
	told *venue.Output // on standard error
	dead chan struct{} // closed when it has ended
}

// launch starts a program, as another user if one is named.
func launch(user []string, env []string, program string, args ...string) (*process, error) {
	line := append(append([]string{}, user...), "--pdeathsig", "KILL", program)
	p := &process{Cmd: exec.Command("setpriv", append(line, args...)...), said: new(venue.Output), told: new(venue.Output), dead: make(chan struct{})}
	p.Stdout, p.Stderr, p.Dir = p.said, p.told, "/"
	p.Env = append(os.Environ(), env...)
	if err := p.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.Wait() // it is killed: how it ended is no news
		close(p.dead)
	}()
	return p, nil
}

func (p *process) signal(s syscall.Signal) { _ = p.Process.Signal(s) } // it may be gone

// kill ends the process with SIGKILL and waits until it is gone.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.dead
}

func (p *process) gone() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

// end is the end of a text, for people.
func end(text string) string { return text[max(0, len(text)-2000):] }

// freePort gives a port that nothing listens on now.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// soon tries something until it succeeds, as long as patience goes.
func soon(do func() error) error {
	var err error
	for deadline := time.Now().Add(venue.Patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = do(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("not within %v: %w", venue.Patience, err)
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
