package admission

import (
	"flag"
	"os"
	"testing"
)

// propertyRuns is how many random histories a property is held against where the
// command line says nothing.
const propertyRuns = "2000"

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", propertyRuns); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
