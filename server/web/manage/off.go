package manage

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"usher/server/calloff"
	"usher/server/catalog"
	"usher/sync/fault"
	"usher/sync/money"
)

// offPage is the page on which an event is called off or moved, and that shows how far
// that has come.
type offPage struct {
	About         *catalog.Event
	When          string // it starts
	Starts, Ends  string // as a browser's field has them
	Job           *offView
	Problem, Done string
	Why, Confirm  string // as they were typed
	NewStarts     string
	NewEnds       string
	Choose        string
}

// offView is how far a job has come, in words.
type offView struct {
	Event   string     `json:"event"`
	What    string     `json:"what"`
	Why     string     `json:"why"`
	Phase   string     `json:"phase"`
	Orders  int        `json:"orders"`
	Total   int        `json:"total"`
	Tickets int        `json:"tickets"`
	Told    int        `json:"told"`
	Settled bool       `json:"settled"`
	Back    []backLine `json:"back"`
	Off     bool       `json:"-"` // called off, not moved
	Closed  bool       `json:"-"`
}

// backLine is refunds that have come equally far.
type backLine struct {
	Stage  string `json:"stage"`
	Count  int    `json:"count"`
	Amount string `json:"amount"`
	Bad    bool   `json:"bad"`
}

var phaseWords = map[calloff.Phase]string{
	calloff.Orders: "going through the orders", calloff.Tickets: "going through tickets without an order", calloff.Late: "looking for orders of the last moment", calloff.Done: "everybody is told",
}

func offOf(p calloff.Progress, e *catalog.Event) *offView {
	v := &offView{
		Event: p.Event, What: "Moved", Why: p.Why, Phase: phaseWords[p.Phase], Orders: min(p.Orders, p.Total), Total: p.Total, Tickets: p.Tickets, Told: p.Told,
		Settled: p.Settled(), Off: p.Fate == catalog.CalledOff, Closed: e.Closed(), Back: []backLine{},
	}
	if v.Off {
		v.What = "Called off"
	}
	for _, b := range p.Back {
		v.Back = append(v.Back, backLine{b.Stage.Words(), b.Count, money.Format(b.Amount, b.Currency), b.Stage == "failed"})
	}
	return v
}

// fieldTime is how a browser writes a date with a time of day.
const fieldTime = "2006-01-02T15:04"

func (m *Manage) off(w http.ResponseWriter, r *http.Request) error {
	return m.showOff(w, r, http.StatusOK, &offPage{Done: offDone[r.URL.Query().Get("done")]})
}

// offDone says what was done, after the page was led to again.
var offDone = map[string]string{
	"call-off": "The event is called off. This page shows how far that has come.", "move": "The event is moved. This page shows how far that has come.",
	"sell": "The event is sold again.",
}

func (m *Manage) showOff(w http.ResponseWriter, r *http.Request, status int, page *offPage) error {
	e, err := m.Catalog.Event(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	page.About, page.When = e, e.Local(e.Starts).Format("Mon 2 Jan 2006 15:04")
	page.Starts, page.Ends = e.Local(e.Starts).Format(fieldTime), e.Local(e.Ends).Format(fieldTime)
	if page.NewStarts == "" {
		page.NewStarts, page.NewEnds = page.Starts, page.Ends
	}
	p, err := m.CallOff.Progress(r.Context(), e.Code)
	switch {
	case err == nil:
		page.Job = offOf(p, e)
	case fault.KindOf(err) != fault.NotFound:
		return err
	}
	return m.Site.Render(w, m.pages, "off.html", status, page)
}

// offProgress says how far it has come, for the page to show.
func (m *Manage) offProgress(w http.ResponseWriter, r *http.Request) error {
	e, err := m.Catalog.Event(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	p, err := m.CallOff.Progress(r.Context(), e.Code)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(offOf(p, e)) // the other side hung up
	return nil
}

// offAct calls an event off, moves it or has it sold again, and leads back to the page,
// which says so, or says why not.
func (m *Manage) offAct(name string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		event := r.PathValue("event")
		err := m.offDo(r, name, event)
		if kind := fault.KindOf(err); kind == fault.BadInput || kind == fault.Refused {
			f := r.PostForm
			return m.showOff(w, r, kind.HTTPStatus(), &offPage{
				Problem: fault.Message(err), Why: f.Get("why"), Confirm: f.Get("confirm"), NewStarts: f.Get("starts"), NewEnds: f.Get("ends"), Choose: f.Get("choose"),
			})
		}
		if err != nil {
			return err
		}
		http.Redirect(w, r, "/manage/events/"+url.PathEscape(event)+"/off?done="+name, http.StatusSeeOther)
		return nil
	}
}

func (m *Manage) offDo(r *http.Request, name, event string) error {
	f := r.PostForm
	why := strings.TrimSpace(f.Get("why"))
	switch name {
	case "sell":
		return m.CallOff.Reopen(r.Context(), event)
	case "call-off":
		if !strings.EqualFold(strings.TrimSpace(f.Get("confirm")), event) {
			return fault.At(fault.BadInput, "confirm", "type the event's code, %s, to say that you mean it", event)
		}
		_, err := m.CallOff.CallOff(r.Context(), event, why, organiser)
		return err
	}
	e, err := m.Catalog.Event(r.Context(), event)
	if err != nil {
		return err
	}
	move := calloff.Moving{Why: why, Who: organiser}
	for name, into := range map[string]*int64{"starts": &move.Starts, "ends": &move.Ends, "choose": &move.Choose} {
		text := f.Get(name)
		if text == "" {
			continue
		}
		at, err := time.ParseInLocation(fieldTime, text, e.Location)
		if err != nil {
			return fault.At(fault.BadInput, name, "%.40q is no time", text)
		}
		*into = at.Unix()
	}
	_, err = m.CallOff.Move(r.Context(), event, move)
	return err
}
