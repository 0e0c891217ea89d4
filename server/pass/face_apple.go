package pass

import (
	"context"
	"strings"
	"time"

	"usher/server/pass/apple"
	"usher/server/ticketing"
)

// Service is where devices of Apple ask for their passes, below the server's address.
const Service = "/passes"

// The colours of a pass: those of the sign, and what is read on them.
const (
	ground = "rgb(11, 84, 56)"
	ink    = "rgb(255, 255, 255)"
	label  = "rgb(190, 226, 209)"
)

// page writes the fields of a pass. A field's label and words stand in English, which is
// their key in the files of the languages.
type page struct {
	*Passes
	texts map[string]map[string]string
}

// t gives a message's key, and has its translations go along.
func (w *page) t(key string) string {
	english := w.book.English().Say(key, nil)
	for language, text := range w.said(key) {
		if w.texts[language] == nil {
			w.texts[language] = map[string]string{}
		}
		w.texts[language][english] = text
	}
	return english
}

// applePass writes the pass of a ticket. One that isn't good shows no code.
func (p *Passes) applePass(ctx context.Context, serial string, t *ticketing.Ticket, f facts, good bool) ([]byte, error) {
	token, err := p.tokenOf(ctx, serial)
	if err != nil {
		return nil, err
	}
	e := f.event
	w := &page{p, map[string]map[string]string{}}
	starts := e.Local(e.Starts)
	made := apple.Pass{
		Serial: serial, Organisation: p.seller(f), Description: w.t("pass.description"),
		Relevant: starts.Format(time.RFC3339), Expires: e.Local(e.Ends).Format(time.RFC3339),
		Relevants: []apple.Span{{Start: e.Local(f.opens()).Format(time.RFC3339), End: e.Local(e.Ends).Format(time.RFC3339)}},
		Voided:    !good, NoSharing: true, Foreground: ink, Background: ground, Label: label,
	}
	// A device takes no service over plain HTTP; a pass without one stays as it is.
	if at := p.Public(ctx); strings.HasPrefix(at, "https://") {
		made.Service, made.Token = at+Service, token
	}
	if geo := f.geo(); geo != nil {
		made.Locations = []apple.Location{{Latitude: geo.Lat, Longitude: geo.Lon}}
	}
	if good {
		made.Barcodes = apple.QR(t.Token, t.ID.Short())
	}
	made.Ticket = w.fields(t, f, good)
	made.Texts = w.texts
	return p.Apple.Pack(made)
}

// opens is when somebody may be let in first.
func (f facts) opens() int64 {
	if f.event.Admission != 0 {
		return f.event.Admission
	}
	return f.event.Starts
}

func (w *page) fields(t *ticketing.Ticket, f facts, good bool) (out apple.Fields) {
	e := f.event
	add := func(to *[]apple.Field, key, label, value string) {
		if value != "" {
			*to = append(*to, apple.Field{Key: key, Label: w.t(label), Value: value})
		}
	}
	english := w.book.English()
	out.Primary = []apple.Field{{Key: "event", Label: w.t("pass.event"), Value: f.name(english)}}
	moment := func(key, label string, at int64) apple.Field {
		return apple.Field{
			Key: key, Label: w.t(label), Value: e.Local(at).Format(time.RFC3339), Change: w.t("pass.changed"),
			Date: "PKDateStyleMedium", Time: "PKDateStyleShort", Local: true,
		}
	}
	out.Secondary = []apple.Field{moment("when", "pass.when", e.Starts)}
	add(&out.Secondary, "where", "pass.where", e.Venue)
	state := "pass.good"
	if good {
		add(&out.Auxiliary, "ticket", "pass.ticket", f.product(t))
		add(&out.Auxiliary, "seat", "pass.seat", t.Seat)
		add(&out.Auxiliary, "gate", "pass.gate", f.gates(t))
		for _, edge := range edges(t) {
			out.Auxiliary = append(out.Auxiliary, moment(edge.key, edge.label, edge.at))
		}
		code := "pass.code"
		if !e.Policy.DownTo.Typed() {
			code = "pass.number"
		}
		add(&out.Back, "code", code, t.ID.Short())
	} else {
		state = "pass.void"
		add(&out.Auxiliary, "void", "pass.state", w.t("pass.void_short"))
	}
	out.Back = append(out.Back, apple.Field{Key: "state", Label: w.t("pass.state"), Value: w.t(state), Change: w.t("pass.changed")})
	add(&out.Back, "kind", "pass.kind", w.t("pass.static"))
	add(&out.Back, "address", "pass.where", strings.Join(nonEmpty(e.Venue, f.address()), "\n"))
	add(&out.Back, "terms", "pass.terms", e.Terms)
	return out
}

// edge is where the time begins or ends for which a ticket is good.
type edge struct {
	key, label string
	at         int64 // Unix s
}

// edges gives those of a ticket that has times of its own.
func edges(t *ticketing.Ticket) (list []edge) {
	if t.NotBefore != 0 {
		list = append(list, edge{"from", "pass.from", t.NotBefore})
	}
	if t.Expires != 0 {
		list = append(list, edge{"until", "pass.until", t.Expires})
	}
	return list
}

func nonEmpty(texts ...string) (list []string) {
	for _, text := range texts {
		if text != "" {
			list = append(list, text)
		}
	}
	return list
}
