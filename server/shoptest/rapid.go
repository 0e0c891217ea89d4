package shoptest

import (
	"flag"
	"testing"
)

// Fewer has a test go through so many histories only, where the command line says nothing:
// each of them is dozens of transactions. make soak goes through many.
func Fewer(t *testing.T, checks string) {
	t.Helper()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "rapid.checks" })
	if said {
		return
	}
	all := flag.Lookup("rapid.checks").Value
	before := all.String()
	if err := all.Set(checks); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := all.Set(before); err != nil {
			t.Fatal(err)
		}
	})
}
