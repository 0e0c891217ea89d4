package staff

import (
	"cmp"
	"slices"

	"usher/crypto/grant"
	"usher/sync/journal"
)

// List is a staff list in memory. The zero value is empty. It does no locking.
type List struct {
	people map[ID]placed
}

// placed is a person, and where the journal said so.
type placed struct {
	Person
	at journal.Position
}

// Apply takes in what a record at a position of the server's journal says. Records
// may come in any order, and again.
func (l *List) Apply(at journal.Position, p Person) {
	if l.people == nil {
		l.people = make(map[ID]placed)
	}
	if known, there := l.people[p.ID]; !there || known.at.Before(at) {
		l.people[p.ID] = placed{p, at}
	}
}

// Len is how many people are on the list.
func (l *List) Len() (n int) {
	for _, p := range l.people {
		if !p.Gone {
			n++
		}
	}
	return n
}

// Person gives somebody on the list.
func (l *List) Person(id ID) (Person, bool) {
	p, there := l.people[id]
	return p.Person, there && !p.Gone
}

// Named gives the person of a name.
func (l *List) Named(name string) (Person, bool) {
	name = Fold(name)
	return l.newest(func(p *Person) bool { return Fold(p.Name) == name })
}

// Holder gives the person whose role card this is.
func (l *List) Holder(card grant.Code) (Person, bool) {
	return l.newest(func(p *Person) bool { return p.Holds(card) })
}

// newest gives the person on the list that matches and was changed last.
func (l *List) newest(match func(*Person) bool) (Person, bool) {
	var best placed
	found := false
	for _, p := range l.people {
		if !p.Gone && match(&p.Person) && (!found || best.at.Before(p.at)) {
			best, found = p, true
		}
	}
	return best.Person, found
}

// All gives the people on the list by name.
func (l *List) All() []Person {
	list := make([]Person, 0, len(l.people))
	for _, p := range l.people {
		if !p.Gone {
			list = append(list, p.Person)
		}
	}
	slices.SortFunc(list, func(a, b Person) int {
		return cmp.Or(cmp.Compare(Fold(a.Name), Fold(b.Name)), cmp.Compare(string(a.ID[:]), string(b.ID[:])))
	})
	return list
}
