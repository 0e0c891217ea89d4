package front

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"usher/server/catalog"
	"usher/server/web/site"
)

// How long an answer is good.
const (
	// atCDN is how long a CDN hands out a page without asking.
	atCDN = 60
	// atCDNStale is how long after that it may hand it out while it asks.
	atCDNStale = 300
	// redrawAfter is how old the words on a page are at most: how much is left.
	redrawAfter = 10 * time.Second
)

// drawn is a page that was drawn and is good until something of it changes.
type drawn struct {
	answer *site.Answer
	shops  []*catalog.Shop // that it shows, as they were
	words  string          // all that it says of what is left
	until  int64           // Unix s from which it says something else; 0: never
	ours   bool            // it is what a cache that knows nothing of languages may hand out

	// Covered by Front.mu.
	at        time.Time // when the words were looked at
	control   []string  // Cache-Control, as of controlOf
	controlOf int64     // Unix s
}

// cacheControl lets a CDN keep an answer, but not past the moment at which it says
// something else. What the browser's languages chose only the browser keeps, unless it
// is what everybody gets who asks for none: a CDN that doesn't mind Vary would hand it to
// all.
func cacheControl(now, until int64, ours bool) string {
	if !ours {
		return "private, max-age=0, must-revalidate"
	}
	keep, stale := int64(atCDN), int64(atCDNStale)
	if until != 0 {
		keep = max(0, min(keep, until-now))
		stale = max(0, min(stale, until-now-keep))
	}
	if keep == 0 {
		return "public, max-age=0, must-revalidate"
	}
	return fmt.Sprintf("public, max-age=0, s-maxage=%d, stale-while-revalidate=%d", keep, stale)
}

// send sends a page that was drawn.
func (f *Front) send(w http.ResponseWriter, r *http.Request, d *drawn, now time.Time) {
	f.mu.Lock()
	if unix := now.Unix(); d.control == nil || d.until != 0 && d.controlOf != unix {
		d.control, d.controlOf = []string{cacheControl(unix, d.until, d.ours)}, unix
	}
	control := d.control
	f.mu.Unlock()
	d.answer.Send(w, r, control)
}

// page gives a page as it is now: from memory while nothing of it changed, else
// drawn anew, in each language. look puts into words what is left; draw is given them.
func (f *Front) page(key string, shown shown, shops []*catalog.Shop, now time.Time, look func() (lefts, error), draw func(lefts) (body []byte, until int64, err error)) (*drawn, error) {
	key += "?" + shown.Code() + shown.Chosen()
	if d := f.kept(key); f.right(d, shops, now) && f.recent(d, now) {
		return d, nil
	}
	f.drawing.Lock() // one draws, and the others find it drawn
	defer f.drawing.Unlock()
	d := f.kept(key)
	if f.right(d, shops, now) && f.recent(d, now) {
		return d, nil
	}
	left, err := look()
	if err != nil {
		return nil, err
	}
	words := fmt.Sprint(left) // maps are printed in the order of their keys
	if f.right(d, shops, now) && d.words == words {
		f.mu.Lock()
		d.at = now
		f.mu.Unlock()
		return d, nil
	}
	body, until, err := draw(left)
	if err != nil {
		return nil, err
	}
	answer := site.NewAnswer("text/html; charset=utf-8", body)
	if shown.Chosen() == "" {
		answer = answer.ByLanguage()
	}
	d = &drawn{answer: answer, shops: shops, words: words, until: until, ours: shown.ours(), at: now}
	f.mu.Lock()
	f.pagesDrawn[key] = d
	f.mu.Unlock()
	return d, nil
}

// shown is the language of a page that is kept, and the page's own.
type shown struct {
	site.Speech
	own string
}

func (s shown) ours() bool { return s.Ours(s.own) }

func (f *Front) kept(key string) *drawn {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pagesDrawn[key]
}

// right says whether a page shows these shops, and the moment at which it says
// something else hasn't come.
func (f *Front) right(d *drawn, shops []*catalog.Shop, now time.Time) bool {
	return d != nil && slices.Equal(d.shops, shops) && (d.until == 0 || now.Unix() < d.until)
}

// recent says whether the words were looked at a short while ago.
func (f *Front) recent(d *drawn, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	age := now.Sub(d.at)
	return age >= 0 && age < redrawAfter
}

// lefts are words for what is left, by the code of an offer.
type lefts map[string]string

// leftWords gives the word for what is left of each offer's pool, by the offer.
func (f *Front) leftWords(ctx context.Context, s *catalog.Shop) (lefts, error) {
	left, err := f.Stock.Left(ctx, s.Event)
	if err != nil {
		return nil, err
	}
	words := make(lefts, len(s.Offers))
	for i := range s.Offers {
		o := &s.Offers[i]
		if p, known := s.PoolByCode(o.Pool); known {
			words[o.Code] = levelOf(left[p.Code], p.Capacity, int64(o.Min))
		}
	}
	return words, nil
}

// Words for how much is left.
const (
	plenty = "plenty"
	few    = "few"
	none   = "none"
)

// levelOf puts into a word how much is left: few is at most a tenth, or ten; less
// than an order must have is none.
func levelOf(left, capacity, least int64) string {
	switch {
	case left < max(1, least):
		return none
	case left <= 10 || left <= capacity/10:
		return few
	}
	return plenty
}
