package printout

import (
	"slices"
	"strings"
	"time"

	"usher/server/document"
	"usher/server/speech"
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
		Footer: j.footer(t), ShortCode: t.ID.Short(), Token: t.Token, Words: ticketWords(j.say),
	}
	if !j.event.Policy.DownTo.Typed() {
		d.Words.Code = j.say.T("print.number")
	}
	if t.Admissions > 1 {
		d.Product = j.say.T("print.admits", "product", d.Product, "n", int(t.Admissions))
	}
	if j.event.Rehearsal {
		d.EventName = j.say.T("print.rehearsal", "event", d.EventName)
	}
	return d
}

// ticketWords are what a ticket says in a language.
func ticketWords(l speech.Lang) document.TicketWords {
	return document.TicketWords{
		Holder: l.T("print.holder"), Ticket: l.T("print.ticket"), Seat: l.T("print.seat"), Zone: l.T("print.zone"), Gate: l.T("print.gate"),
		Code: l.T("print.code"), When: l.T("print.when"), Where: l.T("print.where"), Door: l.T("print.door"), Terms: l.T("print.terms"),
		Steps: [3]string{l.T("print.ready"), l.T("print.fold"), l.T("print.once")},
	}
}

// when says the event's start, its doors, and the ticket's own window if it has
// one.
func (j *job) when(t ticketing.Ticket) string {
	e, l := j.event, j.say
	text := l.T("print.at", "day", l.Day(e.Starts), "clock", l.Clock(e.Starts))
	if e.Admission != 0 && e.Admission != e.Starts && sameDay(e.Local(e.Admission), e.Local(e.Starts)) {
		text = l.T("print.doors", "when", text, "clock", l.Clock(e.Admission))
	}
	from, until := l.Moment(t.NotBefore), l.Moment(t.Expires)
	switch {
	case t.NotBefore != 0 && t.Expires != 0:
		return l.T("print.between", "when", text, "from", from, "until", until)
	case t.NotBefore != 0:
		return l.T("print.from", "when", text, "from", from)
	case t.Expires != 0:
		return l.T("print.until", "when", text, "until", until)
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
		text += " · " + j.say.T("print.issue", "n", int(t.Generation)+1)
	}
	return text
}
