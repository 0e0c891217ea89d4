package stripe

import (
	"testing"

	"usher/server/payment/paymenttest"
)

func TestMain(m *testing.M) { paymenttest.Main(m) }
