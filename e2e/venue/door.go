package venue

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"usher/gate/door"
	"usher/sync/admission"
)

// Door is somebody at a gate's door page: they ask its agent what the page asks, over
// connections that are kept. Any number of lanes may scan at once.
type Door struct {
	base   string
	client http.Client
}

// DoorAt gives the door of the agent at a URL.
func DoorAt(url string) *Door {
	return &Door{base: strings.TrimRight(url, "/"), client: http.Client{
		Timeout:   Patience,
		Transport: &http.Transport{MaxIdleConnsPerHost: 32},
	}}
}

// URL is where the agent answers.
func (d *Door) URL() string { return d.base }

// call asks for something; a nil body is none, and with a nil into
// the answer is of no interest.
func (d *Door) call(method, path string, body, into any) error {
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, d.base+path, sent)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := d.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body) // whole, so that the connection is kept
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// Scan has a code judged at a lane, and recorded.
func (d *Door) Scan(code, lane string) (a door.Answer, err error) {
	err = d.call(http.MethodPost, "/api/scan", door.Scan{Text: code, How: "wedge", Lane: lane, Direction: admission.In}, &a)
	return a, err
}

// Look asks what a scan would give, and changes nothing.
func (d *Door) Look(code string) (a door.Answer, err error) {
	err = d.call(http.MethodPost, "/api/scan", door.Scan{Text: code, How: "wedge", Lane: "look", Direction: admission.In, Look: true}, &a)
	return a, err
}

// Shown says that the answer of a number was seen.
func (d *Door) Shown(seq uint64) error {
	return d.call(http.MethodPost, "/api/shown", map[string]uint64{"seq": seq}, nil)
}

// Sync has the agent exchange journals now.
func (d *Door) Sync() error { return d.call(http.MethodPost, "/api/sync", nil, nil) }

// Status is what the page shows in its strip.
func (d *Door) Status() (s door.Status, err error) {
	err = d.call(http.MethodGet, "/api/status", nil, &s)
	return s, err
}

// answers reports whether anybody is there.
func (d *Door) answers() bool { return d.call(http.MethodGet, "/healthz", nil, nil) == nil }
