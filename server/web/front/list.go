package front

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"usher/server/catalog"
	"usher/server/speech"
	"usher/server/web/site"
)

// listView is what the list of events shows.
type listView struct {
	site.Speech
	URL    string
	Events []listed
}

// listed is an event in the list, with its own clock.
type listed struct {
	site.Lang
	*catalog.Shop
	Path, Picture string
	From          int64 // what the cheapest costs
	Priced        bool
	Gone          bool // everything of it is sold out
}

// eventList is the list of what is sold: everything that isn't over.
func (f *Front) eventList(w http.ResponseWriter, r *http.Request) error {
	all, err := f.Catalog.Shops(r.Context())
	if err != nil {
		return err
	}
	now := f.Now()
	var shops []*catalog.Shop
	for _, s := range all {
		if now.Unix() < s.About.Ends {
			shops = append(shops, s)
		}
	}
	look := func() (lefts, error) {
		sold := lefts{}
		for _, s := range shops {
			words, err := f.leftWords(r.Context(), s)
			if err != nil {
				return nil, err
			}
			if soldOut(s, words) {
				sold[s.Event] = none
			}
		}
		return sold, nil
	}
	own := commonLanguage(shops)
	l := site.Speak(r, own, time.UTC, "/")
	d, err := f.page("", shown{l, own}, shops, now, look, func(sold lefts) ([]byte, int64, error) { return f.drawList(l, shops, sold) })
	if err != nil {
		return err
	}
	f.send(w, r, d, now)
	return nil
}

// drawList draws the list, which is good until the first of it is over.
func (f *Front) drawList(l site.Speech, shops []*catalog.Shop, sold lefts) (body []byte, until int64, err error) {
	v := listView{Speech: l, URL: f.Site.Public()}
	for _, s := range shops {
		if until == 0 || s.About.Ends < until {
			until = s.About.Ends
		}
		one := listed{Lang: speech.In(v.Code(), s.About.Location), Shop: s, Path: l.Link(eventPath(s.Event)), Picture: picturePath(s), Gone: sold[s.Event] == none}
		one.From, one.Priced = cheapest(s)
		v.Events = append(v.Events, one)
	}
	body, err = f.draw("events.html", v)
	return body, until, err
}

func soldOut(s *catalog.Shop, words lefts) bool {
	for i := range s.Offers {
		if s.Offers[i].Access == "" && words[s.Offers[i].Code] != none {
			return false
		}
	}
	return true
}

// commonLanguage is the language that most events have.
func commonLanguage(shops []*catalog.Shop) string {
	counts, best := map[string]int{}, ""
	for _, s := range shops {
		l := s.About.Language
		if counts[l]++; counts[l] > counts[best] {
			best = l
		}
	}
	return best
}

// robots lets search engines look at events and at nothing else.
func (f *Front) robots(w http.ResponseWriter, r *http.Request) error {
	text := "User-agent: *\nDisallow: /manage\nDisallow: /order/\nDisallow: /events/*/order\nDisallow: /events/*/left\n"
	if base := f.Site.Public(); base != "" {
		text += "Sitemap: " + base + "/sitemap.xml\n"
	}
	site.NewAnswer("text/plain; charset=utf-8", []byte(text)).Send(w, r, []string{"public, max-age=3600"})
	return nil
}

// sitemap lists the events' pages.
func (f *Front) sitemap(w http.ResponseWriter, r *http.Request) error {
	shops, err := f.Catalog.Shops(r.Context())
	if err != nil {
		return err
	}
	var out strings.Builder
	out.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` + "\n")
	base := f.Site.Public()
	for _, s := range shops {
		if base != "" && f.Now().Unix() < s.About.Ends { // an event's code needs no escaping
			fmt.Fprintf(&out, "<url><loc>%s</loc><lastmod>%s</lastmod></url>\n", base+eventPath(s.Event), s.About.Updated.Format(time.RFC3339))
		}
	}
	out.WriteString("</urlset>\n")
	site.NewAnswer("application/xml", []byte(out.String())).Send(w, r, []string{"public, max-age=3600"})
	return nil
}
