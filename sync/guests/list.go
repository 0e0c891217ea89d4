package guests

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"usher/crypto/ticket"
	"usher/sync/journal"
)

// MinQuery is how many characters a search needs: less would show half the list.
const MinQuery = 4

// List is a guest list in memory. The zero value is empty. It does no locking.
type List struct {
	guests map[journal.TicketID]kept
}

// kept is a guest with its folded texts, and where the journal said so.
type kept struct {
	Guest
	at                 journal.Position
	name, email, order string
	short              string
}

// Apply takes in what a record at a position of the server's journal says.
// Records may come in any order, and again.
func (l *List) Apply(at journal.Position, guests []Guest) {
	if l.guests == nil {
		l.guests = make(map[journal.TicketID]kept)
	}
	for _, g := range guests {
		if known, there := l.guests[g.Ticket]; there && at.Before(known.at) {
			continue
		}
		l.guests[g.Ticket] = kept{g, at, Fold(g.Name), Fold(g.Email), Fold(g.Order), Fold(ticket.ID(g.Ticket).Short())}
	}
}

// Len is how many guests there are.
func (l *List) Len() int { return len(l.guests) }

// Lookup gives the holder of a ticket.
func (l *List) Lookup(id journal.TicketID) (Guest, bool) {
	g, ok := l.guests[id]
	return g.Guest, ok
}

// Search lists the guests, by name and ticket, that a query may mean: part of a
// name or an e-mail address, the beginning of an order's code, or the last four
// characters of an order's or a ticket's code. Capitals and accents make no
// difference. A query under MinQuery characters finds nothing.
func (l *List) Search(query string, match func(Guest) bool) []Guest {
	query = Fold(strings.TrimSpace(query))
	if utf8.RuneCountInString(query) < MinQuery {
		return nil
	}
	var found []kept
	for _, g := range l.guests {
		if g.meets(query) && (match == nil || match(g.Guest)) {
			found = append(found, g)
		}
	}
	slices.SortFunc(found, func(a, b kept) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(string(a.Ticket[:]), string(b.Ticket[:])))
	})
	list := make([]Guest, len(found))
	for i := range found {
		list[i] = found[i].Guest
	}
	return list
}

func (g *kept) meets(query string) bool {
	switch {
	case strings.Contains(g.name, query), strings.Contains(g.email, query), g.order != "" && strings.HasPrefix(g.order, query):
		return true
	case utf8.RuneCountInString(query) == MinQuery:
		return strings.HasSuffix(g.order, query) || strings.HasSuffix(g.short, query)
	}
	return false
}

// Fold makes texts equal that people take for the same: lower case, without
// accents, runs of white space as one space.
func Fold(text string) string {
	plain, _, err := transform.String(transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), text)
	if err != nil {
		plain = text
	}
	plain = strings.NewReplacer("ß", "ss", "ø", "o", "Ø", "o", "ł", "l", "Ł", "l").Replace(plain)
	return strings.Join(strings.Fields(strings.ToLower(plain)), " ")
}
