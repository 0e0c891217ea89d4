package doors

import (
	"context"

	"usher/crypto/ticket"
	"usher/sync/admission"
	"usher/sync/journal"
)

// Entered gives those of tickets by which somebody came in, as the gates have told the
// server: admissions that count and were not taken back. What a gate has not sent yet
// is not known.
func (d *Doors) Entered(ctx context.Context, event string, ids ...ticket.ID) (list []ticket.ID, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	st, err := d.State(ctx, event)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		for _, act := range st.Past(journal.TicketID(id)) {
			if act.Result == admission.Accept && act.Direction == admission.In && !act.Undone && !act.SetAside {
				list = append(list, id)
				break
			}
		}
	}
	return list, nil
}
