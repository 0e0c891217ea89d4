package front

import (
	"net/http"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"usher/server/catalog"
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
	one := f.entry(s, "", e.Starts, e.Ends, e.Name)
	if place := strings.Join(notEmpty(e.Venue, s.Address), ", "); place != "" {
		one.SetLocation(place)
	}
	if s.Geo != nil {
		one.SetGeo(s.Geo.Lat, s.Geo.Lon)
	}
	return sendCalendar(w, r, e.Code, one)
}

// saleLasts is how long the entry of a sale's beginning is.
const saleLasts = 30 * time.Minute

// saleCalendar gives the moment at which the sale begins as an entry for calendars,
// with an alarm a little before.
func (f *Front) saleCalendar(w http.ResponseWriter, r *http.Request) error {
	s, err := f.Catalog.Shop(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	l := site.Speak(r, s.About.Language, s.About.Location, "")
	begins := f.view(l, s, nil, "", f.Now()).Before
	if begins == 0 {
		return fault.New(fault.NotFound, "the sale of event %s has begun", s.Event)
	}
	one := f.entry(s, "-sale", begins, begins+int64(saleLasts/time.Second), l.T("event.sale_entry", "event", s.About.Name))
	alarm := one.AddAlarm()
	alarm.SetAction(ics.ActionDisplay)
	alarm.SetTrigger("-PT10M")
	alarm.SetDescription(l.T("event.sale_entry", "event", s.About.Name))
	return sendCalendar(w, r, s.Event+"-sale", one)
}

// entry begins an entry about an event.
func (f *Front) entry(s *catalog.Shop, suffix string, from, until int64, summary string) *ics.VEvent {
	one := ics.NewEvent(s.Event + suffix + "@usher")
	one.SetDtStampTime(s.About.Updated)
	one.SetStartAt(time.Unix(from, 0))
	one.SetEndAt(time.Unix(until, 0))
	one.SetSummary(summary)
	if base := f.Site.Public(); base != "" {
		one.SetURL(base + eventPath(s.Event))
	}
	return one
}

// sendCalendar sends one entry as a file.
func sendCalendar(w http.ResponseWriter, r *http.Request, name string, one *ics.VEvent) error {
	c := ics.NewCalendar()
	c.SetProductId("-//usher//events//EN")
	c.SetMethod(ics.MethodPublish)
	c.AddVEvent(one)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.ics"`)
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
