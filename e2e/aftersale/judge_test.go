package aftersale

import (
	"slices"
	"time"

	"usher/crypto/ticket"
	"usher/e2e/books"
	"usher/server/ticketing"
	"usher/sync/admission"
	"usher/sync/journal"
)

// voids are the words of a gate for a code that is void, beside that there is a newer one.
var voids = []admission.Reason{admission.Revoked, admission.Cancelled, admission.Blocked, admission.Refunded, admission.ChargedBack}

// judge holds what is left to all that has to be so. Nothing moves any more.
func (w *town) judge() {
	w.t.Helper()
	b, err := books.Read(w.t.Context(), w.organiser.DB)
	w.must(err)
	for id := range b.Tickets {
		w.of(id)
	}
	w.judgeWallets(b)
	for _, k := range w.all() {
		t := b.Tickets[k.id]
		k.judgeRecord(&t)
		for _, p := range w.posts {
			k.judgeCodes(&t, p)
		}
	}
	w.judgeEntries(b)
	w.level()
	w.judgeConflicts(b)
	w.payOut()
	b, err = books.Read(w.t.Context(), w.organiser.DB)
	w.must(err)
	w.judgeMoney(b)
	w.judgePlaces(b)
}

// judgeWallets has everybody look at their tickets: those that the record says are
// theirs, and no others.
func (w *town) judgeWallets(b *books.Books) {
	for _, p := range w.people {
		ph := p.phones[0]
		for _, other := range p.phones[1:] {
			if other.byMail {
				ph = other
			}
		}
		var want, have []string
		for id, t := range b.Tickets {
			if t.Email == p.email {
				want = append(want, id.String())
			}
		}
		if len(want) == 0 && !ph.byMail {
			continue // nobody mails them a link
		}
		for range 2 {
			if !ph.byMail {
				ph.enter(true)
			}
		}
		if !ph.byMail || !ph.look() {
			w.t.Errorf("%s doesn't get into the wallet", p.name)
			continue
		}
		for _, s := range ph.tickets {
			if t := b.Tickets[s.papers.id]; t.Email == p.email {
				have = append(have, s.ID)
			} else if !slices.Contains(b.ByCode[t.Order].Tickets, s.papers.id) || b.ByCode[t.Order].Email != t.Email {
				s.papers.fail("%s's wallet has it, and it is %s's", p.name, t.Email)
			}
		}
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Equal(want, have) {
			w.t.Errorf("%s's tickets are %q, and the wallet shows %q", p.name, want, have)
		}
	}
}

func (k *papers) fail(format string, args ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wrong(format, args...)
}

// judgeRecord holds the record to what was acknowledged: nothing of it is lost, and
// nothing is there that nobody asked for.
func (k *papers) judgeRecord(t *books.Ticket) {
	k.mu.Lock()
	defer k.mu.Unlock()
	made := map[int]bool{0: true}
	open := 0
	for _, a := range k.acts {
		switch {
		case a.ended.IsZero():
			open++
		case a.generation == void:
			if t.State == ticketing.Valid {
				k.wrong("%s by %s made it void, and it is good", a.what, a.by)
			}
		case a.generation > int(t.Generation):
			k.wrong("%s by %s made generation %d, and it is at %d", a.what, a.by, a.generation, t.Generation)
		case a.generation == int(t.Generation) && a.holder != "" && a.holder != t.Email:
			k.wrong("%s by %s gave it to %s, and it is %s's", a.what, a.by, a.holder, t.Email)
		}
		made[a.generation] = true
	}
	lacking := 0
	for generation := range int(t.Generation) + 1 {
		if !made[generation] {
			lacking++
		}
	}
	if lacking > open {
		k.wrong("it is at generation %d, of which nobody asked for %d", t.Generation, lacking)
	}
	if t.State == ticketing.Blocked {
		k.wrong("it is blocked for ever")
	}
}

// judgeCodes holds what a gate says to every code that ever was to what the record says.
func (k *papers) judgeCodes(t *books.Ticket, p *post) {
	k.mu.Lock()
	defer k.mu.Unlock()
	entered := k.cameIn()
	for _, c := range k.codes {
		if !c.shows() {
			continue
		}
		now := k.town.clock.Now()
		a, err := p.Look(c.show(now))
		if err != nil {
			k.town.t.Error(err)
			continue
		}
		var so bool
		switch newest := c.generation == int(t.Generation); {
		case newest && t.State != ticketing.Valid:
			so = slices.Contains(voids, a.Reason)
		case !newest:
			so = a.Reason == admission.Superseded || t.State != ticketing.Valid && slices.Contains(voids, a.Reason)
		case entered:
			so = a.Reason == admission.AlreadyUsed
		default:
			so = a.Green()
		}
		if !so || a.Result != admission.Accept && a.Result != admission.Reject {
			k.wrong("%s says %s %s to generation %d; it is %s at %d, %s's, came in %v", p.name, a.Result, a.Reason, c.generation, t.State, t.Generation, t.Email, entered)
		}
		if c.picture != "" && now.Sub(c.pictured) > 2*time.Minute {
			if a, err := p.Look(c.picture); err != nil || a.Green() {
				k.wrong("%s lets in a picture of generation %d: %v", p.name, c.generation, err)
			}
		}
	}
}

// judgeEntries has every holder of a good ticket come in, at any gate.
func (w *town) judgeEntries(b *books.Books) {
	d := dice(5)
	for _, k := range w.all() {
		t := b.Tickets[k.id]
		if t.State != ticketing.Valid || slices.ContainsFunc(k.scans, func(s *scanned) bool { return s.green }) {
			continue
		}
		c := w.newestOf(k, &t)
		if c == nil {
			k.fail("%s has no code of generation %d, which is the record's", t.Email, t.Generation)
			continue
		}
		w.post(d).scan(c, t.Email)
		if last := k.scans[len(k.scans)-1]; !last.green {
			k.fail("%s, whom the record names, is not let in: %s", t.Email, last.reason)
		}
	}
}

// newestOf gives the code that a ticket's holder has for it; nil where they have none.
func (w *town) newestOf(k *papers, t *books.Ticket) *code {
	for _, p := range w.people {
		for _, ph := range p.phones {
			if p.email != t.Email {
				continue
			}
			for _, s := range ph.tickets {
				if s.papers == k && int(s.Generation) == int(t.Generation) {
					return k.codeOf(int(t.Generation))
				}
			}
		}
	}
	return nil
}

func (k *papers) codeOf(generation int) *code {
	for _, c := range k.codes {
		if c.generation == generation && c.shows() {
			return c
		}
	}
	return nil
}

// judgeConflicts holds the server's conflicts to what the gates let in: each entry too
// many is one of them, and nothing else is.
func (w *town) judgeConflicts(b *books.Books) {
	w.t.Helper()
	board, err := w.organiser.Doors.Board(w.t.Context(), event)
	w.must(err)
	state, err := w.organiser.Doors.State(w.t.Context(), event)
	w.must(err)
	have := map[ticket.ID]int{}
	for _, c := range board.Conflicts {
		have[c.Ticket] += len(c.Duplicates)
	}
	for _, k := range w.all() {
		var doubt time.Duration
		came := 0
		for _, a := range state.Past(journal.TicketID(k.id)) {
			if a.Result == admission.Accept && a.Direction == admission.In {
				came++
				doubt = max(doubt, time.Duration(a.Uncertainty)*time.Millisecond)
			}
		}
		k.judgeConflict(came, have[k.id], doubt+time.Second)
	}
}

// judgeConflict wants so many entries known that gates let in, and of the first that it
// is too many if it was with a code that was void then, of all others that they are.
func (k *papers) judgeConflict(came, tooMany int, doubt time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var green, surelyVoid, surelyGood int
	for _, s := range k.scans {
		if !s.green {
			continue
		}
		green++
		was, maybe := false, k.moves
		for _, a := range k.acts {
			if a.refused || a.generation <= s.code.generation && !a.ended.IsZero() {
				continue
			}
			was = was || !a.ended.IsZero() && a.ended.Before(s.begun.Add(-doubt))
			maybe = maybe || a.begun.Before(s.ended.Add(doubt))
		}
		switch {
		case was && !k.moves:
			surelyVoid++
		case !maybe:
			surelyGood++
		}
	}
	least, most := max(green-1, 0), green
	if surelyGood == green {
		most = least
	}
	if surelyVoid == green {
		least = most
	}
	if came != green {
		k.wrong("gates let in %d times, and the server knows of %d", green, came)
	}
	if tooMany < least || tooMany > most {
		k.wrong("%d came in, %d of them surely with a void code and %d with a good one, and %d of them are a conflict", green, surelyVoid, surelyGood, tooMany)
	}
}
