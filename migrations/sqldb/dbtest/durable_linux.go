package dbtest

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// binVariable names the variable that says where PostgreSQL's programs are.
const binVariable = "USHER_TEST_PG_BIN"

// Durable starts a PostgreSQL that syncs every commit, with its own settings as they
// come, until the benchmark ends, and gives its address and its first process. The one
// that tests share doesn't sync.
func Durable(b *testing.B) (address string, pid int) {
	b.Helper()
	bin := os.Getenv(binVariable)
	if bin == "" {
		b.Fatal("there is no PostgreSQL for the benchmark; run it by: bash deploy/dev/services.sh go test …")
	}
	data, attr := filepath.Join(b.TempDir(), "data"), &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := os.Mkdir(data, 0o700); err != nil {
		b.Fatal(err)
	}
	if os.Getuid() == 0 { // which PostgreSQL refuses to be
		attr.Credential = unprivileged(b)
		for at := data; at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
			if err := os.Chmod(at, 0o711); err != nil {
				b.Fatal(err)
			}
		}
		if err := errors.Join(os.Chown(data, int(attr.Credential.Uid), int(attr.Credential.Gid)), os.Chmod(data, 0o700)); err != nil {
			b.Fatal(err)
		}
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr = "/", attr
		return cmd
	}
	if out, err := run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
		b.Fatalf("initdb: %v\n%s", err, out)
	}
	port := freePort(b)
	server := run("postgres", "-D", data, "-k", "", "-p", port, "-c", "listen_addresses=127.0.0.1",
		"-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "max_connections=300")
	var log bytes.Buffer
	server.Stderr = &log
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT) // a fast shutdown
		_ = server.Wait()
	})
	for range 200 {
		if run("pg_isready", "-q", "-h", "127.0.0.1", "-p", port).Run() == nil {
			return "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable", server.Process.Pid
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.Fatalf("PostgreSQL doesn't start:\n%s", log.String())
	return "", 0
}

func unprivileged(b *testing.B) *syscall.Credential {
	b.Helper()
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	b.Fatal("there is no user postgres nor nobody")
	return nil
}

func freePort(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	return port
}
