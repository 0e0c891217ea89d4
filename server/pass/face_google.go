package pass

import (
	"time"

	"usher/server/pass/google"
	"usher/server/ticketing"
	"usher/sync/words"
)

// hexGround is the colour of a pass as Google wants it.
const hexGround = "#0b5438"

// text gives a message in every language.
func (p *Passes) text(key string) *google.Text {
	all := p.said(key)
	t := &google.Text{Default: google.Translated{Language: words.English, Value: all[words.English]}}
	for _, code := range p.book.Codes() {
		if code != words.English {
			t.Others = append(t.Others, google.Translated{Language: code, Value: all[code]})
		}
	}
	return t
}

// googleClass writes what all tickets of an event say.
func (p *Passes) googleClass(f facts) google.Class {
	e := f.event
	c := google.Class{
		ID: p.Google.Account.ID(e.Code), Issuer: p.seller(f), Review: google.UnderReview, Event: google.Plain(f.name(p.book.English())),
		When:   &google.When{Start: e.Local(e.Starts).Format(time.RFC3339), End: e.Local(e.Ends).Format(time.RFC3339)},
		Colour: hexGround, Sharing: google.OneHolder,
	}
	if e.Admission != 0 && e.Admission < e.Starts {
		c.When.Doors = e.Local(e.Admission).Format(time.RFC3339)
	}
	if at := nonEmpty(e.Venue, f.address()); len(at) > 0 {
		c.Venue = &google.Venue{Name: google.Plain(at[0]), Address: google.Plain(at[len(at)-1])}
	}
	if geo := f.geo(); geo != nil {
		c.Places = []google.Point{{Latitude: geo.Lat, Longitude: geo.Lon}}
	}
	if e.Terms != "" {
		terms := google.Plain(e.Terms)
		c.FinePrint = &terms
	}
	return c
}

// googleObject writes the pass of a ticket. One that isn't good shows no code.
func (p *Passes) googleObject(serial string, t *ticketing.Ticket, f facts, good bool) google.Object {
	o := google.Object{
		ID: p.Google.Account.ID(serial), Class: p.Google.Account.ID(f.event.Code), State: google.Inactive,
		Valid: &google.Window{End: &google.Moment{Date: f.event.Local(f.event.Ends).Format(time.RFC3339)}},
		Texts: []google.Module{{ID: "state", Head: p.text("pass.state"), Body: p.text("pass.void")}},
	}
	if !good {
		return o
	}
	plain := func(text string) *google.Text {
		if text == "" {
			return nil
		}
		made := google.Plain(text)
		return &made
	}
	o.State, o.Barcode, o.Type = google.Active, google.QR(t.Token, t.ID.Short()), plain(f.product(t))
	if seat := (google.Seat{Seat: plain(t.Seat), Gate: plain(f.gates(t))}); seat != (google.Seat{}) {
		o.Seat = &seat
	}
	o.Texts = nil
	for _, edge := range edges(t) {
		o.Texts = append(o.Texts, google.Module{ID: edge.key, Head: p.text(edge.label), Body: plain(f.event.Local(edge.at).Format("2006-01-02 15:04"))})
	}
	o.Texts = append(o.Texts, google.Module{ID: "kind", Head: p.text("pass.kind"), Body: p.text("pass.static")})
	return o
}
