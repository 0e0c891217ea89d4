package paymenttest

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// propertyRuns is how many random histories of a payment are played where the
// command line says nothing: each act of them is durable. make soak plays more.
const propertyRuns = "15"

// Main runs the tests of a provider's package: its TestMain.
func Main(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", propertyRuns); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	os.Exit(m.Run())
}
