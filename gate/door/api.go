package door

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"usher/gate/scan"
	"usher/gate/signin"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/words"
)

// Limits of the local API, in bytes.
const (
	maxRequest = 16 << 10
	maxImport  = 256 << 20
	maxLane    = 32

	maxOperator = 40  // as records hold it
	maxWhy      = 400 // likewise
)

// Scan is a request to judge a text that somebody read or typed.
type Scan struct {
	Text      string              `json:"text"`
	How       string              `json:"how"` // wedge, typed, search, where text is the handle of a guest; camera and picture come as pictures
	Lane      string              `json:"lane"`
	Direction admission.Direction `json:"direction"` // in or out
	Look      bool                `json:"look"`      // verify: decide, change nothing
	At        int64               `json:"at,omitempty"`
	Operator  string              `json:"operator,omitempty"`  // who stands at the lane
	Confirmed []admission.Reason  `json:"confirmed,omitempty"` // of an ask: unpaid, stale_list
	Answers   map[string]string   `json:"answers,omitempty"`   // of an ask: by the question's code
	Override  *Override           `json:"override,omitempty"`  // a supervisor's wish to let in against the verdict
}

// Override is a wish to let somebody in against the verdict.
type Override struct {
	Reason string `json:"reason"`
}

// hows are the ways in which a code may have come; "" is not said.
var hows = []string{"", scan.HowCamera, scan.HowPicture, scan.HowWedge, scan.HowTyped, scan.HowSearch}

// Answer is a verdict with what a door shows for it.
type Answer struct {
	turnstile.Outcome
	Look    bool    `json:"look,omitempty"` // nothing was recorded: it was only looked at, also for a number
	Text    string  `json:"text,omitempty"` // of a picture: the code in it, to have it judged again
	Display Display `json:"display"`
	Me      *Me     `json:"me,omitempty"` // of a role card: who signed in
}

func (d *Door) scanText(w http.ResponseWriter, r *http.Request) (any, error) {
	var s Scan
	if err := readJSON(r, &s); err != nil {
		return nil, err
	}
	if s.How != scan.HowCamera { // which adds no noise of its own to a code
		s.Text = scan.Burst(s.Text)
	}
	return d.judge(w, r, s)
}

// override is scanText for who wants to let somebody in against the verdict.
func (d *Door) override(w http.ResponseWriter, r *http.Request) (any, error) {
	var o struct {
		Text      string              `json:"text"`
		Direction admission.Direction `json:"direction"`
		Lane      string              `json:"lane"`
		Reason    string              `json:"reason"`
	}
	if err := readJSON(r, &o); err != nil {
		return nil, err
	}
	return d.judge(w, r, Scan{
		Text: scan.Burst(o.Text), How: scan.HowTyped, Direction: o.Direction, Lane: o.Lane, Override: &Override{Reason: o.Reason},
	})
}

// judge has a code decided, or somebody signed in whose role card it is.
func (d *Door) judge(w http.ResponseWriter, r *http.Request, s Scan) (any, error) {
	if scan.Classify(s.Text).Kind == scan.RoleCard {
		me, err := d.identify(w, r, SignIn{Card: s.Text})
		if err != nil {
			return nil, err
		}
		return Greeted(me, d.asks(r)), nil
	}
	seen := d.Shift.Watch.Now()
	answer, err := Judge(r.Context(), d.Turnstile, d.Desk, d.who(r), s, d.asks(r))
	if err == nil {
		d.measure(s, seen, answer)
	}
	return answer, err
}

// Judge has a request decided for who makes it, and says so in a language. One that
// makes no sense, as a test clock at a live event, or that is not theirs to make, is
// refused and leaves no record.
func Judge(ctx context.Context, t *turnstile.Turnstile, desk *signin.Desk, who signin.Who, s Scan, in *words.Language) (Answer, error) {
	switch {
	case s.Direction != admission.In && s.Direction != admission.Out:
		return Answer{}, fault.At(fault.BadInput, "direction", "%.20q: want in or out", s.Direction)
	case !slices.Contains(hows, s.How):
		return Answer{}, fault.At(fault.BadInput, "how", "%.20q: want one of %s", s.How, strings.Join(hows[1:], ", "))
	case len(s.Lane) > maxLane || !utf8.ValidString(s.Lane):
		return Answer{}, fault.At(fault.BadInput, "lane", "want text of at most %d bytes", maxLane)
	case s.At != 0 && !t.Rehearsal():
		return Answer{}, fault.At(fault.BadInput, "at", "a test clock is for rehearsals, and this gate knows of none: the event is not marked as one")
	}
	if err := s.checkAnswers(); err != nil {
		return Answer{}, err
	}
	if err := permit(desk, who, &s); err != nil {
		return Answer{}, err
	}
	if s.How == scan.HowSearch {
		var err error
		if s.Text, err = guest(t, who, s.Text); err != nil {
			return Answer{}, err
		}
	}
	attempt := turnstile.Attempt{
		Text: s.Text, Direction: s.Direction, Look: s.Look, How: s.How, Lane: s.Lane, At: s.At,
		Operator: s.Operator, Confirmed: s.Confirmed, Answers: s.Answers,
	}
	if s.Override != nil {
		attempt.Override = &admission.Override{By: s.Operator, Why: s.Override.Reason, Allowed: who.May(signin.Override)}
	}
	out := t.Scan(ctx, attempt)
	if !who.May(signin.Names) {
		out.Holder = ""
	}
	shown := Show(out, t.State, in)
	if s.Look && out.Green() {
		shown.More = append([]string{in.Say("more.looked", nil)}, shown.More...)
	}
	answer := Answer{Outcome: out, Look: s.Look || out.Training || out.Challenge != "", Display: shown}
	if who.Visitor() {
		answer = forVisitor(answer)
	}
	if out.Training {
		answer.inTraining(in)
	}
	return answer, nil
}

// guest gives what to scan for a guest whom somebody found by name.
func guest(t *turnstile.Turnstile, who signin.Who, handle string) (short string, err error) {
	if err := who.Must(signin.Search); err != nil {
		return "", err
	}
	return t.Guest(handle)
}

// checkAnswers refuses what no record could hold of a person's answers.
func (s *Scan) checkAnswers() error {
	switch {
	case len(s.Operator) > maxOperator || !utf8.ValidString(s.Operator):
		return fault.At(fault.BadInput, "operator", "want text of at most %d bytes", maxOperator)
	case len(s.Answers) > journal.MaxQuestions:
		return fault.At(fault.BadInput, "answers", "%d, want at most %d", len(s.Answers), journal.MaxQuestions)
	case s.Override != nil && !isReason(s.Override.Reason):
		return fault.At(fault.BadInput, "override", "want a reason of 1 to %d bytes", maxWhy)
	}
	for _, reason := range s.Confirmed {
		if reason != admission.Unpaid && reason != admission.StaleList {
			return fault.At(fault.BadInput, "confirmed", "%.20q is nothing that a person confirms: want %s or %s", reason, admission.Unpaid, admission.StaleList)
		}
	}
	for question, text := range s.Answers {
		if len(text) > journal.MaxAnswer || !utf8.ValidString(text) {
			return fault.At(fault.BadInput, "answers", "the answer to %.40q: want text of at most %d bytes", question, journal.MaxAnswer)
		}
	}
	return nil
}

// isReason reports whether a text says why, as far as a record can hold it.
func isReason(text string) bool {
	return strings.TrimSpace(text) != "" && len(text) <= maxWhy && utf8.ValidString(text)
}

// query reads what comes in the address where the body is a picture.
func query(r *http.Request, how string) (Scan, error) {
	q := r.URL.Query()
	s := Scan{How: how, Lane: q.Get("lane"), Direction: admission.Direction(q.Get("direction"))}
	switch look := q.Get("look"); look {
	case "true":
		s.Look = true
	case "", "false":
	default: // to take it for no would admit somebody who was only to be looked at
		return Scan{}, fault.At(fault.BadInput, "look", "%q: want true or false", look)
	}
	return s, nil
}

func (d *Door) scanPicture(w http.ResponseWriter, r *http.Request) (any, error) {
	s, err := query(r, scan.HowPicture)
	if err != nil {
		return nil, err
	}
	texts, err := scan.Picture(r.Body) // which reads no more than it may
	if err != nil {
		return nil, err
	}
	if s.Text, err = one(texts); err != nil {
		return nil, err
	}
	said, err := d.judge(w, r, s)
	if answer, is := said.(Answer); is && answer.Me == nil {
		answer.Text = s.Text
		return answer, err
	}
	return said, err
}

// one gives the ticket among the codes of a picture, whatever else is printed
// beside it, or the first code where there is none.
func one(texts []string) (string, error) {
	var tickets []string
	for _, text := range texts {
		if scan.Classify(text).Kind == scan.Token {
			tickets = append(tickets, text)
		}
	}
	switch len(tickets) {
	case 0:
		return texts[0], nil
	case 1:
		return tickets[0], nil
	}
	return "", fault.New(fault.BadInput, "there are %d tickets in this picture: show one at a time", len(tickets))
}

// readings is what a frame holds, judged by nobody.
type readings struct {
	Texts []string `json:"texts"`
}

// nothing is the answer for a frame without a code.
var nothing = map[string]string{"result": "none"}

// scanFrame reads a frame and has its code judged; with read=true it only says what
// the code is, for a page that sees one code in many frames.
func (d *Door) scanFrame(w http.ResponseWriter, r *http.Request) (any, error) {
	q := r.URL.Query()
	only := q.Get("read") == "true"
	s, err := query(r, scan.HowCamera)
	if err != nil {
		return nil, err
	}
	width, err1 := strconv.Atoi(q.Get("width"))
	height, err2 := strconv.Atoi(q.Get("height"))
	if err1 != nil || err2 != nil || width <= 0 || height <= 0 || width > scan.MaxFramePixels/height {
		return nil, fault.At(fault.BadInput, "width, height", "want two whole numbers with a product of at most %d", scan.MaxFramePixels)
	}
	grey := make([]byte, width*height+1) // one more, to see that there is none
	if n, _ := io.ReadFull(r.Body, grey); n != width*height {
		return nil, fault.At(fault.BadInput, "body", "a frame of %d × %d has %d bytes, this one has more or less", width, height, width*height)
	}
	text, err := scan.Frame(grey[:width*height], width, height)
	switch {
	case errors.Is(err, scan.ErrNoCode) && only:
		return readings{[]string{}}, nil
	case errors.Is(err, scan.ErrNoCode):
		return nothing, nil
	case err != nil:
		return nil, err
	case only:
		return readings{[]string{text}}, nil
	}
	s.Text = text
	return d.judge(w, r, s)
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
	d.Shift.Watch.Painted(s.Seq, time.Duration(s.PaintedMS)*time.Millisecond)
	return struct{}{}, nil
}

// Undo asks to take an admission back, by its record or by the ticket that was let
// in last.
type Undo struct {
	Record journal.Hash `json:"record,omitzero"`
	Ticket string       `json:"ticket,omitempty"` // short code, id or whole code
	By     string       `json:"by,omitempty"`
	Why    string       `json:"why,omitempty"`
}

// Undone is the answer to an undo.
type Undone struct {
	Result  string       `json:"result"` // undone
	Record  journal.Hash `json:"record"` // of the admission
	Ticket  string       `json:"ticket"`
	Short   string       `json:"short"`
	Display Display      `json:"display"`
}

func (d *Door) undo(r *http.Request) (any, error) {
	var u Undo
	if err := readJSON(r, &u); err != nil {
		return nil, err
	}
	return TakeBack(r.Context(), d.Turnstile, d.Desk, d.who(r), u, d.asks(r))
}

// TakeBack takes an admission back for who wants it, and says so in a language. What may not be gives a fault
// whose Where is the stable reason, see turnstile.Turnstile.Undo, or the act that is
// not theirs.
func TakeBack(ctx context.Context, t *turnstile.Turnstile, desk *signin.Desk, who signin.Who, u Undo, in *words.Language) (Undone, error) {
	switch {
	case !u.Record.IsZero() && u.Ticket != "":
		return Undone{}, fault.At(fault.BadInput, "record, ticket", "want one of them")
	case len(u.By) > maxOperator || !utf8.ValidString(u.By):
		return Undone{}, fault.At(fault.BadInput, "by", "want text of at most %d bytes", maxOperator)
	case len(u.Why) > maxWhy || !utf8.ValidString(u.Why):
		return Undone{}, fault.At(fault.BadInput, "why", "want text of at most %d bytes", maxWhy)
	case u.Ticket != "":
		u.Record = t.Entry(u.Ticket)
	}
	if err := mayUndo(t, who, u.Record); err != nil {
		return Undone{}, err
	}
	by, err := operator(desk, who, u.By)
	if err != nil {
		return Undone{}, err
	}
	id, err := t.Undo(ctx, u.Record, by, u.Why)
	if err != nil {
		return Undone{}, err
	}
	return Undone{Result: "undone", Record: u.Record, Ticket: id.String(), Short: id.Short(), Display: Display{
		Tone: "amber", Shape: "triangle", Word: in.Say("word.undone", nil), Why: in.Say("why.undone", words.With{"ticket": id.Short()}), Do: in.Say("do.undone", nil),
	}}, nil
}

func (d *Door) search(r *http.Request) (any, error) {
	var s struct {
		Query string `json:"query"`
	}
	if err := readJSON(r, &s); err != nil {
		return nil, err
	}
	if err := d.who(r).Must(signin.Search); err != nil {
		return nil, err
	}
	return d.Turnstile.Search(s.Query)
}

func (d *Door) sync(r *http.Request) (any, error) {
	if err := d.who(r).Must(signin.Sync); err != nil {
		return nil, err
	}
	if d.Sync == nil {
		return nil, fault.New(fault.Unavailable, "this gate has nobody to sync with")
	}
	if err := d.Sync(r.Context()); err != nil {
		return nil, err
	}
	return d.Status(r.Context()), nil
}

// Imported says what became of a journal file.
type Imported struct {
	Event   string            `json:"event"`
	Records uint64            `json:"records"`           // that were new
	Known   uint64            `json:"known"`             // that were here already
	Refused map[string]string `json:"refused,omitempty"` // by chain, why it was not taken in whole
}

func (d *Door) importFile(r *http.Request) (any, error) {
	if err := d.who(r).Must(signin.Import); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(d.Spool, "import-*.journal")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "there is no room to keep the file while it is read")
	}
	defer func() {
		if err := errors.Join(file.Close(), os.Remove(file.Name())); err != nil {
			d.Log.WarnContext(r.Context(), "a journal file that was taken in is still there", "error", err)
		}
	}()
	body := http.MaxBytesReader(nil, r.Body, maxImport)
	if _, err := io.Copy(file, body); errors.As(err, new(*fs.PathError)) {
		return nil, fault.Wrap(fault.Internal, err, "there is no room to keep the file while it is read")
	} else if err != nil {
		return nil, unread(err, "a journal file has at most %d MiB", maxImport>>20)
	}
	return d.Import(r.Context(), file)
}

// live sends the status whenever it changes, and at least every few seconds
// because ages grow by themselves.
func (d *Door) live(w http.ResponseWriter, r *http.Request) {
	const every = 3 * time.Second
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return
	}
	wake, cancel := d.Changed()
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		stirred := d.stir.waiting() // before the status is asked, so that no change is missed
		status, err := json.Marshal(d.seen(r))
		if err != nil {
			return
		}
		_ = out.SetWriteDeadline(time.Now().Add(4 * every)) // not every transport has one
		if _, err := fmt.Fprintf(w, "data: %s\n\n", status); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-wake:
		case <-stirred:
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

// readJSON reads a body that holds one JSON value and nothing else.
func readJSON(r *http.Request, v any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRequest))
	if err != nil {
		return unread(err, "a request has at most %d KiB", maxRequest>>10)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fault.At(fault.BadInput, "request body", "%v", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fault.At(fault.BadInput, "request body", "more than one JSON value")
	}
	return nil
}

// unread says why a body could not be read to its end.
func unread(err error, limit string, args ...any) error {
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return fault.Wrap(fault.TooLarge, err, limit, args...)
	}
	return fault.Wrap(fault.BadInput, err, "the request was cut off")
}
