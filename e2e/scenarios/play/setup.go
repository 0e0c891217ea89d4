package play

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/e2e/scenarios/script"
	"usher/e2e/scenarios/stage"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/journal"
)

// setUp brings about what the case begins with: the organiser's event and tickets
// first, then the devices, each at the instant of its last sync. Products that
// only tickets name come after that: no device has heard of them.
func (p *player) setUp(ctx context.Context) (err error) {
	p.clock = stage.NewClock(p.began())
	p.others = map[string][]*stage.Device{}
	p.devices, p.tickets, p.keys, p.nonces = map[string]*stage.Device{}, map[string]*holding{}, map[string]string{}, map[string]*said{}
	if p.server, err = stage.OpenServer(ctx, p.path("server"), p.database, p.clock); err != nil {
		return err
	}
	p.last = []string{p.event()}
	for _, e := range p.c.Setup.Others {
		p.last = append(p.last, eventCode(e.ID))
	}
	if err := p.apply(ctx, p.known()); err != nil {
		return err
	}
	if err := p.issueByKeys(ctx); err != nil {
		return err
	}
	if err := p.fill(ctx); err != nil {
		return err
	}
	if err := p.staff(ctx); err != nil {
		return err
	}
	if err := p.enrol(ctx); err != nil {
		return err
	}
	return p.issueUnknown(ctx)
}

// kind is a product of ours: one of the case's, of one session.
type kind struct{ product, session string }

func (k kind) code() string {
	if k.session == "" {
		return k.product
	}
	return k.product + "." + k.session
}

// known lists the products that the case declares, one for each session that
// tickets of it are for. A ticket's session is its product's: that is how a code
// says it without a network.
func (p *player) known() []kind {
	var list []kind
	for _, product := range p.c.Setup.Products {
		list = append(list, kind{product.ID, ""})
		for _, session := range p.c.Setup.Sessions {
			list = append(list, kind{product.ID, session})
		}
	}
	return list
}

func (p *player) declared(product string) bool {
	return slices.ContainsFunc(p.c.Setup.Products, func(d script.Product) bool { return d.ID == product })
}

// apply tells the server what the events are.
func (p *player) apply(ctx context.Context, kinds []kind) error {
	for _, e := range append([]script.Event{p.c.Setup.Event}, p.c.Setup.Others...) {
		spec, err := p.spec(e, kinds)
		if err != nil {
			return err
		}
		if _, err := p.server.Catalog.Apply(ctx, spec); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) spec(e script.Event, kinds []kind) (*catalog.Spec, error) {
	s := &catalog.Spec{
		File: "case", Code: eventCode(e.ID), Name: e.ID, Zone: e.TZ, Starts: e.Starts.Unix(), Ends: e.Ends.Unix(),
		Policy: journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15, Tolerance: 300},
	}
	if e.Admission != nil {
		s.Admission = e.Admission.Unix()
	}
	for _, g := range p.c.Setup.Gates {
		if g.Event != e.ID {
			continue
		}
		spec, err := p.gateSpec(g, kinds)
		if err != nil {
			return nil, fmt.Errorf("gate %s: %w", g.ID, err)
		}
		s.Gates = append(s.Gates, spec)
		at := slices.IndexFunc(s.Zones, func(z catalog.ZoneSpec) bool { return z.Code == g.Zone })
		if at < 0 {
			at = len(s.Zones)
			s.Zones = append(s.Zones, catalog.ZoneSpec{Code: g.Zone, Name: g.Zone, Capacity: g.Capacity})
		}
		if g.ExitAllAt != nil {
			s.Zones[at].CheckOut = append(s.Zones[at].CheckOut, g.ExitAllAt.Unix())
		}
	}
	if len(s.Zones) == 0 {
		s.Zones = []catalog.ZoneSpec{{Code: "main", Name: "main"}}
	}
	zones := make([]string, len(s.Zones))
	for i, z := range s.Zones {
		slices.Sort(s.Zones[i].CheckOut)
		zones[i] = z.Code
	}
	for _, k := range kinds {
		if product, here := p.productSpec(e, k, zones); here {
			s.Products = append(s.Products, product)
		}
	}
	if len(s.Products) == 0 {
		s.Products = []catalog.ProductSpec{{Code: "none", Name: "none", Zones: zones}}
	}
	return s, nil
}

func (p *player) productSpec(e script.Event, k kind, zones []string) (catalog.ProductSpec, bool) {
	spec := catalog.ProductSpec{Code: k.code(), Name: k.product, Zones: zones, Session: k.session}
	for _, product := range p.c.Setup.Products {
		if product.ID != k.product {
			continue
		}
		spec.Attention, spec.Text = product.Attention, product.Text
		for _, q := range product.Questions {
			if q.AskAtGate {
				spec.Questions = append(spec.Questions, journal.Question{Code: q.ID, Text: q.ID, Kind: questionKind(q.Type), Required: q.Required, Choices: q.Choices})
			}
		}
		return spec, product.Event == e.ID
	}
	return spec, e.ID == p.c.Setup.Event.ID
}

// questionKind gives our word for a type of question.
func questionKind(of string) string {
	switch of {
	case "boolean", "bool", "yes_no":
		return "yes_no"
	case "choice", "select":
		return "choice"
	case "number":
		return "number"
	}
	return "text"
}

func (p *player) gateSpec(g script.Gate, kinds []kind) (catalog.GateSpec, error) {
	if g.AddonMatch {
		return catalog.GateSpec{}, errors.New("addon_match is not known: our tickets have no add-ons")
	}
	spec := catalog.GateSpec{
		Code: g.ID, Name: g.ID, Zone: g.Zone, All: g.Products.All, NoReentry: !g.ReentryAfterExit,
		Session: g.Session, TakesUnpaid: g.IncludePending, StaleAfter: 60 * g.StaleAfterMinutes,
	}
	for _, k := range kinds {
		if slices.Contains(g.Products.List, k.product) {
			spec.Products = append(spec.Products, k.code())
		}
	}
	switch g.EntryMode {
	case "single", "":
	case "multi":
		spec.Multi = true
	default:
		return spec, fmt.Errorf("unknown entry_mode %q", g.EntryMode)
	}
	for i, members := range g.Rules {
		rules, err := ruleOf(members)
		if err != nil {
			return spec, fmt.Errorf("rule %d: %w", i+1, err)
		}
		spec.Rules = append(spec.Rules, rules)
	}
	return spec, nil
}

// ruleOf reads a rule. An operator that nobody knows becomes a rule of that kind,
// as a newer server would send it.
func ruleOf(members map[string]json.RawMessage) (journal.Rule, error) {
	var r journal.Rule
	for name, value := range members {
		var err error
		condition := true
		switch name {
		case "tolerance_min":
			condition, err = false, json.Unmarshal(value, &r.Tolerance)
		case "text":
			condition, err = false, json.Unmarshal(value, &r.Text)
		case "not_before", "not_after", "not_before_local_time":
			err = json.Unmarshal(value, &r.Field)
		case "weekdays":
			err = json.Unmarshal(value, &r.Days)
		case "gates":
			err = json.Unmarshal(value, &r.Gates)
		case "max_entries_since", "max_entries_before":
			var limit struct {
				Cutoff time.Time `json:"cutoff"`
				Max    int64     `json:"max"`
			}
			err = json.Unmarshal(value, &limit)
			r.Cutoff, r.N = limit.Cutoff.Unix(), limit.Max
		case "max_entries", "max_entries_per_day", "max_days", "cooldown_minutes", "max_minutes_since_first_entry":
			err = json.Unmarshal(value, &r.N)
		}
		if err != nil {
			return r, fmt.Errorf("%s: %w", name, err)
		}
		if !condition {
			continue
		}
		if r.Kind != "" {
			return r, fmt.Errorf("it has two conditions, %s and %s", r.Kind, name)
		}
		r.Kind = name
	}
	return r, nil
}

// issueByKeys issues the tickets, each by the key that it is signed by: a key signs
// until the next one takes its place.
func (p *player) issueByKeys(ctx context.Context) error {
	names := p.c.Setup.Keys
	if len(names) == 0 {
		names = []string{""}
	}
	for i, name := range names {
		if i > 0 {
			if _, err := p.server.Catalog.Rotate(ctx, p.event()); err != nil {
				return err
			}
		}
		key, err := p.server.Vault.Issuer(ctx, p.event())
		if err != nil {
			return err
		}
		p.keys[name] = key.ID().String()
		for _, t := range p.c.Setup.Tickets {
			signer := t.SignedBy
			if !slices.Contains(names, signer) {
				signer = names[len(names)-1]
			}
			if signer != name || !p.declared(t.Product) {
				continue
			}
			if err := p.issue(ctx, t); err != nil {
				return fmt.Errorf("ticket %s: %w", t.ID, err)
			}
		}
	}
	return nil
}

// issueUnknown issues the tickets of products that no device has heard of.
func (p *player) issueUnknown(ctx context.Context) error {
	kinds := p.known()
	var late []script.Ticket
	for _, t := range p.c.Setup.Tickets {
		if p.declared(t.Product) {
			continue
		}
		late = append(late, t)
		if k := (kind{t.Product, t.Session}); !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	if len(late) == 0 {
		return nil
	}
	if err := p.apply(ctx, kinds); err != nil {
		return err
	}
	for _, t := range late {
		if err := p.issue(ctx, t); err != nil {
			return fmt.Errorf("ticket %s: %w", t.ID, err)
		}
	}
	return nil
}

func (p *player) issue(ctx context.Context, t script.Ticket) error {
	event := p.event()
	if t.Event != "" {
		event = eventCode(t.Event)
	}
	e, err := p.server.Catalog.Event(ctx, event)
	if err != nil {
		return err
	}
	code := kind{t.Product, t.Session}.code()
	at := slices.IndexFunc(e.Products, func(product journal.Product) bool { return product.Code == code })
	if at < 0 {
		return fmt.Errorf("event %s has no product %q", event, code)
	}
	made, err := p.server.Tickets.Issue(ctx, event, ticketing.Attendee{
		External: t.ID, Name: cmp.Or(t.Holder, "Guest "+t.ID), Email: t.Email, Product: e.Products[at].Number,
		NotBefore: unix(t.ValidFrom), Expires: unix(t.ValidUntil), Admissions: max(1, t.Admissions),
		Order: t.Order, Note: t.OrderText, Unpaid: t.Status == "pending", Answers: ticketing.AnswersOf(t.Answers), Seat: seatFor(t.PayloadBytes),
	})
	if err != nil {
		return err
	}
	h := &holding{Ticket: t, id: made.ID, codes: []string{made.Token}, event: event}
	p.tickets[t.ID] = h
	if _, known := p.keys[t.SignedBy]; t.SignedBy != "" && !known {
		if h.codes[0], err = foreign(made); err != nil {
			return err
		}
	}
	return p.state(ctx, h, made)
}

// seatFor fills a code that is to be long: our tickets are closed, so the longest
// seat is as much as one can say.
func seatFor(bytes int) string { return strings.Repeat("S", min(24, max(0, bytes-40))) }

// state brings the ticket into the state that the case begins with.
func (p *player) state(ctx context.Context, h *holding, made ticketing.Ticket) error {
	var err error
	switch h.Status {
	case "paid", "pending", "":
	case "expired", "cancelled", "canceled": // an order that was never paid is cancelled
		_, err = p.server.Tickets.Revoke(ctx, made, ticketing.Cancelled, "as the case has it")
	default:
		return fmt.Errorf("unknown status %q", h.Status)
	}
	if err != nil {
		return err
	}
	switch h.CodeState {
	case "active", "":
	case "revoked":
		_, err = p.server.Tickets.Revoke(ctx, made, ticketing.Revoked, "as the case has it")
	case "blocked":
		_, err = p.server.Tickets.Revoke(ctx, made, ticketing.Blocked, "as the case has it")
	case "superseded", "reissued":
		made, err = p.server.Tickets.Reissue(ctx, made, "as the case has it")
		h.codes = append(h.codes, made.Token)
	default:
		return fmt.Errorf("unknown code_state %q", h.CodeState)
	}
	return err
}

// foreign signs the ticket's claims with a key that is in no ring.
func foreign(made ticketing.Ticket) (string, error) {
	key, err := keyring.FromSeed(bytes.Repeat([]byte{0x5a}, keyring.SeedSize))
	if err != nil {
		return "", err
	}
	return ticket.Issue(ticket.Claims{Event: made.Event, ID: made.ID, Product: made.Product, Admissions: made.Admissions}, key)
}

func unix(at *time.Time) int64 {
	if at == nil {
		return 0
	}
	return at.Unix()
}

// fill issues the unnamed tickets, a page at a time.
func (p *player) fill(ctx context.Context) error {
	for _, text := range p.fillerLists("") {
		if _, err := p.server.Tickets.Import(ctx, p.event(), "fillers.csv", strings.NewReader(text), nil); err != nil {
			return err
		}
	}
	if p.c.Setup.Filler == 0 {
		return nil
	}
	return p.server.Tickets.Each(ctx, p.event(), func(t ticketing.Ticket) error {
		if strings.HasPrefix(t.External, fillerPrefix) {
			p.fillers = append(p.fillers, t.Token)
		}
		return nil
	})
}

const fillerPrefix = "filler-"

// fillerLists gives the unnamed tickets as lists of a page each.
func (p *player) fillerLists(note string) []string {
	page := p.c.Setup.PageSize
	if page <= 0 {
		page = max(1, p.c.Setup.Filler)
	}
	product := kind{}
	for _, k := range p.known() {
		if product == (kind{}) {
			product = k
		}
	}
	var lists []string
	for from := 0; from < p.c.Setup.Filler; from += page {
		var b strings.Builder
		b.WriteString("external_id,name,email,product,note\n")
		for n := from; n < min(from+page, p.c.Setup.Filler); n++ {
			fmt.Fprintf(&b, "%s%06d,Filler %d,,%s,%s\n", fillerPrefix, n, n, product.code(), note)
		}
		lists = append(lists, b.String())
	}
	return lists
}

// recordsOfPage is how many records a page of tickets takes: the tickets, and who
// holds them.
const recordsOfPage = 2

// enrol makes the devices gates, in the order of their last syncs.
func (p *player) enrol(ctx context.Context) error {
	list := slices.Clone(p.c.Setup.Devices)
	slices.SortStableFunc(list, func(a, b script.Device) int { return cmp.Compare(unix(a.SyncedAt), unix(b.SyncedAt)) })
	for _, d := range list {
		if len(d.Gates) == 0 {
			return fmt.Errorf("device %s is at no gate", d.ID)
		}
		role, err := roleOf(d)
		if err != nil {
			return fmt.Errorf("device %s: %w", d.ID, err)
		}
		page := 0
		if p.c.Setup.PageSize > 0 {
			page = recordsOfPage
		}
		if d.SyncedAt != nil {
			p.clock.Set(*d.SyncedAt)
		}
		for i, at := range p.enrolments(d) {
			skew := time.Duration(d.ClockSkewS) * time.Second
			made, err := stage.NewDevice(ctx, p.server, p.path(fmt.Sprintf("%s-%d", d.ID, i)), d.ID, at.event, at.gate, role, skew, page)
			if err != nil {
				return fmt.Errorf("device %s: %w", d.ID, err)
			}
			if i == 0 {
				p.devices[d.ID] = made
			} else {
				p.others[d.ID] = append(p.others[d.ID], made)
			}
			if d.SyncedAt == nil {
				continue
			}
			if err := made.SyncOnce(ctx, stage.Both); err != nil {
				return fmt.Errorf("device %s: its first sync: %w", d.ID, err)
			}
		}
	}
	return nil
}

// place is a gate of an event.
type place struct{ event, gate string }

// enrolments gives the gates at which a device stands: the first of each event.
func (p *player) enrolments(d script.Device) []place {
	var list []place
	for _, id := range d.Gates {
		at := place{p.event(), id}
		for _, g := range p.c.Setup.Gates {
			if g.ID == id {
				at.event = eventCode(g.Event)
			}
		}
		if !slices.ContainsFunc(list, func(have place) bool { return have.event == at.event }) {
			list = append(list, at)
		}
	}
	return list
}

// roleOf gives the role with what a device of the case has: full data are the
// guest list, which supervisors have.
func roleOf(d script.Device) (grant.Role, error) {
	if d.QuestionsSupported != nil && !*d.QuestionsSupported {
		return grant.RoleKiosk, nil
	}
	switch d.Data {
	case "full":
		return grant.RoleSupervisor, nil
	case "keys_only", "":
		return grant.RoleScanner, nil
	}
	return "", fmt.Errorf("unknown data %q", d.Data)
}
