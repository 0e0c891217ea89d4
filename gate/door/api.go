package door

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"usher/gate/scan"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Limits of the local API, in bytes.
const (
	maxRequest = 16 << 10
	maxImport  = 256 << 20
	maxLane    = 32
)

// Scan is a request to judge a text that somebody read or typed.
type Scan struct {
	Text      string              `json:"text"`
	How       string              `json:"how"` // wedge, typed; camera and picture come as pictures
	Lane      string              `json:"lane"`
	Direction admission.Direction `json:"direction"` // in or out
	Look      bool                `json:"look"`      // verify: decide, change nothing
	At        int64               `json:"at,omitempty"`
}

// Answer is a verdict with what a door shows for it.
type Answer struct {
	turnstile.Outcome
	Display Display `json:"display"`
}

func (d *Door) scanText(r *http.Request) (any, error) {
	var s Scan
	if err := readJSON(r, &s); err != nil {
		return nil, err
	}
	s.Text = scan.Burst(s.Text)
	return d.judge(r, s)
}

func (d *Door) judge(r *http.Request, s Scan) (any, error) {
	if s.Direction != admission.In && s.Direction != admission.Out {
		return nil, fault.At(fault.BadInput, "direction", "%q: want in or out", s.Direction)
	}
	if len(s.Lane) > maxLane || len(s.How) > maxLane {
		return nil, fault.At(fault.BadInput, "lane, how", "over %d bytes", maxLane)
	}
	out := d.Turnstile.Scan(r.Context(), turnstile.Attempt{Text: s.Text, Direction: s.Direction, Look: s.Look, How: s.How, Lane: s.Lane, At: s.At})
	return Answer{Outcome: out, Display: Show(out)}, nil
}

// query reads what comes in the address where the body is a picture.
func query(r *http.Request, how string) Scan {
	q := r.URL.Query()
	return Scan{How: how, Lane: q.Get("lane"), Direction: admission.Direction(q.Get("direction")), Look: q.Get("look") == "true"}
}

func (d *Door) scanPicture(r *http.Request) (any, error) {
	texts, err := scan.Picture(http.MaxBytesReader(nil, r.Body, scan.MaxFile))
	if errors.Is(err, scan.ErrNoCode) || err == nil && len(texts) == 0 {
		return nil, fault.New(fault.NotFound, "there is no QR code in this picture")
	}
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "this picture can't be read")
	}
	s := query(r, scan.HowPicture)
	s.Text = texts[0]
	return d.judge(r, s)
}

// nothing is the answer for a frame without a code.
var nothing = map[string]string{"result": "none"}

func (d *Door) scanFrame(r *http.Request) (any, error) {
	width, err1 := strconv.Atoi(r.URL.Query().Get("width"))
	height, err2 := strconv.Atoi(r.URL.Query().Get("height"))
	if err := errors.Join(err1, err2); err != nil || width <= 0 || height <= 0 || width > scan.MaxFramePixels/height {
		return nil, fault.At(fault.BadInput, "width, height", "want two whole numbers with a product of at most %d", scan.MaxFramePixels)
	}
	grey := make([]byte, width*height)
	if n, err := io.ReadFull(r.Body, grey); err != nil {
		return nil, fault.At(fault.BadInput, "body", "a frame of %d × %d has %d bytes, this one has %d", width, height, len(grey), n)
	}
	text, err := scan.Frame(grey, width, height)
	if errors.Is(err, scan.ErrNoCode) {
		return nothing, nil
	}
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "this frame can't be read")
	}
	s := query(r, scan.HowCamera)
	s.Text = text
	return d.judge(r, s)
}

func (d *Door) shown(r *http.Request) (any, error) {
	var s struct {
		Seq       uint64 `json:"seq"`
		PaintedMS int64  `json:"painted_ms"`
	}
	if err := readJSON(r, &s); err != nil {
		return nil, err
	}
	d.Turnstile.Shown(s.Seq)
	return struct{}{}, nil
}

// Undone is the answer to an undo.
type Undone struct {
	Result  string  `json:"result"` // undone
	Ticket  string  `json:"ticket"`
	Display Display `json:"display"`
}

func (d *Door) undo(r *http.Request) (any, error) {
	var s struct {
		Record journal.Hash `json:"record"`
		By     string       `json:"by"`
		Why    string       `json:"why"`
	}
	if err := readJSON(r, &s); err != nil {
		return nil, err
	}
	id, err := d.Turnstile.Undo(r.Context(), s.Record, s.By, s.Why)
	if err != nil {
		return nil, err
	}
	return Undone{Result: "undone", Ticket: id.String(), Display: Display{
		Tone: "amber", Shape: "triangle", Word: "UNDONE", Why: "The admission of " + id.Short() + " was taken back.", Do: "The ticket can be used again.",
	}}, nil
}

func (d *Door) sync(r *http.Request) (any, error) {
	if d.Sync == nil {
		return nil, fault.New(fault.Unavailable, "this gate has nobody to sync with")
	}
	if err := d.Sync(r.Context()); err != nil {
		return nil, err
	}
	return d.Status(r.Context()), nil
}

func (d *Door) importFile(r *http.Request) (any, error) {
	file, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxImport))
	if err != nil {
		return nil, fault.Wrap(fault.TooLarge, err, "a journal file has at most %d MiB", maxImport>>20)
	}
	n, err := d.Import(r.Context(), file)
	return map[string]int{"records": n}, err
}

// live sends the status whenever it changes, and at least every few seconds
// because ages grow by themselves.
func (d *Door) live(w http.ResponseWriter, r *http.Request) {
	const every = 3 * time.Second
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	wake, cancel := d.Changed()
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		status, err := json.Marshal(d.Status(r.Context()))
		if err != nil {
			return
		}
		_ = out.SetWriteDeadline(time.Now().Add(4 * every)) // not every transport has one
		if _, err := fmt.Fprintf(w, "data: %s\n\n", status); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-wake:
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

func readJSON(r *http.Request, v any) error {
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxRequest))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fault.At(fault.BadInput, "request body", "%v", err)
	}
	return nil
}
