package pass

import (
	"context"
	"errors"
	"regexp"

	"usher/migrations/sqldb"
	"usher/server/pass/apple"
	"usher/sync/fault"
)

// maxDevices is how many devices one pass is on: those of one person.
const maxDevices = 20

var deviceID = regexp.MustCompile(`^[0-9A-Za-z._-]{1,100}$`)

// isDevice says whether a text may be what a device calls itself.
func isDevice(text string) bool { return deviceID.MatchString(text) }

// Register has a device told of a pass, and says whether it wasn't before. fault.TooMany
// says that too many are told of it already.
func (p *Passes) Register(ctx context.Context, device, serial, pushToken string) (fresh bool, err error) {
	if !isDevice(device) {
		return false, fault.At(fault.BadInput, "device", "no device calls itself so")
	}
	if !apple.IsPushToken(pushToken) {
		return false, fault.At(fault.BadInput, "pushToken", "want 8 to %d hexadecimal digits", apple.MaxPushToken)
	}
	err = p.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		// The pass's row comes first, so that devices are counted one after the other.
		done, err := tx.ExecContext(ctx, `update pass set tries = tries where serial = $1`, serial)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fault.New(fault.NotFound, "there is no such pass"))
		}
		var n, have int
		if err := tx.QueryRowContext(ctx, `select count(*), coalesce(sum(case when device = $2 then 1 else 0 end), 0) from pass_device where serial = $1`, serial, device).Scan(&n, &have); err != nil {
			return err
		}
		if fresh = have == 0; fresh && n >= maxDevices {
			return fault.New(fault.TooMany, "a pass is on %d devices at most", maxDevices)
		}
		_, err = tx.ExecContext(ctx, `insert into pass_device (device, serial, push_token, made_at) values ($1, $2, $3, $4)
			on conflict (device, serial) do update set push_token = excluded.push_token`, device, serial, pushToken, p.Now().UnixMilli())
		return err
	})
	return fresh, stored(err, "keeping a device of a pass")
}

// Unregister has a device told of a pass no more.
func (p *Passes) Unregister(ctx context.Context, device, serial string) error {
	return stored(p.DB.Exec(ctx, `delete from pass_device where device = $1 and serial = $2`, device, serial), "forgetting a device of a pass")
}

// Changed gives the passes on a device that changed after a revision, and the revision
// to ask with next; none when nothing did.
func (p *Passes) Changed(ctx context.Context, device string, after int64) (serials []string, rev int64, err error) {
	if !isDevice(device) {
		return nil, 0, fault.At(fault.BadInput, "device", "no device calls itself so")
	}
	all, err := list(ctx, p.DB.Read(), `select p.serial, p.app, p.event, p.ticket, p.generation, p.void, p.changed_at, p.rev, p.tries
		from pass_device d join pass p on p.serial = d.serial where d.device = $1 and p.rev > $2 order by p.rev, p.serial`, device, after)
	if err != nil {
		return nil, 0, stored(err, "looking which passes changed")
	}
	for _, k := range all {
		serials, rev = append(serials, k.serial), k.rev
	}
	return serials, rev, nil
}
