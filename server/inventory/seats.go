package inventory

import "context"

// TakenSeats gives the seats of a pool that somebody has, held or sold, as of this
// moment: for a plan of the seats from which people choose.
func (s *Stock) TakenSeats(ctx context.Context, event, pool string) (map[string]bool, error) {
	taken := map[string]bool{}
	err := each(ctx, s.db.Read(), func(scan func(...any) error) error {
		var code string
		err := scan(&code)
		taken[code] = true
		return err
	}, `select code from seat where event = $1 and pool = $2 and holder <> ''`, event, pool)
	return taken, stored(err, "reading the seats of pool %s of event %s", pool, event)
}
