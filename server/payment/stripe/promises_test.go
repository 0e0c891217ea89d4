package stripe

import (
	"testing"

	"usher/server/payment/paymenttest"
)

func TestPromises(t *testing.T) {
	paymenttest.Run(t, func(t *testing.T) *paymenttest.Rig { return newBench(t).rig() })
}
