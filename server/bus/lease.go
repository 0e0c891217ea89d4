package bus

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Leases are keys in Redis whose value is the server that has them.
var (
	takeLease = redis.NewScript(`
		local has = redis.call('get', KEYS[1])
		if has and has ~= ARGV[1] then return 0 end
		redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
		return 1`)
	giveLease = redis.NewScript(`
		if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
		return 0`)
)

// Take gives this server a name for so long, or once more so long, and says whether it
// has it: another of the channel may. While Tell fails it fails at once, too.
func (b *Bus) Take(ctx context.Context, name string, hold time.Duration) (bool, error) {
	if err := b.last(); err != nil {
		return false, err
	}
	n, err := takeLease.Run(ctx, b.client, b.lease(name), b.self, max(1, hold.Milliseconds())).Int()
	return n == 1, err
}

// Give gives a name back, if this server has it.
func (b *Bus) Give(ctx context.Context, name string) error {
	if err := b.last(); err != nil {
		return err
	}
	return giveLease.Run(ctx, b.client, b.lease(name), b.self).Err()
}

func (b *Bus) lease(name string) []string { return []string{b.channel + ":lease:" + name} }
