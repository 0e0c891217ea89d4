package aftersale

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"usher/crypto/ticket"
	"usher/e2e/books"
	"usher/e2e/rig"
	"usher/server/ticketing"
)

// offer has a phone's owner offer a ticket or two to somebody: to a friend by name, or
// by a link that they hand on.
func (p *phone) offer() {
	if len(p.tickets) == 0 || rig.Chance(p.Dice, 40) {
		p.look()
	}
	var ids []string
	for _, s := range p.tickets {
		if s.State == string(ticketing.Valid) && len(ids) < 2 && rig.Chance(p.Dice, 40) {
			ids = append(ids, s.ID)
		}
	}
	if len(ids) == 0 {
		return
	}
	body := map[string]any{"event": event, "ids": ids}
	if friend := p.town().people[p.Dice.IntN(len(p.town().people))]; rig.Chance(p.Dice, 60) {
		body["name"], body["email"] = friend.name, friend.email
	}
	var got struct{ Offer struct{ ID string } }
	if status, err := p.Call(http.MethodPost, "/wallet/offer", body, &got); err != nil || status != http.StatusOK {
		return // whether there is an offer nobody depends on: whoever has its link will see
	}
	p.offers = append(p.offers, got.Offer.ID)
}

// takeBack ends an offer, whether somebody has accepted it or not.
func (p *phone) takeBack() {
	if len(p.offers) == 0 {
		return
	}
	id := p.offers[p.Dice.IntN(len(p.offers))]
	if status, err := p.Call(http.MethodPost, "/wallet/take-back", map[string]string{"id": id}, nil); err != nil || status >= http.StatusBadRequest {
		return
	}
	w := p.town()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.takenBack[id] = w.clock.Now()
}

var offerLink = regexp.MustCompile(`/transfer/[0-9A-Za-z_-]{20,}`)

// accept uses a link to tickets that is in the mailbox, new or used, for oneself or for a
// friend to whom it was handed on.
func (p *person) accept() {
	links := p.town.mail.links(p.email, offerLink)
	if len(links) == 0 {
		return
	}
	link := links[p.dice.IntN(len(links))]
	if rig.Chance(p.dice, 60) {
		link = links[len(links)-1]
	}
	page, err := p.Insist(http.MethodGet, link, nil)
	if err != nil {
		return
	}
	f := page.Form(link)
	if f == nil {
		return
	}
	id, tickets := p.town.offerOf(link)
	to := p
	if rig.Chance(p.dice, 50) && len(f.Values["email"]) > 0 {
		to = p.town.people[p.dice.IntN(len(p.town.people))]
	}
	f.FillIn(to.name, to.email)
	began := p.town.clock.Now()
	var acts []*act
	for _, one := range tickets {
		acts = append(acts, p.town.of(one).begin("accept "+id[:8], p.name+" for "+to.name))
	}
	page, lost := p.press(f)
	switch {
	case page == nil:
	case strings.HasPrefix(page.Path, "/transfer/done"):
		p.town.mu.Lock()
		over := p.town.takenBack[id]
		p.town.mu.Unlock()
		for i, a := range acts {
			if !over.IsZero() && over.Before(began) {
				a.fail("%s accepts an offer that was taken back", p.name)
			}
			a.done(p.town.acceptedAs(tickets[i], id), to.email)
		}
	case !lost:
		for _, a := range acts {
			a.refuse(page.Status)
		}
	}
}

// offerOf gives which offer a link is of, and its tickets, as only the database says: a
// link tells nothing.
func (w *town) offerOf(link string) (id string, tickets []ticket.ID) {
	ctx, cancel := w.ctx()
	defer cancel()
	sum := sha256.Sum256([]byte("usher-transfer-v1/" + strings.TrimPrefix(link, "/transfer/")))
	w.note(books.Each(ctx, w.organiser.DB, `select id, tickets from transfer_offer where token = $1`, func(rows *sql.Rows) error {
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		return json.Unmarshal([]byte(text), &tickets)
	}, hex.EncodeToString(sum[:])))
	return id, tickets
}

// acceptedAs is the generation that an offer's acceptance has made of a ticket.
func (w *town) acceptedAs(id ticket.ID, offer string) (generation int) {
	ctx, cancel := w.ctx()
	defer cancel()
	generation = unchanged
	w.note(books.Each(ctx, w.organiser.DB, `select generation from ticket_passage where ticket = $1 and ref = $2`, func(rows *sql.Rows) error {
		return rows.Scan(&generation)
	}, id.String(), offer))
	if generation == unchanged {
		w.t.Errorf("offer %s was accepted, and nobody knows that ticket %s changed hands", offer, id.Short())
	}
	return generation
}
