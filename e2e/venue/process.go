package venue

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"usher/crypto/keyring"
)

// Program is usher, while [Main] runs.
var Program string

// Main builds usher, with build tags, runs a package's tests and gives their exit
// status. Keys are sealed quickly and badly.
func Main(m *testing.M, tags ...string) int {
	flag.Parse()
	keyring.DefaultParams = keyring.Params{Time: 1, KiB: 64, Threads: 1}
	dir, err := os.MkdirTemp("", "usher-venue-")
	if err != nil {
		log.Fatal(err)
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			log.Print(err)
		}
	}()
	Program = filepath.Join(dir, "usher")
	build := exec.Command("go", "build", "-ldflags=-w", "-tags", strings.Join(tags, ","), "-o", Program, "usher/cmd/usher")
	if out, err := build.CombinedOutput(); err != nil {
		log.Printf("building usher: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// Process is a running usher.
type Process struct {
	*exec.Cmd
	*Door // of an agent

	Said *Output       // what it printed on standard output
	Told *Output       // and on standard error
	Dead chan struct{} // closed when it has ended
}

// Output is what a process prints.
type Output struct {
	mu   sync.Mutex // covers text
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

// String is what was printed so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Run starts usher with arguments and more environment.
func Run(t testing.TB, env []string, args ...string) *Process {
	t.Helper()
	p := &Process{Cmd: exec.Command(Program, args...), Said: new(Output), Told: new(Output), Dead: make(chan struct{})}
	p.Stdout, p.Stderr, p.Env = p.Said, p.Told, append(os.Environ(), env...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait() // it is killed: how it ended is no news
		close(p.Dead)
	}()
	t.Cleanup(p.Kill)
	return p
}

// Kill ends the process with SIGKILL, and waits until it is gone.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill() // it may be gone already
	<-p.Dead
}

// Until waits for something that has to come while the process lives.
func (p *Process) Until(t testing.TB, what string, so func() bool) {
	t.Helper()
	Until(t, what, func() bool {
		select {
		case <-p.Dead:
			t.Fatalf("waited for %s, and the process ended: %s", what, p.Told)
		default:
		}
		return so()
	})
}

// Agent starts a gate's agent, at a free port unless the arguments say otherwise, and
// waits until it answers.
func (v *Venue) Agent(name string, env []string, args ...string) *Process {
	v.T.Helper()
	file := filepath.Join(v.Path(name), "agent.json")
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		v.T.Fatal(err)
	}
	p := Run(v.T, env, append([]string{"gate", "run", "--data", v.Path(name), "--listen", "127.0.0.1:0"}, args...)...)
	p.Until(v.T, "the agent of "+name, func() bool {
		text, err := os.ReadFile(file)
		var at struct{ URL string }
		if err != nil || json.Unmarshal(text, &at) != nil {
			return false
		}
		if p.Door == nil {
			p.Door = DoorAt(at.URL)
		}
		return p.answers()
	})
	return p
}

// ServeProcess starts the server in a process of its own and waits until it can do its
// work. The one in this process has to be closed.
func (v *Venue) ServeProcess() *Process {
	v.T.Helper()
	p := Run(v.T, nil, "serve", "--data", v.Path("server"), "--listen", v.Address)
	p.Until(v.T, "the server", func() bool {
		answer, err := http.Get("http://" + v.Address + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return p
}
