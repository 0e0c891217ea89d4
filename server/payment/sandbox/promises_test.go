package sandbox

import (
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/payment/paymenttest"
)

func TestPromises(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		paymenttest.Run(t, func(t *testing.T) *paymenttest.Rig { return newBench(t, db).rig() })
	})
}
