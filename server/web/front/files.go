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
	calendarOf(w, e.Code, Calendar(e, s, "", e.Starts, f.Site.Public())).Send(w, r, []string{calendarControl})
	return nil
}

// Calendar gives an event as a file for calendars, from a time on. The suffix tells such
// entries apart; s is nil where nothing is sold, and public the server's address, if known.
func Calendar(e *catalog.Event, s *catalog.Shop, suffix string, from int64, public string) []byte {
	one := entry(e, suffix, from, e.Ends, e.Name)
	place := []string{e.Venue}
	if s != nil {
		place = append(place, s.Address)
		linked(one, e, public)
	}
	if place := strings.Join(notEmpty(place...), ", "); place != "" {
		one.SetLocation(place)
	}
	if s != nil && s.Geo != nil {
		one.SetGeo(s.Geo.Lat, s.Geo.Lon)
	}
	return written(one)
}

// saleLasts is how long the entry of a sale's beginning is.
const saleLasts = 30 * time.Minute

// saleCalendar gives the moment at which the sale begins as an entry for calendars,
// with an alarm a little before. Its words are the reader's, so caches treat it as a page.
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
	one := entry(s.About, "-sale", begins, begins+int64(saleLasts/time.Second), l.T("event.sale_entry", "event", s.About.Name))
	linked(one, s.About, f.Site.Public())
	alarm := one.AddAlarm()
	alarm.SetAction(ics.ActionDisplay)
	alarm.SetTrigger("-PT10M")
	alarm.SetDescription(l.T("event.sale_entry", "event", s.About.Name))
	answer, control := calendarOf(w, s.Event+"-sale", written(one)), calendarControl
	if l.Chosen() == "" {
		answer = answer.ByLanguage()
	}
	if !l.Ours(s.About.Language) {
		control = "private, max-age=300"
	}
	answer.Send(w, r, []string{control})
	return nil
}

// entry begins an entry about an event.
func entry(e *catalog.Event, suffix string, from, until int64, summary string) *ics.VEvent {
	one := ics.NewEvent(e.Code + suffix + "@usher")
	one.SetDtStampTime(e.Updated)
	one.SetStartAt(time.Unix(from, 0))
	one.SetEndAt(time.Unix(until, 0))
	one.SetSummary(summary)
	return one
}

// linked has an entry lead to the event's page, where the server's address is known.
func linked(one *ics.VEvent, e *catalog.Event, public string) {
	if public != "" {
		one.SetURL(public + eventPath(e.Code))
	}
}

// written gives one entry as a file.
func written(one *ics.VEvent) []byte {
	c := ics.NewCalendar()
	c.SetProductId("-//usher//events//EN")
	c.SetMethod(ics.MethodPublish)
	c.AddVEvent(one)
	return []byte(c.Serialize(ics.WithNewLineWindows))
}

// CalendarType is the media type of files for calendars.
const CalendarType = "text/calendar; charset=utf-8"

// calendarControl lets caches keep a calendar's file for a while.
const calendarControl = "public, max-age=300"

// calendarOf makes an answer of a file for calendars.
func calendarOf(w http.ResponseWriter, name string, file []byte) *site.Answer {
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.ics"`)
	return site.NewAnswer(CalendarType, file)
}

func notEmpty(texts ...string) (list []string) {
	for _, t := range texts {
		if t != "" {
			list = append(list, t)
		}
	}
	return list
}
