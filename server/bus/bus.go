// Package bus carries word of commits between the servers of one database over
// Redis.
//
// It says no more than that there was a commit: whoever hears looks into the
// database. So nothing is lost with a notice but time: without Redis word goes by
// PostgreSQL (sqldb), at a cost to that, and [Bus.State] says that it does.
//
// All that Redis holds are leases ([Bus.Take]): names that one server has for part of a
// second, so that the others wait for it. Who has one may do nothing that others may not.
package bus

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"usher/sync/fault"
)

// Times of the bus. It is meant to be fast or not to be used: who tells has the
// other way.
const (
	dialWithin  = time.Second
	replyWithin = 500 * time.Millisecond
	// askEvery is how often a link that is silent is tried, so that State knows.
	askEvery = time.Second
)

// errLost says that Redis ended the link.
var errLost = errors.New("the link to Redis was lost")

// Bus is a link to Redis. It may be used by several goroutines, and mends itself.
type Bus struct {
	client  *redis.Client
	channel string
	self    string // tells our own notices from others'

	mu     sync.Mutex
	failed error // of the last try
}

// Open makes the link to the Redis at an address, redis://user:password@host:6379/0
// or rediss:// with TLS. Servers whose channel is the same hear each other. Redis
// need not be there yet; an address that can't be read gives fault.BadInput.
func Open(address, channel, self string) (*Bus, error) {
	options, err := redis.ParseURL(address)
	if err != nil {
		// Without what the library says: that quotes the address with its password.
		return nil, fault.New(fault.BadInput, "the address of Redis can't be read; it looks like redis://user:password@host:6379/0")
	}
	logging.Disable() // its own log goes to standard error, past ours, with addresses
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = dialWithin, replyWithin, replyWithin
	options.MaxRetries = -1 // who asks has another way
	options.ContextTimeoutEnabled = true
	return &Bus{client: redis.NewClient(options), channel: channel, self: self}, nil
}

// Close ends the link.
func (b *Bus) Close() error { return b.client.Close() }

// State says why word goes another way, nil while it goes over Redis.
func (b *Bus) State() error {
	failed := b.last()
	if failed == nil {
		return nil
	}
	return fault.Wrap(fault.Unavailable, failed, "Redis can't be reached: word between servers goes by the database, more slowly")
}

// noted keeps what came of a try.
func (b *Bus) noted(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = err
	return err
}

// Tell tells the others of a commit. Once that failed it fails at once, until Hear has
// found Redis well again: a commit has another way, and waits for no Redis that is silent.
func (b *Bus) Tell(ctx context.Context) error {
	if err := b.last(); err != nil {
		return err
	}
	return b.publish(ctx)
}

func (b *Bus) publish(ctx context.Context) error {
	return b.noted(b.client.Publish(ctx, b.channel, b.self).Err())
}

// last is what came of the last try.
func (b *Bus) last() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

// Hear calls heard once it listens and then after every word of another, until ctx
// ends or the link is lost, and says which. While Tell fails it tries whether that would
// go again.
func (b *Bus) Hear(ctx context.Context, heard func()) error {
	link := b.client.Subscribe(ctx, b.channel)
	defer link.Close()
	if _, err := link.Receive(ctx); err != nil { // that we are subscribed
		return b.noted(err)
	}
	_ = b.noted(nil)
	heard()
	tried := time.Now()
	for asked := false; ; {
		got, err := link.ReceiveTimeout(ctx, askEvery)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if m, ok := got.(*redis.Message); ok && m.Payload != b.self {
			heard()
		}
		var late net.Error
		switch {
		case err == nil:
			asked = false
		case asked || !errors.As(err, &late) || !late.Timeout():
			return b.noted(errors.Join(errLost, err))
		default:
			if err := link.Ping(ctx); err != nil {
				return b.noted(errors.Join(errLost, err))
			}
			asked = true
		}
		if b.last() != nil && time.Since(tried) >= askEvery { // however much others have to say
			_ = b.publish(ctx)
			tried = time.Now()
		}
	}
}
