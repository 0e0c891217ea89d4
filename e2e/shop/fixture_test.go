package shop

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"usher/cmd/usher/demo"
	"usher/e2e/browser"
	"usher/server"
)

const patience = 20 * time.Second

// world is what all tests stand in.
var world struct {
	browser *browser.Browser
	server  *server.Server
	url     string
	cable   *cable
	ahead   atomic.Int64 // by how much the server's clock goes ahead
}

// pass moves the server's clock on.
func pass(d time.Duration) { world.ahead.Add(int64(d)) }

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "usher-shop-")
	if err != nil {
		log.Print(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Print(err)
		return 1
	}
	world.cable = &cable{Listener: listener}
	world.url = "http://" + listener.Addr().String()
	s, err := server.Open(ctx, server.Config{
		Data: filepath.Join(dir, "server"), Unsealed: true, PublicURL: world.url, Log: slog.New(slog.DiscardHandler),
		Selling: server.Selling{Sandbox: true, Inbox: true},
		Now:     func() time.Time { return time.Now().Add(time.Duration(world.ahead.Load())) },
	})
	if err == nil {
		err = s.Unlock(ctx)
	}
	if err == nil {
		err = sell(ctx, s)
	}
	if err != nil {
		log.Print(err)
		return 1
	}
	world.server = s
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, world.cable) }()
	b, closed, err := browser.Start(ctx, browser.Config{Profile: filepath.Join(dir, "browser"), Width: 360, Height: 740})
	if err != nil {
		log.Print(err)
		return 1
	}
	world.browser = b
	status := m.Run()
	closed()
	stop()
	if err := errors.Join(<-ended, s.Close()); err != nil {
		log.Print(err)
		return 1
	}
	return status
}

// sell applies the demo's event, and those of testdata.
func sell(ctx context.Context, s *server.Server) error {
	spec, err := demo.Spec(time.Now())
	if err == nil {
		_, err = s.Catalog.Apply(ctx, spec)
	}
	for _, name := range []string{"gala.toml", "soon.toml", "regatta.toml"} {
		if err == nil {
			err = applyFile(ctx, s, name)
		}
	}
	return err
}

// tab opens a tab of a size in CSS pixels.
type tab struct {
	*browser.Tab
	t *testing.T
}

func open(t *testing.T, width, height int) *tab {
	t.Helper()
	b, closed, err := world.browser.Tab(width, height)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closed)
	return &tab{b, t}
}

func (b *tab) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// visit opens a page of the server.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.must(b.Go(world.url + path))
}

func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := browser.Eval[T](b.Tab, expression)
	b.must(err)
	return v
}
