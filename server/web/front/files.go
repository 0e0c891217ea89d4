package front

import (
	"net/http"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"usher/server/web/site"
	"usher/sync/fault"
)

// picture sends the picture of an event. Its address names its bytes, so whoever
// has it needs no other, ever.
func (f *Front) picture(w http.ResponseWriter, r *http.Request) error {
	s, err := f.Catalog.Shop(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	hash := r.PathValue("hash")
	if hash != s.Picture.Hash {
		return fault.New(fault.NotFound, "event %s has another picture", s.Event)
	}
	kind, body, err := f.Catalog.Picture(r.Context(), hash)
	if err != nil {
		return err
	}
	site.NewPicture(kind, body, hash).Send(w, r, []string{"public, max-age=31536000, immutable"})
	return nil
}

// calendar gives the event as an entry for calendars.
func (f *Front) calendar(w http.ResponseWriter, r *http.Request) error {
	s, err := f.Catalog.Shop(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	e := s.About
	c := ics.NewCalendar()
	c.SetProductId("-//usher//events//EN")
	c.SetMethod(ics.MethodPublish)
	one := c.AddEvent(e.Code + "@usher")
	one.SetDtStampTime(e.Updated)
	one.SetStartAt(time.Unix(e.Starts, 0))
	one.SetEndAt(time.Unix(e.Ends, 0))
	one.SetSummary(e.Name)
	if place := strings.Join(notEmpty(e.Venue, s.Address), ", "); place != "" {
		one.SetLocation(place)
	}
	if s.Geo != nil {
		one.SetGeo(s.Geo.Lat, s.Geo.Lon)
	}
	if base := f.Site.Public(); base != "" {
		one.SetURL(base + eventPath(s.Event))
	}
	w.Header().Set("Content-Disposition", `attachment; filename="`+e.Code+`.ics"`)
	site.NewAnswer("text/calendar; charset=utf-8", []byte(c.Serialize(ics.WithNewLineWindows))).Send(w, r, []string{"public, max-age=300"})
	return nil
}

func notEmpty(texts ...string) (list []string) {
	for _, t := range texts {
		if t != "" {
			list = append(list, t)
		}
	}
	return list
}
