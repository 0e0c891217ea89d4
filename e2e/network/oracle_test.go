package network

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"usher/e2e/venue"
	"usher/gate"
	"usher/sync/admission"
	"usher/sync/journal"
)

// green reports whether somebody was let in.
func green(r admission.Result) bool { return r == admission.Accept || r == admission.AcceptRepeat }

// answered gives the scans so far.
func (i *islands) answered() []try {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.tries)
}

// scanned is a scan on a gate's disk.
type scanned struct {
	by     journal.NodeID
	ticket journal.TicketID
	green  bool
}

// disk gives all scans that a gate's disk holds.
func (i *islands) disk(p *gate.Peek) map[journal.Hash]scanned {
	all := make(map[journal.Hash]scanned)
	i.Must(p.Store.Each(i.t.Context(), func(r *journal.Record) error {
		if r.Kind != journal.KindScan {
			return nil
		}
		scan, err := journal.Read[journal.Scan](r)
		if err == nil {
			all[r.Hash()] = scanned{r.Chain.Node, scan.Ticket, scan.Result == string(admission.Accept)}
		}
		return err
	}))
	return all
}

// durable holds what a gate answered until it was killed to what its disk holds: no
// green without its record (I1), and no other answer that names one.
func (i *islands) durable(n int) {
	p, err := gate.OpenPeek(i.t.Context(), i.Path(i.names[n]))
	if err != nil {
		i.t.Error(err)
		return
	}
	defer p.Close()
	disk := i.disk(p)
	for _, s := range i.answered() {
		if s.gate == n && s.err == nil {
			i.kept(s, disk)
		}
	}
}

// kept holds one answer to a disk.
func (i *islands) kept(s try, disk map[journal.Hash]scanned) {
	is, there := disk[s.answer.Record]
	switch {
	case s.answer.Record.IsZero() && green(s.answer.Result):
		i.t.Errorf("%s answered %s and named no record", i.names[s.gate], s.answer.Result)
	case s.answer.Record.IsZero():
	case !there:
		i.t.Errorf("%s answered %s, and record %s is lost", i.names[s.gate], s.answer.Result, s.answer.Record)
	case is.green != green(s.answer.Result) || is.ticket != i.IDs[s.code]:
		i.t.Errorf("%s answered %s to %s, and its record says %+v", i.names[s.gate], s.answer.Result, s.code, is)
	}
}

// alike has each ticket looked at at every door, now that all hold the same: they say the
// same, and let nobody in who was let in before or whose ticket is void.
func (i *islands) alike() {
	inside := make(map[string]int)
	for _, s := range i.answered() {
		if s.err == nil && s.answer.Result == admission.Accept {
			inside[s.code]++
		}
	}
	for at := 0; at < len(i.order); at += 5 {
		code := i.order[at]
		var said []string
		for n := range i.names {
			a, err := i.at(n).Look(code)
			i.Must(err)
			if a.Result == admission.Accept && inside[code] >= i.admits[code] {
				i.t.Errorf("%s would let in a ticket for %d that let in %d", i.names[n], i.admits[code], inside[code])
			}
			said = append(said, fmt.Sprint(a.Result, " ", a.Reason))
		}
		if said[0] != said[1] || said[1] != said[2] {
			i.t.Errorf("of one ticket the doors say %q", said)
		}
	}
}

// home has the gates bring all to the server, which has been away.
func (i *islands) home() {
	venue.Until(i.t, "all records to come home", func() bool {
		time.Sleep(100 * time.Millisecond)
		for n := range i.names {
			_ = i.at(n).Sync() // it fails while others are at it
		}
		held, err := i.Journals.Store(venue.Event).Vector(i.t.Context())
		i.Must(err)
		return same(held, i.vector(0)) && same(held, i.vector(1)) && same(held, i.vector(2))
	})
}

// judge compares what each disk amounts to, and holds it to what was answered.
func (i *islands) judge() {
	t, now := i.t, time.Now().UnixMilli()
	var first map[string]string
	for n, name := range i.names {
		p := i.Peek(name) // and sound
		s, err := p.State(t.Context())
		i.Must(err)
		is := map[string]string{"conflicts": text(s.Conflicts()), "counts": text(s.Counts(now)), "revocations": text(s.Revocations())}
		for code, id := range i.IDs {
			is["ticket "+code] = text(s.Past(id))
		}
		if first == nil {
			first = is
			i.exact(i.disk(p), s.Conflicts())
			b, err := i.Doors.Board(t.Context(), venue.Event)
			i.Must(err)
			compare(i, "the server", is, map[string]string{"conflicts": text(byID(b.Conflicts)), "revocations": text(b.Revoked)})
			i.Must(p.Close())
			continue
		}
		if len(is) != len(first) {
			t.Errorf("%s knows %d things, the first gate %d", name, len(is), len(first))
		}
		compare(i, i.names[n], first, is)
		i.Must(p.Close())
	}
	i.revoked()
}

// compare names what somebody knows otherwise than the first gate.
func compare(i *islands, who string, want, got map[string]string) {
	for _, what := range slices.Sorted(maps.Keys(got)) {
		if want[what] != got[what] {
			i.t.Errorf("%s of %s:\n%s\nat the first gate:\n%s", what, who, got[what], want[what])
		}
	}
}

func byID(list []admission.Conflict) []admission.Conflict {
	slices.SortFunc(list, func(a, b admission.Conflict) int { return slices.Compare([]byte(a.ID), []byte(b.ID)) })
	return list
}

func text(v any) string {
	if list, are := v.([]admission.Conflict); are {
		v = byID(list)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// exact holds the records and the conflicts to what people at the doors were answered
// (I2, I4). It knows nothing of orders, parents or clocks. Who was let in is what was
// answered green, by record; a gate that died before it could answer may have let one
// more in for each such scan, and then its record says so. A ticket for so many let in
// as many more is that many too many, and a void one that was let in at all.
func (i *islands) exact(disk map[journal.Hash]scanned, conflicts []admission.Conflict) {
	type scan struct {
		by   journal.NodeID
		code string
	}
	nodes := i.nodes()
	told := make(map[journal.Hash]bool) // greens that somebody saw
	unanswered := make(map[scan]int)
	for _, s := range i.answered() {
		switch {
		case s.err != nil:
			unanswered[scan{nodes[s.gate], s.code}]++
		default:
			i.kept(s, disk)
			if green(s.answer.Result) {
				told[s.answer.Record] = true
			}
		}
	}
	codes := make(map[journal.TicketID]string)
	for code, id := range i.IDs {
		codes[id] = code
	}
	in := make(map[string]map[journal.Hash]bool) // by code: the records that let somebody in
	for hash, is := range disk {
		code := codes[is.ticket]
		if !is.green {
			continue
		}
		if !told[hash] {
			unanswered[scan{is.by, code}]--
		}
		if in[code] == nil {
			in[code] = make(map[journal.Hash]bool)
		}
		in[code][hash] = true
	}
	for of, n := range unanswered {
		if n < 0 {
			i.t.Errorf("%s let ticket %s in %d times more often than anybody scanned it", of.by, of.code, -n)
		}
	}
	i.found(codes, in, conflicts)
	i.t.Logf("%d scans answered of %d, %d agents killed; %d records, %d shown green, %d conflicts",
		i.taken.Load(), len(i.tries), i.downs, len(disk), len(told), len(conflicts))
	if len(conflicts) == 0 || len(told) < len(i.order)/2 || i.downs < 3 {
		i.t.Error("that was no test")
	}
}

// found holds the conflicts to who was let in: each admission too many is in one
// conflict, once, and no other is in any.
func (i *islands) found(codes map[journal.TicketID]string, in map[string]map[journal.Hash]bool, conflicts []admission.Conflict) {
	named := make(map[string]map[journal.Hash]bool)
	for _, c := range conflicts {
		code := codes[journal.TicketID(c.Ticket)]
		if named[code] == nil {
			named[code] = make(map[journal.Hash]bool)
		}
		for _, d := range c.Duplicates {
			if named[code][d.Hash] {
				i.t.Errorf("admission %s is in two conflicts", d.Hash)
			}
			if !in[code][d.Hash] {
				i.t.Errorf("conflict %s names %s, which let nobody in with this ticket", c.ID, d.Hash)
			}
			named[code][d.Hash] = true
		}
		if c.Original != nil && (!in[code][c.Original.Hash] || named[code][c.Original.Hash]) {
			i.t.Errorf("conflict %s is with %s, which is no other admission of this ticket", c.ID, c.Original.Hash)
		}
		if (c.Kind == admission.AdmittedAfterRevoke) != (i.admits[code] == 0) {
			i.t.Errorf("conflict %s of a ticket for %d is called %s", c.ID, i.admits[code], c.Kind)
		}
	}
	for code, admitted := range in {
		if want := max(0, len(admitted)-i.admits[code]); len(named[code]) != want {
			i.t.Errorf("a ticket for %d let in %d, and %d of them are called too many", i.admits[code], len(admitted), len(named[code]))
		}
	}
}

func (i *islands) nodes() (nodes []journal.NodeID) {
	for _, name := range i.names {
		p, err := gate.OpenPeek(i.t.Context(), i.Path(name))
		i.Must(err)
		nodes = append(nodes, p.Enrolment.Node)
		i.Must(p.Close())
	}
	return nodes
}

// revoked holds I6: a gate that has once said that a ticket is void never lets it in
// again, whatever it has been through; and the news reached all.
func (i *islands) revoked() {
	knows := make(map[string]time.Time) // by gate and code: since when for certain
	tries := i.answered()
	key := func(s try) string { return i.names[s.gate] + " " + s.code }
	for _, s := range tries {
		if since, known := knows[key(s)]; s.err == nil && s.answer.Reason == admission.Revoked && (!known || s.ended.Before(since)) {
			knows[key(s)] = s.ended
		}
	}
	for _, s := range tries {
		if since, known := knows[key(s)]; known && s.err == nil && green(s.answer.Result) && s.began.After(since) {
			i.t.Errorf("%s let in ticket %s, which it knew to be void", i.names[s.gate], s.code)
		}
	}
	for n, name := range i.names {
		if !slices.ContainsFunc(tries, func(s try) bool { return s.gate == n && s.err == nil && s.answer.Reason == admission.Revoked }) {
			i.t.Errorf("%s never heard of a revocation", name)
		}
	}
}
