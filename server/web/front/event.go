package front

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"usher/server/catalog"
	"usher/server/web/site"
	"usher/sync/fault"
)

// event is the page of an event. One that is opened with a code is drawn for who
// asks, and kept nowhere.
func (f *Front) event(w http.ResponseWriter, r *http.Request) error {
	s, err := f.Catalog.Shop(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	now := f.Now()
	l := site.Speak(r, s.About.Language, s.About.Location, eventPath(s.Event))
	look := func() (lefts, error) { return f.leftWords(r.Context(), s) }
	if r.URL.RawQuery != "" {
		if code := r.URL.Query().Get("code"); code != "" {
			return f.eventFor(w, r, s, code, now, look)
		}
	}
	d, err := f.page(s.Event, shown{l, s.About.Language}, []*catalog.Shop{s}, now, look, func(left lefts) ([]byte, int64, error) {
		v := f.view(l, s, left, "", now)
		body, err := f.draw("event.html", v)
		return body, v.until, err
	})
	if err != nil {
		return err
	}
	f.send(w, r, d, now)
	return nil
}

// maxCodeTyped bounds what is looked at of a code that somebody typed.
const maxCodeTyped = 100

func (f *Front) eventFor(w http.ResponseWriter, r *http.Request, s *catalog.Shop, code string, now time.Time, look func() (lefts, error)) error {
	if len(code) > maxCodeTyped {
		return fault.New(fault.BadInput, "a code has at most %d characters", maxCodeTyped)
	}
	left, err := look()
	if err != nil {
		return err
	}
	code = strings.TrimSpace(code)
	l := site.Speak(r, s.About.Language, s.About.Location, eventPath(s.Event)+"?code="+url.QueryEscape(code))
	return f.Site.Render(w, f.pages, "event.html", http.StatusOK, f.view(l, s, left, code, now))
}

func (f *Front) draw(name string, data any) ([]byte, error) {
	var out bytes.Buffer
	if err := f.pages.ExecuteTemplate(&out, name, data); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "can't draw the page %s", name)
	}
	return out.Bytes(), nil
}

// eventView is what the page of an event shows.
type eventView struct {
	site.Speech
	*catalog.Shop
	URL       string // of this page; "" where nobody said where the server is
	Image     string // of the picture, whole; "" likewise, or without a picture
	Paragraph []string
	Map       string
	Offers    []offerView
	Buys      bool // something of it can be bought now
	Over      bool
	Before    int64 // when the sale begins, of which nothing has begun; Unix s
	After     bool  // nothing of it is sold any more
	Gone      bool  // all that is on sale is sold out
	Entered   string
	WrongCode bool
	HasCodes  bool
	Next      int64         // when the page says something else, Unix s; 0: never
	Data      template.HTML // structured data for search engines

	base  string // of the server's addresses; "" likewise
	until int64
}

// Standings of an offer.
const (
	soon  = "soon"
	open  = "open"
	gone  = "gone" // sold out
	ended = "ended"
)

// offerView is a line of what is sold.
type offerView struct {
	*catalog.Offer
	Standing string
	Left     string
	Percent  float64
	Numbers  []int // to choose from
	Seated   bool
	Words    []string // the description's lines
	Last     bool     // worth saying when its sale ends
}

// view puts together what the page of an event shows at a moment.
func (f *Front) view(l site.Speech, s *catalog.Shop, left lefts, code string, now time.Time) *eventView {
	e := s.About
	v := &eventView{
		Speech: l, Shop: s, Paragraph: paragraphs(s.Text), Map: MapURL(s),
		Entered: code, Over: now.Unix() >= e.Ends, WrongCode: code != "",
	}
	if base := f.Site.Public(); base != "" {
		v.base, v.URL = base, base+l.Link(eventPath(s.Event))
		if s.Picture.Hash != "" {
			v.Image = base + picturePath(s)
		}
	}
	v.until = nextOf(s, code, now)
	ends := true
	for i := range s.Offers {
		o := &s.Offers[i]
		v.HasCodes = v.HasCodes || o.Access != ""
		if !o.Opens(code) {
			continue
		}
		if o.Access != "" {
			v.WrongCode = false
		}
		one := offerOf(s, o, left[o.Code], now)
		switch one.Standing {
		case open:
			v.Buys = true
		case soon:
			if v.Before == 0 || o.From < v.Before {
				v.Before = o.From
			}
		}
		ends = ends && one.Standing == ended
		v.Offers = append(v.Offers, one)
	}
	if slices.ContainsFunc(v.Offers, func(o offerView) bool { return o.Standing != soon }) {
		v.Before = 0
	}
	v.After = ends && !v.Over && !s.About.Closed()
	v.Gone = !v.Buys && !v.Over && slices.ContainsFunc(v.Offers, func(o offerView) bool { return o.Standing == gone })
	v.Next = v.until
	v.Data = structured(v, left)
	return v
}

// nextOf gives the moment from which the page of an event says something else, to who has
// a code; 0 for never.
func nextOf(s *catalog.Shop, code string, now time.Time) (next int64) {
	bound := func(unix int64) {
		if unix > now.Unix() && (next == 0 || unix < next) {
			next = unix
		}
	}
	bound(s.About.Ends)
	for i := range s.Offers {
		if o := &s.Offers[i]; o.Opens(code) {
			bound(o.From)
			bound(o.Until)
		}
	}
	return next
}

func offerOf(s *catalog.Shop, o *catalog.Offer, left string, now time.Time) offerView {
	unix := now.Unix()
	one := offerView{Offer: o, Left: left, Percent: float64(o.Tax) / 100, Standing: open, Words: lines(o.Text)}
	switch {
	case unix >= o.Until || unix >= s.About.Ends || s.About.Closed():
		one.Standing = ended
	case unix < o.From:
		one.Standing = soon
	case left == none:
		one.Standing = gone
	}
	one.Last = one.Standing == open && o.Until < s.About.Starts
	p, _ := s.PoolByCode(o.Pool)
	one.Seated = p != nil && len(p.Seats) > 0
	for n := o.Min; n <= o.Max; n++ {
		one.Numbers = append(one.Numbers, n)
	}
	return one
}

// Fate says what became of the event: called off, moved or neither.
func (v *eventView) Fate() catalog.Fate {
	if s := v.About.Standing; s != nil {
		return s.Fate
	}
	return ""
}

// PerOffer says whether all that is shown is of one price or more.
func (v *eventView) Nothing() bool { return len(v.Offers) == 0 }

// Description is the text for search engines and previews, cut.
func (v *eventView) Description() string {
	const most = 200
	text := strings.Join(strings.Fields(strings.Join(v.Paragraph, " ")), " ")
	if text == "" {
		text = v.Span(v.About.Starts, v.About.Ends) + " · " + v.About.Venue
	}
	if r := []rune(text); len(r) > most {
		text = string(r[:most-1]) + "…"
	}
	return text
}

// Alternates lists the page's addresses by their languages, for search engines.
func (v *eventView) Alternates() (list [][2]string) {
	base := v.base
	if base == "" {
		return nil
	}
	for _, l := range v.Languages() {
		list = append(list, [2]string{l.Code, base + l.Link})
	}
	return append(list, [2]string{"x-default", base + eventPath(v.Event)})
}

// Picture's place on the page.
func (v *eventView) PicturePath() string { return picturePath(v.Shop) }

func paragraphs(text string) (list []string) {
	for p := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			list = append(list, p)
		}
	}
	return list
}

func lines(text string) (list []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// left says in words what is left of each offer, for the page to put beside it, and from
// when on the page is another one: its reader's clock may be wrong.
// What a code opens is told to who has the code.
func (f *Front) left(w http.ResponseWriter, r *http.Request) error {
	s, err := f.Catalog.Shop(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	words, err := f.leftWords(r.Context(), s)
	if err != nil {
		return err
	}
	code := strings.TrimSpace(r.URL.Query().Get("code"))
	for i := range s.Offers {
		if !s.Offers[i].Opens(code) {
			delete(words, s.Offers[i].Code)
		}
	}
	body, err := json.Marshal(map[string]any{"left": words, "next": nextOf(s, code, f.Now())})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "can't say what is left")
	}
	control := "public, max-age=0, s-maxage=1"
	if code != "" {
		control = "no-store"
	}
	site.NewAnswer("application/json", body).Send(w, r, []string{control})
	return nil
}
