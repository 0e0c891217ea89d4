package demo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/link"
)

const (
	// apartFile in the data folder keeps the demo's doors from each other while it is
	// there; areApartFile is there while they are.
	apartFile    = "doors-apart"
	areApartFile = "doors-are-apart"
)

// cord is the way between the demo's doors, which can be cut.
type cord struct {
	server string // its URL; the way there is not the cord's

	mu    sync.Mutex // covers what follows
	apart bool
	open  map[*strand]struct{}
	retry []func()
}

// strand is a connection between two doors.
type strand struct {
	exchange.Conn
	cord *cord
}

// Close implements exchange.Conn.
func (s *strand) Close() error {
	s.cord.mu.Lock()
	delete(s.cord.open, s)
	s.cord.mu.Unlock()
	return s.Conn.Close()
}

// dial connects to a base URL, unless the cord is cut.
func (c *cord) dial(ctx context.Context, base string) (exchange.Conn, error) {
	address, err := link.Address(base, event)
	if err != nil {
		return nil, err
	}
	between := base != c.server
	c.mu.Lock()
	cut := c.apart && between
	c.mu.Unlock()
	if cut {
		return nil, fault.New(fault.Unavailable, "the demo keeps the doors apart")
	}
	conn, err := link.Dialer{}.Dial(ctx, address)
	if err != nil || !between {
		return conn, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &strand{conn, c}
	c.open[s] = struct{}{}
	return s, nil
}

// cut takes the doors apart, or lets them together.
func (c *cord) cut(apart bool) {
	c.mu.Lock()
	c.apart = apart
	var open []*strand
	if apart {
		for s := range c.open {
			open = append(open, s)
		}
	}
	retry := c.retry
	c.mu.Unlock()
	for _, s := range open {
		_ = s.Close() // both ends notice
	}
	if !apart {
		for _, again := range retry {
			again()
		}
	}
}

// onRetry has a function called when the doors are let together.
func (c *cord) onRetry(again func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retry = append(c.retry, again)
}

// mind cuts the cord while the file is there that says so.
func (d *demo) mind(ctx context.Context, c *cord) error {
	apart := false
	for ctx.Err() == nil {
		_, err := os.Stat(filepath.Join(d.Data, apartFile))
		if wanted := err == nil; wanted != apart {
			apart = wanted
			c.cut(apart)
			if err := set(filepath.Join(d.Data, areApartFile), apart); err != nil {
				return err
			}
		}
		wait(ctx)
	}
	return nil
}

// set makes or removes a file that stands for a switch.
func set(path string, on bool) error {
	var err error
	if on {
		err = os.WriteFile(path, nil, 0o600)
	} else if err = os.Remove(path); errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't flip a switch of the demo")
	}
	return nil
}

// Doors takes the doors of the demo that runs on the data apart, so that they don't
// reach each other, or lets them together, and waits until they are.
func Doors(ctx context.Context, data string, apart bool) error {
	if _, err := os.Stat(filepath.Join(data, urlFile)); err != nil {
		return fault.Wrap(fault.NotFound, err, "no demo runs on %s", data)
	}
	if err := set(filepath.Join(data, apartFile), apart); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		if _, err := os.Stat(filepath.Join(data, areApartFile)); (err == nil) == apart {
			return nil
		}
		if wait(ctx); errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fault.New(fault.Unavailable, "the demo's doors don't follow; does the demo still run?")
		} else if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
