package inventory

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
)

// crowd is how many buyers there are, and what each of them does, over and over.
type crowd struct {
	name   string
	buyers int
	act    func(n int64) error // n is another one each time
	took   []time.Duration
	spent  time.Duration
	cpu    time.Duration // of this process and the database's
}

// cpuOf gives the processor's time that the database under a benchmark has used.
var cpuOf = func() time.Duration { return 0 }

// cpuUsed is what this process and the database have used: beside others that want
// the processor too it says more than the clock does.
func cpuUsed(b *testing.B) time.Duration {
	var self syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		b.Fatal(err)
	}
	return time.Duration(self.Utime.Nano()+self.Stime.Nano()) + cpuOf()
}

// acts counts what was done, so that no id comes twice.
var acts atomic.Int64

// turns lets crowds take turns until each has had b's time, so that whatever else
// the machine does disturbs all of them alike.
func turns(b *testing.B, crowds ...*crowd) {
	const rounds, turn = 8, 400 * time.Millisecond
	for round := range rounds + 1 {
		for _, c := range crowds {
			before := cpuUsed(b)
			took, spent := c.turn(b, turn)
			if round > 0 { // the first one warms up
				c.took, c.spent, c.cpu = append(c.took, took...), c.spent+spent, c.cpu+cpuUsed(b)-before
			}
		}
	}
	for _, c := range crowds {
		slices.Sort(c.took)
	}
}

// turn lets all buyers act for a while.
func (c *crowd) turn(b *testing.B, d time.Duration) ([]time.Duration, time.Duration) {
	took := make([][]time.Duration, c.buyers)
	began := time.Now()
	var all sync.WaitGroup
	for i := range c.buyers {
		all.Go(func() {
			for time.Since(began) < d && !b.Failed() {
				at := time.Now()
				if err := c.act(acts.Add(1)); err != nil {
					b.Errorf("%s: %v", c.name, err)
					return
				}
				took[i] = append(took[i], time.Since(at))
			}
		})
	}
	all.Wait()
	return slices.Concat(took...), time.Since(began)
}

func (c *crowd) rate() float64 { return float64(len(c.took)) / c.spent.Seconds() }

// cost is the processor's time of one act.
func (c *crowd) cost() float64 { return float64(c.cpu.Microseconds()) / float64(len(c.took)) }

func (c *crowd) at(percent int) time.Duration { return c.took[(len(c.took)-1)*percent/100] }

// against reports how this crowd does beside another.
func (c *crowd) against(b *testing.B, other *crowd) {
	b.ReportMetric(c.rate()/other.rate(), "x-"+other.name)
	b.ReportMetric(float64(c.at(99))/float64(other.at(99)), "x-p99-"+other.name)
	b.ReportMetric(other.cost()/c.cost(), "x-cpu-"+other.name)
}

func (c *crowd) report(b *testing.B) {
	b.ReportMetric(c.rate(), c.name+"/s")
	b.ReportMetric(c.cost(), "cpu-"+c.name+"-µs")
	b.ReportMetric(float64(c.at(50).Microseconds()), "p50-"+c.name+"-µs")
	b.ReportMetric(float64(c.at(99).Microseconds()), "p99-"+c.name+"-µs")
}

const bareTable = `create table if not exists bare (id text primary key, n bigint not null)`

// bare commits a row a buyer, which is the least that a durable answer can cost.
func bare(b *testing.B, db *sqldb.DB, buyers int) *crowd {
	return &crowd{name: "bare", buyers: buyers, act: func(n int64) error {
		return db.Exec(b.Context(), `insert into bare (id, n) values ($1, $2)`, fmt.Sprintf("b%d", n), n)
	}}
}

// holds takes a place a buyer of one pool, on one or several servers.
func holds(b *testing.B, name string, buyers int, servers ...*Stock) *crowd {
	return &crowd{name: name, buyers: buyers, act: func(n int64) error {
		_, err := servers[n%int64(len(servers))].Hold(b.Context(), Request{ID: fmt.Sprintf("h%d", n), Event: event,
			Lines: []Line{{Pool: "hall", Count: 1}}, Until: time.Now().Add(time.Hour), Owner: fmt.Sprintf("address %d", n)})
		return err
	}}
}

// market is a database with one hot pool, for benchmarks.
func market(b *testing.B, db *sqldb.DB) *Stock {
	b.Helper()
	s := New(db, time.Now, Config{})
	b.Cleanup(s.Close)
	err := db.InTx(b.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, bareTable); err != nil {
			return err
		}
		return s.SetIn(ctx, tx, event, []Pool{{Code: "hall", Capacity: MaxPool}})
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkHoldSQLite is holds on one hot pool beside bare single-row commits of
// the same database.
func BenchmarkHoldSQLite(b *testing.B) {
	for _, buyers := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("buyers=%d", buyers), func(b *testing.B) {
			for b.Loop() {
				db := dbtest.Open(b, migrations.Server)
				if err := db.Reserve(b.Context()); err != nil {
					b.Fatal(err)
				}
				raw, held := bare(b, db, buyers), holds(b, "holds", buyers, market(b, db))
				turns(b, raw, held)
				raw.report(b)
				held.report(b)
				held.against(b, raw)
			}
		})
	}
}
