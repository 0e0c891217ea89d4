package gate

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"usher/sync/fault"
)

// BenchmarkStart measures how long the program takes to start a gate that holds
// a million revocations and a roster of a hundred thousand tickets, and the most
// memory that took: it is to be less than 1 s and less than 100 MB. Status is the
// command that opens the gate, says what it knows, and ends; Run is the agent,
// from its start until it has answered.
func BenchmarkStart(b *testing.B) {
	f := newFestival(b)
	g, err := Open(b.Context(), Config{Data: f.dir})
	if err != nil {
		b.Fatal(err)
	}
	f.send(b, g, f.began...)
	f.send(b, g, f.revocations(b, million)...)
	f.send(b, g, f.roster(b, million/10)...)
	if err := g.Close(); err != nil {
		b.Fatal(err)
	}
	usher := filepath.Join(b.TempDir(), "usher")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", usher, "usher/cmd/usher").CombinedOutput(); err != nil {
		b.Fatalf("building usher: %v\n%s", err, out)
	}
	b.Run("Status", func(b *testing.B) {
		var spent time.Duration
		for b.Loop() {
			cpu, err := status(b.Context(), usher, f.dir)
			if err != nil {
				b.Fatal(err)
			}
			spent += cpu
		}
		b.ReportMetric(float64(spent.Milliseconds())/float64(b.N), "cpu-ms")
	})
	b.Run("Run", func(b *testing.B) {
		var most float64
		for b.Loop() {
			mb, err := runUntilAnswered(b.Context(), usher, f.dir)
			if err != nil {
				b.Fatal(err)
			}
			most = max(most, mb)
		}
		b.ReportMetric(most, "peak-MB")
	})
}

// status runs usher gate status and gives the time that it kept processors busy.
// What the system says of the memory of a process that has ended is of no use: it
// counts what forked it.
func status(ctx context.Context, usher, dir string) (cpu time.Duration, err error) {
	cmd := exec.CommandContext(ctx, usher, "gate", "status", "--data", dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("yes")) {
		return 0, fmt.Errorf("gate status: %w\n%s", err, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// runUntilAnswered starts the agent, asks it how it is, and ends it.
func runUntilAnswered(ctx context.Context, usher, dir string) (mb float64, err error) {
	file := filepath.Join(dir, agentFile)
	if err := os.RemoveAll(file); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, usher, "gate", "run", "--data", dir, "--listen", "127.0.0.1:0")
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()) }()
	for ready := false; !ready; {
		time.Sleep(2 * time.Millisecond)
		ready = answers(ctx, file)
	}
	return peak(cmd.Process.Pid)
}

func answers(ctx context.Context, file string) bool {
	var a throughAgent
	text, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(text, &a.address) != nil {
		return false
	}
	a.client = http.Client{}
	s, err := a.Status(ctx)
	return err == nil && s.Ready
}

// peak reads the most memory that a process has had, in MB.
func peak(pid int) (float64, error) {
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		var kb float64
		if n, _ := fmt.Sscanf(lines.Text(), "VmHWM: %f kB", &kb); n == 1 {
			return kb / 1024, nil
		}
	}
	return 0, fault.New(fault.NotFound, "the system does not say how much memory process %d had", pid)
}
