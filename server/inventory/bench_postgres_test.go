package inventory

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
)

// durable starts a PostgreSQL that syncs every commit.
func durable(b *testing.B) string {
	b.Helper()
	address, pid := dbtest.Durable(b)
	cpuOf = func() time.Duration { return childrensCPU(pid) }
	b.Cleanup(func() { cpuOf = func() time.Duration { return 0 } })
	return address
}

// childrensCPU adds up what the processes of a PostgreSQL have used: proc(5), in
// hundredths of a second. It is 0 where there is no /proc.
func childrensCPU(server int) (used time.Duration) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name)
		_, rest, found := bytes.Cut(text, []byte(") "))
		fields := strings.Fields(string(rest))
		if err != nil || !found || len(fields) < 13 || fields[1] != strconv.Itoa(server) {
			continue
		}
		for _, ticks := range fields[11:13] {
			n, err := strconv.Atoi(ticks)
			if err == nil {
				used += time.Duration(n) * 10 * time.Millisecond
			}
		}
	}
	return used
}

// openDurable opens a database of its own on a server.
func openDurable(b *testing.B, address string, writers int) *sqldb.DB {
	b.Helper()
	db, err := sqldb.OpenPostgres(b.Context(), address, sqldb.Options{Writers: writers})
	if err == nil {
		err = migrations.Up(b.Context(), db, migrations.Server)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return db
}

// forUpdate is the transaction that most would write: lock, look, take, note.
func forUpdate(b *testing.B, db *sqldb.DB, buyers int) *crowd {
	return &crowd{name: "for-update", buyers: buyers, act: func(n int64) error {
		return db.InTx(b.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			var left int64
			row := tx.QueryRowContext(ctx, `select capacity - taken from pool where event = $1 and code = 'hall' for update`, event)
			if err := row.Scan(&left); err != nil || left < 1 {
				return fmt.Errorf("%d left: %w", left, err)
			}
			if _, err := tx.ExecContext(ctx, `update pool set taken = taken + 1 where event = $1 and code = 'hall'`, event); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `insert into hold (id, event, owner, lines, until, extended, state, made_at, changed_at)
				values ($1, $2, $3, $4, $5, 0, 'held', $6, $6)`, fmt.Sprintf("u%d", n), event, fmt.Sprintf("address %d", n),
				`[{"pool":"hall","count":1}]`, time.Now().Add(time.Hour).UnixMilli(), time.Now().UnixMilli())
			return err
		})
	}}
}

// luaHold takes a place of a counter, and notes the hold with its time.
const luaHold = `local left = tonumber(redis.call('get', KEYS[1]))
if left < tonumber(ARGV[1]) then return {0, left} end
redis.call('decrby', KEYS[1], ARGV[1])
redis.call('set', KEYS[2], ARGV[1], 'PX', ARGV[2])
redis.call('zadd', KEYS[3], ARGV[3], KEYS[2])
return {1, left - ARGV[1]}`

// redis is the other design: the stock in Redis, taken by a script, and each hold
// recorded in PostgreSQL by a commit.
func redis(b *testing.B, db *sqldb.DB, buyers int) *crowd {
	conns := make(chan *respConn, buyers)
	for range buyers {
		conns <- dialRedis(b)
	}
	first := <-conns
	if _, err := first.do("SET", "hall", strconv.Itoa(MaxPool)); err != nil {
		b.Fatal(err)
	}
	sha, err := first.do("SCRIPT", "LOAD", luaHold)
	if err != nil {
		b.Fatal(err)
	}
	conns <- first
	return &crowd{name: "redis+record", buyers: buyers, act: func(n int64) error {
		id, at := fmt.Sprintf("r%d", n), time.Now()
		c := <-conns
		_, err := c.do("EVALSHA", sha, "3", "hall", id, "ends", "1", "600000", strconv.FormatInt(at.Add(10*time.Minute).UnixMilli(), 10))
		conns <- c
		if err != nil {
			return err
		}
		return db.Exec(b.Context(), `insert into hold (id, event, owner, lines, until, extended, state, made_at, changed_at)
			values ($1, $2, $3, $4, $5, 0, 'held', $6, $6)`, id, event, fmt.Sprintf("address %d", n),
			`[{"pool":"hall","count":1}]`, at.Add(time.Hour).UnixMilli(), at.UnixMilli())
	}}
}

// respConn speaks as much of Redis's protocol as the benchmark needs.
type respConn struct {
	net.Conn
	in *bufio.Reader
}

func dialRedis(b *testing.B) *respConn {
	b.Helper()
	address, err := url.Parse(os.Getenv("USHER_TEST_REDIS_URL"))
	if err != nil || address.Host == "" {
		b.Fatal("there is no Redis for the benchmark; run it by: bash deploy/dev/services.sh go test …")
	}
	conn, err := net.Dial("tcp", address.Host)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return &respConn{conn, bufio.NewReader(conn)}
}

// do runs a command and gives its answer's last line.
func (c *respConn) do(words ...string) (string, error) {
	var out strings.Builder
	fmt.Fprintf(&out, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&out, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := c.Write([]byte(out.String())); err != nil {
		return "", err
	}
	return c.answer()
}

func (c *respConn) answer() (string, error) {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	kind, line := line[0], strings.TrimSpace(line[1:])
	switch kind {
	case '-':
		return "", errors.New(line)
	case '$':
		text, err := c.in.ReadString('\n')
		return strings.TrimSpace(text), err
	case '*':
		n, err := strconv.Atoi(line)
		for range n {
			if line, err = c.answer(); err != nil {
				return "", err
			}
		}
		return line, err
	}
	return line, nil
}

// BenchmarkHoldPostgres is holds on one hot pool beside bare single-row commits of
// the same PostgreSQL, the transaction that locks the row, and Redis with a record.
func BenchmarkHoldPostgres(b *testing.B) {
	address := durable(b)
	db, many := openDurable(b, address, 8), openDurable(b, address, 64)
	s := market(b, db)
	for _, buyers := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("buyers=%d", buyers), func(b *testing.B) {
			for b.Loop() {
				raw, held := bare(b, many, buyers), holds(b, "holds", buyers, s)
				locked, other := forUpdate(b, many, buyers), redis(b, many, buyers)
				turns(b, raw, held, locked, other)
				for _, c := range []*crowd{raw, locked, other} {
					held.against(b, c)
					c.report(b)
				}
				held.report(b)
			}
		})
	}
}

// BenchmarkHoldServers is one server's holds beside those of two that share the
// pool, with the same buyers.
func BenchmarkHoldServers(b *testing.B) {
	address := durable(b)
	one := market(b, openDurable(b, address, 8))
	two := New(openDurable(b, address, 8), time.Now, Config{})
	defer two.Close()
	for _, buyers := range []int{8, 64, 256} {
		b.Run(fmt.Sprintf("buyers=%d", buyers), func(b *testing.B) {
			for b.Loop() {
				alone, shared := holds(b, "one", buyers, one), holds(b, "two", buyers, one, two)
				turns(b, alone, shared)
				alone.report(b)
				shared.report(b)
				shared.against(b, alone)
			}
		})
	}
}
