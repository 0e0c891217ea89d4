package aftersale

import (
	"flag"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"usher/e2e/venue"
)

var (
	actFor = flag.Duration("for", 4*time.Second, "how long people act, and things are killed")
	seed   = flag.Uint64("seed", 0, "what people, organiser, scans and faults follow from; 0: drawn")
	rate   = flag.Int("rate", 20, "how fast all clocks go; 1: as fast as clocks do")
	many   = flag.Int("people", 10, "how many people there are")
)

func TestMain(m *testing.M) { os.Exit(venue.Main(m, "quickclock")) }

// dice gives the randomness of a part of a run: the same for the same seed.
func dice(part uint64) *rand.Rand { return rand.New(rand.NewPCG(*seed, part)) }
