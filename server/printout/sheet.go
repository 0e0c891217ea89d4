package printout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/server/document"
	"usher/server/ticketing"
	"usher/sync/journal"
)

// maxGates is how many gates a ticket names. Where more let it in, any of them
// is right, and no list helps.
const maxGates = 3

// sheet puts a ticket into the words that are printed on it.
func (j *job) sheet(t ticketing.Ticket) document.Ticket {
	product, known := j.event.ProductByNumber(t.Product)
	if !known {
		product.Name = j.productCode(t.Product)
	}
	mask := t.Zones
	if mask == 0 {
		mask = product.Zones
	}
	d := document.Ticket{
		EventName: j.event.Name, Venue: j.event.Venue, When: j.when(t), HolderName: t.Name, Product: product.Name,
		Seat: t.Seat, Zone: j.zoneNames(mask), Gate: j.gateNames(t.Product, mask), Terms: j.event.Terms,
		Footer: j.footer(t), ShortCode: t.ID.Short(), Token: t.Token,
	}
	if t.Admissions > 1 {
		d.Product = fmt.Sprintf("%s, admits %d", d.Product, t.Admissions)
	}
	if j.event.Rehearsal {
		d.EventName += " (rehearsal)"
	}
	return d
}

// when says the event's start, its doors, and the ticket's own window if it has
// one.
func (j *job) when(t ticketing.Ticket) string {
	const day, clock = "Monday 2 January 2006", "15:04"
	starts := j.event.Local(j.event.Starts)
	text := starts.Format(day + ", " + clock)
	if doors := j.event.Local(j.event.Admission); j.event.Admission != 0 && sameDay(doors, starts) && !doors.Equal(starts) {
		text += doors.Format(" (doors " + clock + ")")
	}
	const short = "2 Jan " + clock
	from, until := j.event.Local(t.NotBefore), j.event.Local(t.Expires)
	switch {
	case t.NotBefore != 0 && t.Expires != 0:
		text += ", ticket good " + from.Format(short) + " – " + until.Format(short)
	case t.NotBefore != 0:
		text += ", ticket good from " + from.Format(short)
	case t.Expires != 0:
		text += ", ticket good until " + until.Format(short)
	}
	return text
}

func sameDay(a, b time.Time) bool { return a.Format(time.DateOnly) == b.Format(time.DateOnly) }

func (j *job) zoneNames(mask uint32) string {
	var names []string
	for _, z := range j.event.ZonesOf(mask) {
		names = append(names, z.Name)
	}
	return strings.Join(names, ", ")
}

// gateNames says where to go in, if few gates let the ticket in.
func (j *job) gateNames(product, mask uint32) string {
	var names []string
	for _, g := range j.event.Gates {
		if admits(g, product, mask) {
			names = append(names, g.Name)
		}
	}
	if len(names) > maxGates {
		return ""
	}
	return strings.Join(names, ", ")
}

func admits(g journal.Gate, product, mask uint32) bool {
	return mask&(1<<g.Zone) != 0 && (g.All || slices.Contains(g.Products, product))
}

func (j *job) footer(t ticketing.Ticket) string {
	text := j.event.Code + " · " + t.External
	if t.Generation > 0 {
		text += fmt.Sprintf(" · issue %d, earlier ones are void", int(t.Generation)+1)
	}
	return text
}
