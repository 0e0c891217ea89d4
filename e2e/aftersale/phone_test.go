package aftersale

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/e2e/rig"
	"usher/e2e/visitor"
	"usher/server/ticketing"
)

// phone is a browser with a key, as the wallet's page makes one.
type phone struct {
	*visitor.Browser
	person *person
	name   string
	key    *keyring.Signer

	in      bool // it is signed in
	byMail  bool // with the whole address
	tickets []*shown
	offers  []string // that were made with it
}

// shown is a ticket as the wallet gives it.
type shown struct {
	Event      string `json:"event"`
	ID         string `json:"id"`
	State      string `json:"state"`
	Code       string `json:"code"`
	Generation uint16 `json:"generation"`
	Bound      *struct {
		Phone  string `json:"phone"`
		Ticket string `json:"ticket"`
	} `json:"bound"`

	papers *papers
	code   *code // nil: it shows none
}

func (p *phone) public() string { return base64.RawURLEncoding.EncodeToString(p.key.Public()) }

var enterLink = regexp.MustCompile(`/wallet/enter/[0-9A-Za-z_-]{43}`)

// mayAsk is how many links somebody asks for while they live. Five are mailed in an
// hour, one whose answer was lost is asked for again, and in the end there has to be one
// more.
const mayAsk = 2

// enter signs in, by a mailed link or with the link of an order.
func (p *phone) enter(byMail bool) {
	if !byMail && len(p.person.orders) > 0 {
		path := p.person.orders[p.person.dice.IntN(len(p.person.orders))]
		page, err := p.Insist(http.MethodPost, "/wallet/keep", url.Values{"order": {path}})
		p.in = p.in || err == nil && page.Path == "/wallet"
		return
	}
	p.person.asked++
	before := len(p.town().mail.links(p.person.email, enterLink))
	if _, err := p.Insist(http.MethodPost, "/wallet/ask", url.Values{"email": {p.person.email}}); err != nil {
		return
	}
	patience := 15 // pauses
	if p.Calm.Load() {
		patience = 150 // nobody leaves any more
	}
	for range patience {
		links := p.town().mail.links(p.person.email, enterLink)
		if len(links) == before {
			p.Pause(60, 120)
			continue
		}
		page, err := p.Insist(http.MethodGet, links[len(links)-1], nil)
		if err != nil {
			return
		}
		f := page.Form(links[len(links)-1])
		if f == nil {
			return // an older one was in the way
		}
		if page, err = p.Insist(http.MethodPost, f.Action, f.Values); err == nil && page.Path == "/wallet" {
			p.in, p.byMail = true, true
		}
		return
	}
}

func (p *phone) town() *town { return p.person.town }

// look loads the tickets, and says whether it could.
func (p *phone) look() bool {
	if !p.in || !p.byMail && rig.Chance(p.Dice, 10) {
		p.enter(rig.Chance(p.Dice, 50) && p.person.asked < mayAsk)
	}
	if !p.in {
		return false
	}
	var got struct{ Tickets []*shown }
	asked := p.town().clock.Now()
	status, err := p.Call(http.MethodGet, "/wallet/tickets.json", nil, &got)
	if status == http.StatusUnauthorized {
		p.in, p.byMail = false, false
	}
	if err != nil || status != http.StatusOK {
		return false
	}
	p.tickets = got.Tickets
	for _, s := range p.tickets {
		p.take(s, asked)
	}
	return true
}

// take notes a ticket that the wallet gave.
func (p *phone) take(s *shown, asked time.Time) {
	id, err := ticket.ParseID(s.ID)
	if err != nil {
		p.T.Error(err)
		return
	}
	s.papers = p.town().of(id)
	c := &code{generation: int(s.Generation), text: s.Code}
	if s.Bound != nil {
		if c.signed, err = base64.RawURLEncoding.DecodeString(s.Bound.Ticket); err != nil {
			p.T.Error(err)
		}
		c.public = s.Bound.Phone
		c.key = p.person.keyOf(s.Bound.Phone)
	}
	if s.State != string(ticketing.Valid) || c.text == "" && c.signed == nil {
		return
	}
	c = s.papers.saw(c, p.name, asked)
	if c.signed == nil || c.public == p.public() {
		s.code = c
	}
}

// keyOf gives a key by its public half: of one of the person's phones.
func (p *person) keyOf(public string) *keyring.Signer {
	for _, one := range p.phones {
		if one.public() == public {
			return one.key
		}
	}
	return nil
}

// anyCode gives a code that the phone can show; nil where it has none.
func (p *phone) anyCode() *code {
	var list []*code
	for _, s := range p.tickets {
		if s.code != nil {
			list = append(list, s.code)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[p.Dice.IntN(len(list))]
}

// bind has this phone show a ticket, taking it over where another one does.
func (p *phone) bind() {
	if len(p.tickets) == 0 || rig.Chance(p.Dice, 40) {
		p.look()
	}
	if len(p.tickets) == 0 {
		return
	}
	s := p.tickets[p.Dice.IntN(len(p.tickets))]
	if s.State != string(ticketing.Valid) || s.Bound != nil && s.Bound.Phone == p.public() {
		return
	}
	p.change(s, "bind on phone "+p.public()[:4], func(into any) (int, error) { return p.claim(s, into) })
}

// renew has a ticket get a new code: the one before was lost.
func (p *phone) renew() {
	if s := p.anyGood(); s != nil {
		p.change(s, fmt.Sprintf("renew %x", p.Dice.Uint32()), func(into any) (int, error) {
			return p.Call(http.MethodPost, "/wallet/renew", map[string]any{"event": s.Event, "id": s.ID, "generation": s.Generation}, into)
		})
	}
}

// change asks for another code of a ticket until there is an answer.
func (p *phone) change(s *shown, what string, ask func(into any) (int, error)) {
	a := s.papers.begin(what, p.name)
	asked := p.town().clock.Now()
	var got struct{ Ticket *shown }
	lost := false // an answer: it may be done
	for range 4 {
		status, err := ask(&got)
		if err != nil || status == http.StatusServiceUnavailable {
			lost = lost || err != nil
			p.Pause(50, 300)
			continue
		}
		if status == http.StatusOK {
			a.done(int(got.Ticket.Generation), "")
			*s = *got.Ticket
			p.take(s, asked)
			return
		}
		if !lost {
			a.refuse(status)
		}
		p.look()
		return
	}
	if !lost {
		a.refuse("no answer to what it needs first")
	}
}

// claim asks for a challenge, answers it, and gives the answer's status. An error says
// that no answer came: whether anything was done nobody knows.
func (p *phone) claim(s *shown, into any) (int, error) {
	var drawn struct{ Challenge string }
	status, err := p.Call(http.MethodPost, "/wallet/challenge", struct{}{}, &drawn)
	if err != nil {
		return http.StatusServiceUnavailable, nil // nothing was done
	}
	if status != http.StatusOK {
		return status, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(drawn.Challenge)
	if err != nil {
		return 0, err
	}
	payload, err := ticketing.ClaimPayload(raw, s.Event, s.papers.id, s.Generation)
	if err != nil {
		return 0, err
	}
	signature := p.key.Sign(keyring.ProtectedEdDSA, "usher-bind-v1", payload)
	return p.Call(http.MethodPost, "/wallet/bind", map[string]any{
		"event": s.Event, "id": s.ID, "generation": s.Generation, "take_over": true, "challenge": drawn.Challenge,
		"phone": p.public(), "signature": base64.RawURLEncoding.EncodeToString(signature[:]),
	}, into)
}
