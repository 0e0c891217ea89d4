package cluster

import (
	"flag"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"usher/e2e/venue"
)

var (
	faultsFor = flag.Duration("for", 6*time.Second, "how long things are killed")
	seed      = flag.Uint64("seed", 0, "what the plan of faults and buyers follows from; 0: drawn")
	rate      = flag.Int("rate", 15, "how fast the servers' clocks go; 1: as fast as clocks do")
	crowd     = flag.Int("buyers", 240, "buyers of each event that have ways of their own")
)

func TestMain(m *testing.M) { os.Exit(venue.Main(m, "quickclock")) }

// dice gives the randomness of a part of a run: the same for the same seed.
func dice(part uint64) *rand.Rand { return rand.New(rand.NewPCG(*seed, part)) }
