package document

import (
	"time"

	"usher/sync/fault"
)

// Ticket is what one ticket shows. Every text but the token may be empty and may
// hold anything: it is cleaned before it is drawn (see Clean).
type Ticket struct {
	EventName  string    // "Harbour Nights"
	Venue      string    // "Pier 7, Shed 2, Hamburg"
	When       string    // start as people read it, already in the event's zone and words
	Starts     time.Time // start in the event's zone; drawn where When is empty
	HolderName string    // as on the guest list; empty where tickets bear no name
	Product    string    // "Weekend pass"
	Seat       string    // "Row 12 Seat 4"
	Zone       string    // the zone or zones it opens, in words
	Gate       string    // where to go in
	Terms      string    // the small print
	Footer     string    // who issued it, order number: one line at the foot
	ShortCode  string    // the code as people type it, 4-4-5 and its check character
	Token      string    // "UT1:…" (FORMAT.md section 1); the only field that must be there

	Words TicketWords // what stands beside them; English where it is its zero value

	code Matrix // of Token, for print; empty until it is made
}

// TicketWords are what a printed ticket says in its reader's language.
type TicketWords struct {
	Holder, Ticket, Seat, Zone, Gate, Code string
	When, Where, Door, Terms               string
	Steps                                  [3]string // what to do with it; each starts on a line of its own
}

// englishWords are those of a ticket that brings none.
var englishWords = TicketWords{
	Holder: "HOLDER", Ticket: "TICKET", Seat: "SEAT", Zone: "ZONE", Gate: "GATE", Code: "CODE, IF IT CAN'T BE SCANNED",
	When: "WHEN", Where: "WHERE", Door: "AT THE DOOR", Terms: "TERMS",
	Steps: [3]string{
		"Have this page or the same code on your phone ready before you reach the gate.",
		"Fold it along the marks so that the code lies flat, and keep it dry.",
		"The code admits once. Whoever shows it first is let in: don't post or share a picture of it.",
	},
}

// Encode makes the ticket's code for print ahead of the page. It is most of the
// work of one and, unlike the rest, can be done for several tickets at a time. A
// Book makes the code itself where nobody has. Token must not change afterwards.
func (t *Ticket) Encode() (err error) {
	t.code, err = QR(t.Token, Print)
	return err
}

// shown is the ticket with every text clean, and the start in words.
func (t Ticket) shown() Ticket {
	if t.When == "" && !t.Starts.IsZero() {
		t.When = t.Starts.Format("Monday 2 January 2006, 15:04")
	}
	for _, field := range []*string{&t.EventName, &t.Venue, &t.When, &t.HolderName, &t.Product,
		&t.Seat, &t.Zone, &t.Gate, &t.Footer, &t.ShortCode} {
		*field = Clean(*field)
	}
	t.Terms = cleanTerms(t.Terms)
	if t.Words == (TicketWords{}) {
		t.Words = englishWords
	}
	if t.EventName == "" {
		t.EventName = "Ticket"
	}
	return t
}

// Card is what one enrolment card shows: the one-time invitation by which a
// device becomes a gate. Whoever holds it can enrol a device, so it is handed
// over, used and destroyed.
type Card struct {
	EventName string // "Harbour Nights"
	Gate      string // the gate the device becomes
	Role      string // "scanner", "supervisor", "box-office"
	Server    string // the server's URL
	Expires   string // as people read it, in the event's zone
	Text      string // "UE1:…", for the QR code; must be there
	Typed     string // the same invitation for typing; regrouped in fours
}

// typedGroup is how many characters of a typed card stand together: what a
// person keeps in mind between card and keyboard.
const typedGroup = 4

// shown is the card with every text clean.
func (c Card) shown() Card {
	for _, field := range []*string{&c.EventName, &c.Gate, &c.Role, &c.Server, &c.Expires, &c.Typed} {
		*field = Clean(*field)
	}
	if c.EventName == "" {
		c.EventName = "Event"
	}
	return c
}

// groups splits the typed form into groups of typedGroup characters, whatever
// hyphens and spaces it came with.
func (c Card) groups() []string {
	var groups []string
	var group []rune
	for _, r := range c.Typed {
		if r == '-' || r == ' ' {
			continue
		}
		if group = append(group, r); len(group) == typedGroup {
			groups, group = append(groups, string(group)), nil
		}
	}
	if len(group) > 0 {
		groups = append(groups, string(group))
	}
	return groups
}

// mayNot wraps an error that stopped one document of many, naming it by what is
// printed on it and never by its token.
func mayNot(what string, n int, err error) error {
	return fault.Wrap(fault.KindOf(err), err, "%s %d can't be drawn: %s", what, n, fault.Message(err))
}
