package admission

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"usher/sync/journal"
)

// The oracle says the same as Order and Judge in the plainest way there is: sets
// of ancestors, repeated search for the least, recounting from the start.

// slowOrder places, again and again, the least of the acts all of whose ancestors
// are placed.
func slowOrder(acts []Act) []Act {
	byHash := map[journal.Hash]Act{}
	for _, a := range acts {
		byHash[a.Hash] = a
	}
	var order []Act
	for len(order) < len(byHash) {
		var least *Act
		for _, a := range byHash {
			if slices.ContainsFunc(order, func(o Act) bool { return o.Hash == a.Hash }) {
				continue
			}
			free := true
			for h := range slowAncestors(byHash, a) {
				free = free && slices.ContainsFunc(order, func(o Act) bool { return o.Hash == h })
			}
			if free && (least == nil || a.At < least.At || a.At == least.At && bytes.Compare(a.Hash[:], least.Hash[:]) < 0) {
				least = &a
			}
		}
		order = append(order, *least)
	}
	return order
}

// slowAncestors are all acts that come before a for a reason other than time.
func slowAncestors(acts map[journal.Hash]Act, a Act) map[journal.Hash]bool {
	found := map[journal.Hash]bool{}
	todo := []Act{a}
	for len(todo) > 0 {
		x := todo[0]
		todo = todo[1:]
		for _, b := range acts {
			own := b.Chain.Node == x.Chain.Node && b.Seq < x.Seq
			if (own || slices.Contains(x.Parents, b.Hash)) && !found[b.Hash] {
				found[b.Hash] = true
				todo = append(todo, b)
			}
		}
	}
	return found
}

// slowConflicts lists, for each zone and kind, which admissions are too many.
func slowConflicts(events func(journal.Position) *journal.Event, h History) map[string][]journal.Hash {
	found := map[string][]journal.Hash{}
	undone := map[journal.Hash]bool{}
	for _, u := range h.Scans {
		for _, a := range h.Scans {
			if u.Result == Undo && u.Undoes == a.Hash && u.Chain == a.Chain && u.Seq > a.Seq {
				undone[a.Hash] = true
			}
		}
	}
	var past []Act
	for _, a := range slowOrder(h.Scans) {
		if a.Result != Accept || undone[a.Hash] && a.Direction == In {
			continue
		}
		if a.Direction == In && !a.Forced {
			if kind := slowJudge(events(a.Known), h.Voids, past, a); kind != "" {
				key := fmt.Sprint(a.Zone, kind)
				found[key] = append(found[key], a.Hash)
			}
		}
		past = append(past, a)
	}
	return found
}

func slowJudge(e *journal.Event, voids []Void, past []Act, a Act) ConflictKind {
	gate, ok := e.GateByCode(a.Gate)
	if !ok {
		return ""
	}
	past = slices.DeleteFunc(slices.Clone(past), func(p Act) bool { return p.Zone != a.Zone })
	if kind := slowVoid(voids, a); kind != "" {
		return kind
	}
	for _, r := range append(slices.Clone(gate.Rules), e.Products[0].Rules...) {
		if !slowRule(e, r, past, a.At) {
			return RuleExceeded
		}
	}
	inside, ever := 0, 0
	for _, p := range past {
		if p.Direction == In {
			inside, ever = inside+1, ever+1
		} else if inside > 0 {
			inside--
		}
	}
	if gate.NoReentry {
		inside = ever
	}
	if !gate.Multi && inside >= max(1, int(a.Admissions)) {
		return DoubleEntry
	}
	return ""
}

func slowVoid(voids []Void, a Act) ConflictKind {
	var newest Void
	for _, v := range voids {
		knew := v.At.Seq <= a.Known.Seq
		if (knew || v.Since < a.At-a.Uncertainty) && v.At.Seq > newest.At.Seq {
			newest = v
		}
	}
	switch {
	case uint32(a.Generation) >= newest.Minimum:
		return ""
	case newest.Reason == "cancelled":
		return AdmittedAfterCancel
	}
	return AdmittedAfterRevoke
}

func slowRule(e *journal.Event, r journal.Rule, past []Act, at int64) bool {
	zone, err := time.LoadLocation(e.Zone)
	if err != nil {
		return false
	}
	day := func(ms int64) string { return time.UnixMilli(ms).In(zone).Format(time.DateOnly) }
	days := map[string]bool{day(at): true}
	var total, today, since, before int64
	holds := true
	for _, p := range past {
		if p.Direction != In {
			continue
		}
		total++
		days[day(p.At)] = true
		if day(p.At) == day(at) {
			today++
		}
		if p.At >= r.Cutoff*1000 {
			since++
		} else {
			before++
		}
		switch r.Kind {
		case "cooldown_minutes":
			holds = holds && at-p.At >= r.N*60_000
		case "max_minutes_since_first_entry":
			holds = holds && at-p.At <= r.N*60_000
		}
	}
	switch r.Kind {
	case "max_entries":
		return total < r.N
	case "max_entries_per_day":
		return today < r.N
	case "max_entries_since":
		return at < r.Cutoff*1000 || since < r.N
	case "max_entries_before":
		return at >= r.Cutoff*1000 || before < r.N
	case "max_days":
		return int64(len(days)) <= r.N
	}
	return holds
}

// slowBelow tells a way in that is below the lowest rung.
func slowBelow(lowest journal.Rung, how string) bool {
	ladder := []journal.Rung{journal.RungLive, journal.RungCode, journal.RungTyped, journal.RungName}
	stands := map[string]int{"camera": 1, "typed": 2, "search": 3} // the codes of the simulation are static
	return stands[how] > slices.Index(ladder, lowest)
}
