package ticketing

import (
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"usher/sync/guests"
	"usher/sync/journal"
)

// Limits of an attendee's members, in bytes.
const (
	maxExternal = 64
	maxName     = 200
	maxEmail    = 254 // RFC 5321 section 4.5.3.1.3, less the angle brackets
	maxSeat     = 24  // FORMAT.md
)

// Attendee is one person of a list, checked against the event.
type Attendee struct {
	External   string
	Name       string
	Email      string // may be empty: such a ticket is handed over on paper
	Product    uint32
	Seat       string
	Zones      uint32 // 0: the product's
	NotBefore  int64  // Unix s; 0: none
	Expires    int64  // Unix s; 0: none
	Admissions uint8  // 0 and 1: one
	Order      string // what people know the order by; "": the external id
	Note       string // said at the door
	Answers    Answers
	Unpaid     bool
	Due        int64  // of an unpaid one, minor units of the currency; 0: not said
	Currency   string // ISO 4217; "" without Due
}

// reader checks rows against an event.
type reader struct {
	products map[string]uint32
	zones    map[string]uint8
	location *time.Location
}

func newReader(e *journal.Event) (*reader, error) {
	location, err := time.LoadLocation(e.Zone)
	if err != nil {
		return nil, fmt.Errorf("the time zone of event %s: %w", e.Code, err)
	}
	r := &reader{products: map[string]uint32{}, zones: map[string]uint8{}, location: location}
	for _, p := range e.Products {
		r.products[p.Code] = p.Number
	}
	for _, z := range e.Zones {
		r.zones[z.Code] = z.Bit
	}
	return r, nil
}

// attendees checks every row and reports all that is wrong at once.
func (rd *reader) attendees(name string, t *table) ([]Attendee, error) {
	list := make([]Attendee, len(t.rows))
	seen := make(map[string]int, len(t.rows))
	bad := &problems{name: name}
	for i, r := range t.rows {
		blame := func(c column, format string, args ...any) { bad.add(r.line, c, format, args...) }
		list[i] = rd.attendee(func(c column) string { return t.cell(r, c) }, blame)
		ext := list[i].External
		if first, twice := seen[ext]; twice && ext != "" {
			blame(colExternal, "%.80q is on line %d already", ext, first)
		}
		seen[ext] = r.line
	}
	return list, bad.err()
}

func (rd *reader) attendee(cell func(column) string, blame func(column, string, ...any)) Attendee {
	a := Attendee{External: cell(colExternal), Name: cell(colName), Email: cell(colEmail), Seat: cell(colSeat)}
	checkText(colExternal, a.External, maxExternal, "", blame)
	checkText(colName, a.Name, maxName, "\n\r\t", blame)
	checkEmail(a.Email, blame)
	checkSeat(a.Seat, blame)
	a.Product = rd.product(cell(colProduct), blame)
	a.Zones = rd.zoneMask(cell(colZone), blame)
	a.NotBefore = rd.instant(colFrom, cell(colFrom), blame)
	a.Expires = rd.instant(colUntil, cell(colUntil), blame)
	if a.NotBefore != 0 && a.Expires != 0 && a.NotBefore >= a.Expires {
		blame(colUntil, "%s is not after valid_from, %s", cell(colUntil), cell(colFrom))
	}
	a.Admissions = admissions(cell(colAdmissions), blame)
	if a.Order = cell(colOrder); a.Order != "" {
		checkText(colOrder, a.Order, guests.MaxOrder, "", blame)
	}
	if a.Note = cell(colNote); a.Note != "" {
		checkText(colNote, a.Note, guests.MaxNote, "", blame)
	}
	switch paid := cell(colPaid); paid {
	case "", "yes":
	case "no":
		a.Unpaid = true
	default:
		blame(colPaid, "%.40q: want yes or no", paid)
	}
	return a
}

// checkText wants a text of no control characters but the allowed ones.
func checkText(c column, text string, limit int, allowed string, blame func(column, string, ...any)) {
	forbidden := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(allowed, r) }
	switch {
	case text == "":
		blame(c, "is empty")
	case len(text) > limit:
		blame(c, "%d bytes, limit %d", len(text), limit)
	case strings.ContainsFunc(text, forbidden):
		blame(c, "%q holds a line break or another control character", text)
	}
}

func checkEmail(text string, blame func(column, string, ...any)) {
	if text == "" {
		return
	}
	if len(text) > maxEmail {
		blame(colEmail, "%d bytes, limit %d", len(text), maxEmail)
		return
	}
	if address, err := mail.ParseAddress(text); err != nil || address.Address != text {
		blame(colEmail, "%q is no e-mail address", text)
	}
}

func checkSeat(text string, blame func(column, string, ...any)) {
	if len(text) > maxSeat {
		blame(colSeat, "%.40q has %d bytes, a ticket holds %d", text, len(text), maxSeat)
		return
	}
	for _, r := range text {
		if r < ' ' || r > '~' {
			blame(colSeat, "%q: a seat is written in plain ASCII, %q is not", text, r)
			return
		}
	}
}

func (rd *reader) product(code string, blame func(column, string, ...any)) uint32 {
	n, ok := rd.products[code]
	switch {
	case code == "":
		blame(colProduct, "is empty")
	case !ok:
		blame(colProduct, "%.40q is no product of the event; it has %s", code, codes(rd.products))
	}
	return n
}

// zoneMask reads zone codes separated by spaces, "|" or "+". An empty cell means
// the product's zones.
func (rd *reader) zoneMask(text string, blame func(column, string, ...any)) uint32 {
	var mask uint32
	for _, code := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '|' || r == '+' }) {
		bit, ok := rd.zones[code]
		if !ok {
			blame(colZone, "%.40q is no zone of the event; it has %s", code, codes(rd.zones))
			return 0
		}
		mask |= 1 << bit
	}
	if text != "" && mask == 0 {
		blame(colZone, "%.40q names no zone; leave it empty for the product's", text)
	}
	return mask
}

// layouts are the ways to write an instant in a list; those without an offset
// are in the event's time zone.
var layouts = []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05"}

// instant reads a time. A day alone is all of it: valid_from its beginning,
// valid_until its end.
func (rd *reader) instant(c column, text string, blame func(column, string, ...any)) int64 {
	if text == "" {
		return 0
	}
	at, err := time.ParseInLocation(time.DateOnly, text, rd.location)
	if err == nil && c == colUntil {
		at = at.AddDate(0, 0, 1)
	}
	for _, layout := range layouts {
		if err != nil {
			at, err = time.ParseInLocation(layout, text, rd.location)
		}
	}
	if err != nil || at.Unix() <= 0 {
		blame(c, "%.40q is no time; write 2026-07-04 19:30 (the event's local time) or 2026-07-04T19:30:00+02:00", text)
		return 0
	}
	return at.Unix()
}

// codes lists the keys of m for a message.
func codes[V any](m map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

func admissions(text string, blame func(column, string, ...any)) uint8 {
	if text == "" {
		return 1
	}
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || n == 0 {
		blame(colAdmissions, "%.40q: want a whole number from 1 to 255", text)
		return 1
	}
	return uint8(n)
}
