package rig

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"usher/e2e/venue"
)

// Service is PostgreSQL or Redis, in a folder of the test's own, that can be ended
// and started again on the same data and port.
type Service struct {
	t       testing.TB
	name    string
	launch  func() (*Process, error)
	answers func() error
	stop    func(*Process) error // ends it as a fault does
	running *Process
}

// Start starts it and waits until it answers.
func (s *Service) Start() error {
	var err error
	if s.running, err = s.launch(); err != nil {
		return err
	}
	return WaitFor(venue.Patience, func() error {
		if s.running.Gone() {
			return fmt.Errorf("%s ended: %s", s.name, Tail(s.running.Told.String()))
		}
		return s.answers()
	})
}

// Halt ends it as a fault does, and waits until it is gone.
func (s *Service) Halt() error {
	err := s.stop(s.running)
	<-s.running.Dead
	return err
}

func (s *Service) begin() *Service {
	s.t.Helper()
	if err := s.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if !s.running.Gone() {
			if err := s.Halt(); err != nil {
				s.t.Error(err)
			}
		}
	})
	return s
}

// folder makes a folder that the owner of a service may write to. Its path is short
// and all may go through it.
func folder(t testing.TB, uid, gid int) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "usher-rig-")
	if err == nil {
		err = os.Chown(dir, uid, gid)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// NewPostgres makes an empty PostgreSQL and gives its address. It syncs nothing to
// the disk, which a loss of power would take ill and the death of its processes
// doesn't; but what is committed is written, as by default.
func NewPostgres(t testing.TB) (*Service, string) {
	t.Helper()
	bin := os.Getenv("USHER_TEST_PG_BIN")
	if bin == "" {
		t.Fatal("USHER_TEST_PG_BIN doesn't say where PostgreSQL's programs are: run this under deploy/dev/services.sh")
	}
	user, uid, gid := unprivileged(t)
	data, port := filepath.Join(folder(t, uid, gid), "data"), strconv.Itoa(FreePort(t))
	as := func(program string, args ...string) error {
		cmd := exec.Command("setpriv", append(append(append([]string{}, user...), filepath.Join(bin, program)), args...)...)
		cmd.Dir = "/"
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", program, err, Tail(string(out)))
		}
		return nil
	}
	if err := as("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"); err != nil {
		t.Fatal(err)
	}
	s := &Service{t: t, name: "PostgreSQL",
		launch: func() (*Process, error) {
			return Launch(user, nil, filepath.Join(bin, "postgres"), "-D", data, "-p", port, "-c", "unix_socket_directories=",
				"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "jit=off",
				"-c", "max_connections=100", "-c", "shared_buffers=64MB", "-c", "autovacuum_naptime=5")
		},
		answers: func() error { return as("pg_isready", "-q", "-h", "127.0.0.1", "-p", port, "-d", "postgres") },
		stop:    func(*Process) error { return as("pg_ctl", "stop", "-D", data, "-m", "immediate", "-s") },
	}
	return s.begin(), "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"
}

// NewRedis makes an empty Redis that keeps nothing, and gives its address.
func NewRedis(t testing.TB) (*Service, string) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		program, err = exec.LookPath("valkey-server")
	}
	if err != nil {
		t.Fatal("there is neither a redis-server nor a valkey-server: run this under deploy/dev/services.sh")
	}
	user, uid, gid := unprivileged(t)
	dir, port := folder(t, uid, gid), FreePort(t)
	s := &Service{t: t, name: "Redis",
		launch: func() (*Process, error) {
			return Launch(user, nil, program, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir)
		},
		answers: func() error { return ping(port) },
		stop:    func(p *Process) error { p.Kill(); return nil },
	}
	return s.begin(), fmt.Sprintf("redis://127.0.0.1:%d/0", port)
}

// ping asks Redis whether it is there.
func ping(port int) error {
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+strconv.Itoa(port), time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && answer != "+PONG\r\n" {
		err = fmt.Errorf("redis answers %q", answer)
	}
	return err
}
