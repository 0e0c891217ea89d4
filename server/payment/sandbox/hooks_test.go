package sandbox

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/server/payment"
)

// A notice is sent until the shop takes it, ever more rarely, by whichever process
// is there, and no more after that.
func TestNoticeIsSentUntilItIsTaken(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.shop.answers(http.StatusServiceUnavailable)
		b.press(b.start(), number(t, "Works"))
		for _, pause := range []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
			if pause > 0 {
				b.clock.Pass(pause - time.Millisecond)
				if n := b.deliver(); n != 0 {
					t.Errorf("sent again before %v are over", pause)
				}
				b.clock.Pass(time.Millisecond)
			}
			b.Sandbox = b.another(b.DB) // it survives a restart
			if n := b.deliver(); n != 1 {
				t.Errorf("after %v: %d sent; want 1", pause, n)
			}
		}
		for _, status := range []int{http.StatusFound, http.StatusBadRequest} {
			b.shop.answers(status)
			b.clock.Pass(lastRetry)
			if n := b.deliver(); n != 1 {
				t.Errorf("%d sent; want 1", n)
			}
		}
		b.shop.answers(http.StatusOK)
		b.clock.Pass(lastRetry)
		b.deliver()
		if got := b.kinds(); !slices.Equal(got, []payment.Kind{payment.NoticePaid}) {
			t.Errorf("told %v", got)
		}
		b.clock.Pass(24 * time.Hour)
		if n := b.deliver(); n != 0 {
			t.Errorf("a notice that was taken is sent again")
		}
	})
}

func TestNoticeIsGivenUp(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.shop.answers(http.StatusInternalServerError)
		b.press(b.start(), number(t, "Works"))
		b.deliver()
		b.clock.Pass(GivesUpAfter)
		if n := b.deliver(); n != 1 {
			t.Fatalf("%d sent; want 1", n)
		}
		b.clock.Pass(lastRetry + time.Second)
		b.deliver()
		b.clock.Pass(GivesUpAfter)
		if n := b.deliver(); n != 0 {
			t.Error("a notice that nobody takes is sent for ever")
		}
	})
}

func TestBackoff(t *testing.T) {
	for tries, want := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 10: 512 * time.Second, 11: lastRetry, 1000: lastRetry} {
		if got := backoff(tries); got != want {
			t.Errorf("after %d tries: %v; want %v", tries, got, want)
		}
	}
}

// Several processes deliver side by side, and each notice is sent once.
func TestProcessesShareTheWork(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		const payments = 40
		for range payments {
			b.press(b.start(), number(t, "Works"))
		}
		var all sync.WaitGroup
		for range 3 {
			s := b.another(b.DB)
			all.Go(func() {
				for {
					n, err := s.Deliver(t.Context(), b.hook)
					if err != nil {
						t.Error(err)
					}
					if n == 0 {
						return
					}
				}
			})
		}
		all.Wait()
		if got := len(b.kinds()); got != payments {
			t.Errorf("%d notices came; want %d", got, payments)
		}
	})
}

// A process that ends while it sends leaves the notice to the others.
func TestEndedProcess(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.press(b.start(), number(t, "Works"))
		if _, err := b.another(b.DB).claim(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := b.deliver(); n != 0 {
			t.Error("another process has it, and it is sent")
		}
		b.clock.Pass(lease)
		if n := b.deliver(); n != 1 {
			t.Error("the process is gone, and nobody sends it")
		}
	})
}

// Run delivers what another process wrote down, and what this one does at once.
func TestRun(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx, stop := context.WithCancel(t.Context())
		came := make(chan struct{})
		b.HTTP = &http.Client{Transport: tell{came}}
		var run sync.WaitGroup
		run.Go(func() { b.Run(ctx, b.hook) })
		for range 3 {
			b.press(b.start(), number(t, "Works"))
			<-came
		}
		stop()
		run.Wait()
	})
}

// tell passes on that a request was made.
type tell struct{ came chan struct{} }

func (c tell) RoundTrip(r *http.Request) (*http.Response, error) {
	c.came <- struct{}{}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

// Secrets stay out of errors, logs, pages and notices.
func TestSecretsStayInside(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		var log bytes.Buffer
		s, err := Open(t.Context(), Config{DB: b.DB, Now: b.clock.Now, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		if err != nil {
			t.Fatal(err)
		}
		b.Sandbox, b.wire.Next = s, direct{s.Handler()}
		var seen strings.Builder
		started := b.start()
		b.shop.answers(http.StatusInternalServerError)
		b.press(started, number(t, "Works"))
		if _, err := s.Deliver(t.Context(), "http://127.0.0.1:1/nobody"); err != nil {
			seen.WriteString(err.Error())
		}
		b.wire.Cut.Store(true)
		_, err = b.p.Look(t.Context(), started.Ref)
		seen.WriteString(err.Error())
		b.wire.Cut.Store(false)
		_, err = NewClient(ClientConfig{Key: "wrong", HTTP: &http.Client{Transport: b.wire}}).Look(t.Context(), started.Ref)
		seen.WriteString(err.Error())
		body, header := b.page(started.URL)
		seen.WriteString(body)
		for name, values := range header {
			seen.WriteString(name + strings.Join(values, ""))
		}
		b.clock.Pass(time.Minute)
		b.shop.answers(http.StatusOK)
		b.deliver()
		for _, d := range b.shop.take() {
			seen.Write(d.Body)
		}
		ctx, end := context.WithCancel(t.Context())
		end()
		s.Run(ctx, b.hook)
		seen.WriteString(log.String())
		for name, secret := range map[string]string{"key of the interface": s.apiKey, "key of the notices": s.hookKey} {
			if len(secret) < 32 || strings.Contains(seen.String(), secret) {
				t.Errorf("the %s is seen", name)
			}
		}
	})
}
