package door

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"usher/gate/shift"
	"usher/gate/signin"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/words"
)

// CommandLane begins the lanes of scans that a command makes: nobody stands in
// them, so nobody waits.
const CommandLane = "cli-"

// syncBeforeLeave is how long a device tries to hand in what it has before it is
// taken home.
const syncBeforeLeave = 10 * time.Second

// stir wakes everybody who waits.
type stir struct {
	mu sync.Mutex
	ch chan struct{} // closed to wake
}

// waiting gives a channel that is closed at the next wake.
func (s *stir) waiting() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *stir) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}

// measure notes that a lane got its verdict. A code that is seen once more is no
// new one.
func (d *Door) measure(s Scan, seen time.Duration, a Answer) {
	if a.Result == admission.Ignored || strings.HasPrefix(s.Lane, CommandLane) {
		return
	}
	d.Shift.Watch.Verdict(s.Lane, seen, a.Seq)
}

// inTraining marks an answer so that nobody can take it for one that counts.
func (a *Answer) inTraining(in *words.Language) {
	a.Display.Word = in.Say("more.training_word", words.With{"word": a.Display.Word})
	a.Display.More = append([]string{in.Say("more.training", nil)}, a.Display.More...)
}

func (d *Door) shift(r *http.Request) (any, error) {
	if err := d.who(r).Must(signin.Shift); err != nil {
		return nil, err
	}
	all := r.URL.Query().Get("all")
	if all != "" && all != "true" && all != "false" {
		return nil, fault.At(fault.BadInput, "all", "%.20q: want true or false", all)
	}
	report, err := d.Shift.Report(r.Context(), all == "true")
	if err != nil {
		return nil, err
	}
	in := d.asks(r)
	for i := range report.Reasons {
		was := &report.Reasons[i]
		was.Says = reasonSays(admission.Verdict{Result: was.Result, Reason: was.Reason}, in)
	}
	return report, nil
}

// reasonSays is a verdict's big word, with what it says of a void ticket.
func reasonSays(v admission.Verdict, in *words.Language) string {
	text := in.Say(wordOf(v), nil)
	if what := "why.what." + string(v.Reason); in.Has(what) {
		text += ": " + in.Say(what, nil)
	}
	return text
}

func (d *Door) preflight(r *http.Request) (any, error) {
	if err := d.who(r).Must(signin.Preflight); err != nil {
		return nil, err
	}
	var asked shift.Asked
	if r.Method == http.MethodPost {
		if err := readJSON(r, &asked); err != nil {
			return nil, err
		}
	}
	p, err := d.Shift.Preflight(r.Context(), asked)
	if err != nil {
		return nil, err
	}
	p.In(d.asks(r))
	return p, nil
}

// Trained is the answer to a request that begins or ends training.
type Trained struct {
	Training bool `json:"training"`
}

func (d *Door) training(r *http.Request) (any, error) {
	var t struct {
		On *bool `json:"on"`
	}
	if err := readJSON(r, &t); err != nil {
		return nil, err
	}
	if t.On == nil {
		return nil, fault.At(fault.BadInput, "on", "want true or false")
	}
	if err := d.who(r).Must(signin.Training); err != nil {
		return nil, err
	}
	if d.Turnstile.Train(*t.On) {
		d.Log.WarnContext(r.Context(), "training was switched", "on", *t.On, "by", d.who(r).Name)
		d.stir.wake()
	}
	return Trained{d.Turnstile.Training()}, nil
}

// Leave asks to end the shift at a device.
type Leave struct {
	By    string `json:"by,omitempty"` // who leaves, where nobody is signed in
	Force bool   `json:"force,omitempty"`
}

func (d *Door) leave(w http.ResponseWriter, r *http.Request) (any, error) {
	var l Leave
	if err := readJSON(r, &l); err != nil {
		return nil, err
	}
	left, err := EndShift(r.Context(), d.Shift, d.Desk, d.who(r), d.Sync, l)
	if err != nil {
		return nil, err
	}
	d.Desk.Out(d.token(r))
	d.keepToken(w, r, "")
	d.stir.wake()
	return left, nil
}

// EndShift ends the shift at a device for who wants it. Where the device has records
// that nobody else is known to hold, it tries to hand them in before.
func EndShift(ctx context.Context, k *shift.Keeper, desk *signin.Desk, who signin.Who, sync func(context.Context) error, l Leave) (shift.Left, error) {
	if err := who.Must(signin.Leave); err != nil {
		return shift.Left{}, err
	}
	by, err := operator(desk, who, l.By)
	if err != nil {
		return shift.Left{}, err
	}
	if sync != nil && k.Standing(ctx).Alone > 0 {
		patience, cancel := context.WithTimeout(ctx, syncBeforeLeave)
		_ = sync(patience) // what it came to is asked next
		cancel()
	}
	return k.Leave(ctx, by, l.Force)
}

// handOver sends a journal file of what the server is not known to hold.
func (d *Door) handOver(w http.ResponseWriter, r *http.Request) {
	if err := d.sendHandOver(w, r); err != nil {
		d.refuse(w, r, err)
	}
}

func (d *Door) sendHandOver(w http.ResponseWriter, r *http.Request) error {
	if err := d.who(r).Must(signin.HandOver); err != nil {
		return err
	}
	// By way of a file, so that one that can't be written to its end is not sent.
	file, err := os.CreateTemp(d.Spool, "hand-over-*.journal")
	if err != nil {
		return fault.Wrap(fault.Internal, err, "there is no room to write the file")
	}
	defer os.Remove(file.Name())
	defer file.Close()
	n, err := d.Shift.HandOver(r.Context(), file)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fault.Wrap(fault.Internal, err, "the file can't be read back")
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", d.Event+"-"+d.Shift.Chain.Node.String()+".journal"))
	h.Set("Usher-Records", fmt.Sprint(n))
	_, _ = io.Copy(w, file) // the other side hung up: nobody is left to tell
	return nil
}
