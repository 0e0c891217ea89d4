package network

import (
	"os"
	"testing"

	"usher/e2e/venue"
)

func TestMain(m *testing.M) { os.Exit(venue.Main(m)) }
