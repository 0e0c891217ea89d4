package ticketing

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"usher/sync/fault"
	"usher/sync/journal"
)

// signAll signs the codes of new tickets on all cores. Signing is most of the
// work of an import.
func (o *Office) signAll(ctx context.Context, event string, tickets []Ticket, progress Progress) error {
	if len(tickets) == 0 {
		return nil
	}
	key, err := o.vault.Issuer(ctx, event)
	if err != nil {
		return err
	}
	const chunk = 500
	var (
		next    atomic.Int64
		workers sync.WaitGroup
		mu      sync.Mutex // covers done, failed and calls of progress
		done    int
		failed  error
	)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for ctx.Err() == nil {
				from := int(next.Add(chunk)) - chunk
				if from >= len(tickets) {
					return
				}
				part := tickets[from:min(from+chunk, len(tickets))]
				var err error
				for i := range part {
					if err = part[i].sign(key); err != nil {
						err = fault.Wrap(fault.BadInput, err, "ticket of %q can't be signed", part[i].External)
						break
					}
				}
				mu.Lock()
				if failed == nil {
					failed = err
				}
				done += len(part)
				progress(StepSign, done, len(tickets))
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	workers.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	return failed
}

// rosterKey is what the tickets of one roster group share.
type rosterKey struct {
	product, zones     uint32
	notBefore, expires int64
	admissions         uint8
	unpaid             bool
	due                int64
	currency           string
}

// rosters packs tickets into the contents of roster records, grouped by what
// they share.
func rosters(tickets []Ticket) []any {
	var contents []any
	for from := 0; from < len(tickets); from += journal.MaxPacked {
		part := tickets[from:min(from+journal.MaxPacked, len(tickets))]
		var groups []journal.RosterGroup
		at := map[rosterKey]int{}
		for _, t := range part {
			k := rosterKey{t.Product, t.Zones, t.NotBefore, t.Expires, t.Admissions, t.Unpaid, t.Due, t.Currency}
			if k.admissions == 1 {
				k.admissions = 0 // one is not spelled out
			}
			i, there := at[k]
			if !there {
				i = len(groups)
				at[k] = i
				groups = append(groups, journal.RosterGroup{
					Product: k.product, Zones: k.zones, NotBefore: k.notBefore, Expires: k.expires, Admissions: k.admissions,
					Unpaid: k.unpaid, Due: k.due, Currency: k.currency,
				})
			}
			groups[i].Add(t.ID, t.Generation)
		}
		contents = append(contents, &journal.Roster{Groups: groups})
	}
	return contents
}
