package gate

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"usher/gate/door"
	"usher/gate/shift"
	"usher/gate/signin"
	"usher/sync/fault"
)

// Shift is the part of Reached that is about a device's shift.
type Shift interface {
	Report(ctx context.Context, all bool) (*shift.Report, error)
	Preflight(context.Context, shift.Asked) (*shift.Preflight, error)
	// Train begins or ends training, which lasts no longer than the agent.
	Train(ctx context.Context, on bool) (door.Trained, error)
	Leave(context.Context, door.Leave) (shift.Left, error)
	// HandOver writes a journal file of what the server is not known to hold, and
	// gives how many records those are.
	HandOver(context.Context, io.Writer) (uint64, error)
}

// Report implements Shift.
func (d *direct) Report(ctx context.Context, all bool) (*shift.Report, error) {
	if err := d.who().Must(signin.Shift); err != nil {
		return nil, err
	}
	return d.g.Shift.Report(ctx, all)
}

// Preflight implements Shift.
func (d *direct) Preflight(ctx context.Context, asked shift.Asked) (*shift.Preflight, error) {
	if err := d.who().Must(signin.Preflight); err != nil {
		return nil, err
	}
	p, err := d.g.Shift.Preflight(ctx, asked)
	if err != nil {
		return nil, err
	}
	p.In(door.English())
	return p, nil
}

// Train implements Shift.
func (d *direct) Train(context.Context, bool) (door.Trained, error) {
	return door.Trained{}, fault.New(fault.NotReady, "no agent runs on this gate's data, and training is the agent's: usher gate run")
}

// Leave implements Shift.
func (d *direct) Leave(ctx context.Context, l door.Leave) (shift.Left, error) {
	return door.EndShift(ctx, d.g.Shift, d.g.Desk, d.who(), d.g.Sync, l)
}

// HandOver implements Shift.
func (d *direct) HandOver(ctx context.Context, w io.Writer) (uint64, error) {
	if err := d.who().Must(signin.HandOver); err != nil {
		return 0, err
	}
	return d.g.HandOver(ctx, w)
}

// Report implements Shift.
func (a *throughAgent) Report(ctx context.Context, all bool) (*shift.Report, error) {
	r := new(shift.Report)
	return r, a.ask(ctx, http.MethodGet, "api/shift?all="+strconv.FormatBool(all), "", nil, r)
}

// Preflight implements Shift.
func (a *throughAgent) Preflight(ctx context.Context, asked shift.Asked) (*shift.Preflight, error) {
	p := new(shift.Preflight)
	return p, a.post(ctx, "api/preflight", asked, p)
}

// Train implements Shift.
func (a *throughAgent) Train(ctx context.Context, on bool) (t door.Trained, err error) {
	return t, a.post(ctx, "api/training", map[string]bool{"on": on}, &t)
}

// Leave implements Shift.
func (a *throughAgent) Leave(ctx context.Context, l door.Leave) (left shift.Left, err error) {
	return left, a.post(ctx, "api/leave", l, &left)
}

// HandOver implements Shift.
func (a *throughAgent) HandOver(ctx context.Context, w io.Writer) (uint64, error) {
	answer, err := a.send(ctx, http.MethodGet, "api/hand-over", "", nil)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	n, err := strconv.ParseUint(answer.Header.Get("Usher-Records"), 10, 64)
	if err != nil {
		return 0, fault.Wrap(fault.Internal, err, "the gate's agent's answer can't be read")
	}
	if _, err := io.Copy(w, answer.Body); err != nil {
		return 0, fmt.Errorf("reading the hand-over file: %w", err)
	}
	return n, nil
}
