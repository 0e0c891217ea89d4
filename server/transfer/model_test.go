package transfer

import (
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// none is no phone and no offer.
const none = -1

// copyOf is what a ticket has to be.
type copyOf struct {
	ticketing.Ticket // as it was issued
	holder           ticketing.Holder
	generation       uint16
	hands            int // how often it was given away
	void             bool
	phone            int // which one shows it
	pending          int // which offer is under way with it
}

// seen is the ticket as its holder has seen it.
func (c *copyOf) seen() ticketing.Ticket {
	t := c.Ticket
	t.Name, t.Email = c.holder.Name, c.holder.Email
	return t
}

// offered is what an offer has to be.
type offered struct {
	Offer        // as it was made
	state  State // as its row says
	token  string
	copies []*copyOf
}

// machine does to two tickets what may be done to them, at two servers, in any order.
type machine struct {
	t       *testing.T
	servers []*world
	people  []ticketing.Holder
	phones  []*keyring.Signer
	copies  []*copyOf // by their ids
	offers  []*offered
}

// Whatever happens to tickets, in whatever order, they are whose they have to be, with
// the code and the phone that they have to have, and free unless an open offer has
// them; every act is told so.
func TestWhateverHappens(t *testing.T) {
	shoptest.Fewer(t, "10")
	onEach(t, func(t *testing.T, w *world) {
		m := &machine{t: t, servers: []*world{w, w.beside()}}
		for range 2 {
			phone, err := keyring.Generate(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			m.phones = append(m.phones, phone)
		}
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			m.begin(n)
			rt.Repeat(map[string]func(*rapid.T){
				"offer": m.offer, "accept": m.accept, "take back": m.takeBack, "time": m.timePasses, "expire": m.expire,
				"bind": m.bind, "reissue": m.reissue, "void": m.void, "make good": m.makeGood, "": m.holds,
			})
			m.ends(rt)
		})
	})
}

// begin gives new people new tickets.
func (m *machine) begin(n int) {
	w := m.servers[0]
	w.Time.Set(start)
	m.people, m.copies, m.offers = nil, nil, nil
	for _, name := range []string{"Ada", "Bea", "Cleo"} {
		m.people = append(m.people, ticketing.Holder{Name: name, Email: fmt.Sprintf("p%d-%d@example.org", n, len(m.people))})
	}
	for _, k := range w.issue(handy, m.people[0], 2) {
		m.copies = append(m.copies, &copyOf{Ticket: k, holder: m.people[0], phone: none, pending: none})
	}
	slices.SortFunc(m.copies, func(a, b *copyOf) int { return slices.Compare(a.ID[:], b.ID[:]) })
}

func (m *machine) server(rt *rapid.T) *world {
	return m.servers[rapid.IntRange(0, len(m.servers)-1).Draw(rt, "server")]
}
func (m *machine) copy(rt *rapid.T) *copyOf {
	return m.copies[rapid.IntRange(0, len(m.copies)-1).Draw(rt, "ticket")]
}
func (m *machine) now() time.Time { return m.servers[0].Time.Now() }

// some picks an offer; there is none at first, and none of its id or its link.
func (m *machine) some(rt *rapid.T) (int, *offered) {
	if len(m.offers) == 0 {
		return none, &offered{Offer: Offer{ID: "none"}, token: "none"}
	}
	i := rapid.IntRange(0, len(m.offers)-1).Draw(rt, "offer")
	return i, m.offers[i]
}

// answers wants an error of a kind that says where, or none for the kind "".
func answers(rt *rapid.T, what string, err error, kind fault.Kind, where string) {
	rt.Helper()
	if kind == "" && err == nil {
		return
	}
	if f, is := err.(*fault.Error); kind == "" || !is || f.Kind != kind || f.Where != where {
		rt.Fatalf("%s: %v; want %q %q", what, err, kind, where)
	}
}

// why is the reason for which tickets can't be offered.
func (m *machine) why(copies []*copyOf) Why {
	for _, c := range copies {
		switch {
		case c.void:
			return NotGood
		case !m.now().Before(start.Add(76 * time.Hour)):
			return Late
		case c.hands >= 4:
			return Often
		case c.pending != none:
			return Offered
		}
	}
	return ""
}

func (m *machine) offer(rt *rapid.T) {
	copies := m.copies
	if !rapid.Bool().Draw(rt, "both") {
		copies = []*copyOf{m.copy(rt)}
	}
	a := Asked{Event: handy, From: copies[0].holder, Language: "en"}
	for _, c := range copies {
		a.Tickets = append(a.Tickets, c.seen())
	}
	w := m.server(rt)
	lately := 0
	for _, o := range m.offers {
		if o.From == a.From && o.Made.After(m.now().Add(-time.Hour)) {
			lately++
		}
	}
	o, err := w.Offer(m.t.Context(), a)
	if lately >= perHour {
		answers(rt, "one offer too many", err, fault.TooMany, "")
		return
	}
	if why := m.why(copies); why != "" {
		answers(rt, "offering", err, fault.Refused, string(why))
		return
	}
	answers(rt, "offering", err, "", "")
	token, err := w.token(m.t.Context(), o.ID)
	if err != nil {
		rt.Fatal(err)
	}
	for _, c := range copies {
		c.pending = len(m.offers)
	}
	m.offers = append(m.offers, &offered{Offer: o, state: Open, token: token, copies: copies})
}

// looks is how an offer stands in truth.
func (m *machine) looks(i int) State {
	o := m.offers[i]
	switch {
	case o.state != Open:
		return o.state
	case !m.now().Before(o.Until):
		return Expired
	case m.changed(i):
		return Void
	}
	return Open
}

// changed says whether a ticket of an open offer has changed otherwise.
func (m *machine) changed(i int) bool {
	return slices.ContainsFunc(m.offers[i].copies, func(c *copyOf) bool { return c.pending != i })
}

// end ends an offer, and frees its tickets.
func (m *machine) end(i int, to State) {
	m.offers[i].state = to
	for _, c := range m.offers[i].copies {
		if c.pending == i {
			c.pending = none
		}
	}
}

func (m *machine) accept(rt *rapid.T) {
	i, o := m.some(rt)
	to := m.people[rapid.IntRange(0, len(m.people)-1).Draw(rt, "by")]
	_, err := m.server(rt).Accept(m.t.Context(), o.token, to, "en")
	if i == none {
		answers(rt, "accepting nothing", err, fault.NotFound, "")
		return
	}
	if state := m.looks(i); state != Open {
		answers(rt, "accepting", err, fault.Expired, string(state))
		return
	}
	answers(rt, "accepting", err, "", "")
	m.end(i, Accepted)
	for _, c := range o.copies {
		c.holder, c.phone = to, none
		c.generation++
		c.hands++
	}
}

func (m *machine) takeBack(rt *rapid.T) {
	i, o := m.some(rt)
	_, err := m.server(rt).TakeBack(m.t.Context(), o.ID)
	if i == none {
		answers(rt, "taking nothing back", err, fault.NotFound, "")
		return
	}
	if o.state != Open && o.state != TakenBack {
		answers(rt, "taking back", err, fault.Expired, string(o.state))
		return
	}
	answers(rt, "taking back", err, "", "")
	m.end(i, TakenBack)
}

func (m *machine) timePasses(rt *rapid.T) {
	m.servers[0].Time.Pass(rapid.SampledFrom([]time.Duration{time.Minute, 2 * time.Hour, 12 * time.Hour}).Draw(rt, "how long"))
}

func (m *machine) expire(rt *rapid.T) {
	n, err := m.server(rt).Expire(m.t.Context())
	due := 0
	for i, o := range m.offers {
		if o.state != Open || m.now().Before(o.Until) {
			continue
		}
		due++
		if m.changed(i) {
			m.end(i, Void)
		} else {
			m.end(i, Expired)
		}
	}
	if err != nil || n != due {
		rt.Fatalf("%d offers end, %v; want %d", n, err, due)
	}
}

// bind has a phone show a ticket, which leaves an offer as it is.
func (m *machine) bind(rt *rapid.T) {
	c, at := m.copy(rt), rapid.IntRange(0, len(m.phones)-1).Draw(rt, "phone")
	claim := ticketing.Claim{Holder: m.phones[at].Public(), Generation: c.generation, TakeOver: rapid.Bool().Draw(rt, "take over"), Challenge: []byte("what the server drew")}
	payload, err := ticketing.ClaimPayload(claim.Challenge, c.Event, c.ID, c.generation)
	if err != nil {
		rt.Fatal(err)
	}
	sig := m.phones[at].Sign(keyring.ProtectedEdDSA, "usher-bind-v1", payload)
	claim.Signature = sig[:]
	_, _, err = m.server(rt).Tickets.Bind(m.t.Context(), c.seen(), claim)
	switch {
	case c.phone == at && !c.void:
		answers(rt, "the same phone again", err, "", "")
	case c.phone != none && !claim.TakeOver:
		answers(rt, "another phone", err, fault.Exists, "")
	case c.void:
		answers(rt, "a phone for a void ticket", err, fault.Refused, "")
	default:
		answers(rt, "a phone", err, "", "")
		c.phone = at
		c.generation++
	}
}

func (m *machine) reissue(rt *rapid.T) {
	c := m.copy(rt)
	_, err := m.server(rt).Tickets.Reissue(m.t.Context(), c.Ticket, "lost")
	if c.void {
		answers(rt, "reissuing", err, fault.Refused, "")
		return
	}
	answers(rt, "reissuing", err, "", "")
	c.phone, c.pending = none, none
	c.generation++
}

func (m *machine) void(rt *rapid.T) {
	c := m.copy(rt)
	_, err := m.server(rt).Tickets.Revoke(m.t.Context(), c.Ticket, ticketing.Revoked, "rain")
	answers(rt, "revoking", err, "", "")
	c.void, c.pending = true, none
}

func (m *machine) makeGood(rt *rapid.T) {
	c := m.copy(rt)
	_, err := m.server(rt).Tickets.Reactivate(m.t.Context(), c.Ticket, "sun")
	answers(rt, "making good", err, "", "")
	c.void = false
}

// holds wants that all is as the model says.
func (m *machine) holds(rt *rapid.T) {
	w, ctx := m.server(rt), m.t.Context()
	ids := []ticket.ID{m.copies[0].ID, m.copies[1].ID}
	tickets, err := w.Tickets.Of(ctx, handy, ids)
	if err != nil {
		rt.Fatal(err)
	}
	s, err := w.standing(ctx, w.DB.Read(), handy, ids)
	if err != nil {
		rt.Fatal(err)
	}
	open, err := w.OpenFor(ctx, handy, ids)
	if err != nil {
		rt.Fatal(err)
	}
	for i, c := range m.copies {
		k := tickets[i]
		under, busy := s.pending[c.ID]
		if k.Name != c.holder.Name || k.Email != c.holder.Email || k.Generation != c.generation || (k.State != ticketing.Valid) != c.void || k.Bound() != (c.phone != none) || len(s.hands[c.ID]) != c.hands {
			rt.Fatalf("ticket %d, after %d hands: %+v; want %+v", i, len(s.hands[c.ID]), k, c)
		}
		if busy != (c.pending != none) || busy && (under.What != ticketing.Transfer || under.Ref != m.offers[c.pending].ID) {
			rt.Fatalf("with ticket %d is under way %+v, %v; want offer %d", i, under, busy, c.pending)
		}
		back := busy && m.now().Before(m.offers[c.pending].Until)
		if o, there := open[c.ID]; there != back || back && o.ID != m.offers[c.pending].ID {
			rt.Fatalf("of ticket %d is to be taken back %+v, %v; want offer %d", i, o, there, c.pending)
		}
	}
	for i, o := range m.offers[max(0, len(m.offers)-3):] {
		i += max(0, len(m.offers)-3)
		if got, err := w.Peek(ctx, o.token); err != nil || got.State != m.looks(i) {
			rt.Fatalf("the link of offer %d leads to one that is %s, %v; want %s", i, got.State, err, m.looks(i))
		}
	}
}

// ends lets the time of all offers pass: nothing is under way with a ticket then.
func (m *machine) ends(rt *rapid.T) {
	m.servers[0].Time.Pass(12 * time.Hour)
	m.expire(rt)
	m.holds(rt)
}
