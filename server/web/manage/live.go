package manage

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

func (m *Manage) live(w http.ResponseWriter, r *http.Request) error {
	b, err := m.Doors.Board(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	return m.Site.Render(w, m.pages, "live.html", http.StatusOK, b)
}

func (m *Manage) board(w http.ResponseWriter, r *http.Request) error {
	b, err := m.Doors.Board(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(b) // the other side hung up
	return nil
}

// Times of the live stream.
const (
	// quietest is the longest time between two pictures: ages grow by themselves.
	quietest = 3 * time.Second
	// busiest is the shortest: a rush at the gates is not a rush of pictures.
	busiest = 250 * time.Millisecond
)

// stream sends the live picture by server-sent events, whenever it changes.
func (m *Manage) stream(w http.ResponseWriter, r *http.Request) error {
	event := r.PathValue("event")
	st, err := m.Doors.State(r.Context(), event)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(r.Context())
	defer end()
	defer context.AfterFunc(m.Closing, end)()
	wake, cancel := st.Subscribe()
	defer cancel()
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	_ = out.SetReadDeadline(time.Time{}) // the time for asking is over, and this goes on; not every transport has one
	tick := time.NewTicker(quietest)
	defer tick.Stop()
	for {
		if !m.holds(r) {
			return nil // there is another key since
		}
		b, err := m.Doors.Board(r.Context(), event)
		if err != nil {
			return nil // the stream has begun: ending it makes the page ask again
		}
		body, err := json.Marshal(b)
		if err != nil {
			return nil
		}
		_ = out.SetWriteDeadline(time.Now().Add(4 * quietest)) // not every transport has one
		if _, err := fmt.Fprintf(w, "data: %s\n\n", body); err != nil || out.Flush() != nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil // if it is the server that ends, the page asks another one
		case <-time.After(busiest):
		}
		select {
		case <-wake:
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
