package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"usher/crypto/grant"
	"usher/server"
	"usher/server/catalog"
	"usher/server/doors"
)

func newGateList() *cobra.Command {
	c := &cobra.Command{
		Use:   "list --event E",
		Short: "List an event's devices: when each was heard, and how far it is",
		Long: `Lists, at the server, the devices that were enrolled for an event: the gate and role of
each, when the server last heard of it, how many of the server's newest records it is
not known to have (void tickets among them), and how many of its own are here.
CERTIFICATE is the beginning of the fingerprint that phones at its door page have to
show; usher gate phone --gate prints all of it.`,
		Example: "  usher gate list --event HARBOUR-26\n  usher gate list --event HARBOUR-26 --json",
		Args:    cobra.NoArgs,
		RunE:    runGateList,
	}
	addData(c, "server")
	addEvent(c, true, "code of the event")
	return c
}

func runGateList(c *cobra.Command, _ []string) (err error) {
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	e, err := s.Catalog.Event(c.Context(), flag(c, "event"))
	if err != nil {
		return err
	}
	b, err := s.Doors.Board(c.Context(), e.Code)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), append([]doors.DeviceLine{}, b.Devices...))
	}
	if len(b.Devices) == 0 {
		_, err := fmt.Fprintf(c.OutOrStdout(), "No device is enrolled for %s yet: usher gate card --event %s --gate …\n", e.Code, e.Code)
		return err
	}
	t := newTable(c.OutOrStdout(), "GATE", "DEVICE", "NAME", "ROLE", "HEARD", "BEHIND", "RECORDS", "LAST SCAN", "CERTIFICATE", "STATE")
	for _, d := range b.Devices {
		t.row(d.Gate, d.Node, d.Name, d.Role, when(e, d.Heard), d.Behind, d.Records, when(e, d.LastScan), briefly(d.Authority), deviceState(d))
	}
	return t.flush()
}

// when is a time in the event's zone.
func when(e *catalog.Event, at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.In(e.Location).Format(time.DateTime)
}

// briefly is the beginning of a fingerprint, enough to tell two apart and too little to
// compare.
func briefly(f grant.Fingerprint) string {
	if f.IsZero() {
		return "-"
	}
	return f.String()[:len("00 00 00 00")] + " …"
}

func deviceState(d doors.DeviceLine) string {
	text := "active"
	switch {
	case d.Retiring:
		text = "hands in what it has"
	case d.Expelled:
		text = "ended"
	}
	if d.Why != "" {
		text += ": " + d.Why
	}
	if d.Forked {
		text += ", WROTE TWO RECORDS WITH ONE NUMBER"
	}
	return text
}

const whichDevice = "a device: its name, or its id or the beginning of it; usher gate list shows them"

func newGateMove() *cobra.Command {
	c := &cobra.Command{
		Use:   "move DEVICE --event E --gate G",
		Short: "Put a device at another gate of its event",
		Long: `Puts a device at another gate of its event. It keeps its key, its role and its records,
and judges as the other gate from the moment it hears of it; nothing has to be done on
the device.`,
		Example: `  usher gate move "handheld 3" --event HARBOUR-26 --gate south`,
	}
	onDevice(c, func(s *server.Server, d doors.DeviceLine) (string, error) {
		gate := flag(c, "gate")
		return fmt.Sprintf("%s is at gate %s from the moment it hears of it", d.Name, gate), s.Doors.Move(c.Context(), flag(c, "event"), d.Node, gate)
	})
	c.Flags().String("gate", "", "code of the gate that it goes to")
	needs(c, "gate")
	return c
}

func newGateRetire() *cobra.Command {
	c := &cobra.Command{
		Use:   "retire DEVICE --event E",
		Short: "End the enrolment of a device that is handed in",
		Long: `Ends the enrolment of a device whose work is over and that you trust: what it wrote
until it hears of it is believed, and it hands that in. To bring it back it takes a
new card. Of a device that was lost or stolen nothing more should be believed: usher
gate expel.`,
		Example: `  usher gate retire "handheld 3" --event HARBOUR-26 --why "shift over"`,
	}
	onDevice(c, func(s *server.Server, d doors.DeviceLine) (string, error) {
		if err := confirm(c, fmt.Sprintf("Ending the enrolment of %s at gate %s", d.Name, d.Gate)); err != nil {
			return "", err
		}
		return fmt.Sprintf("%s hands in what it has; then its enrolment is over", d.Name), s.Doors.Retire(c.Context(), flag(c, "event"), d.Node, flag(c, "why"))
	})
	c.Flags().String("why", "", "the reason, as the list and the device show it")
	addYes(c)
	return c
}

func newGateExpel() *cobra.Command {
	c := &cobra.Command{
		Use:   "expel DEVICE --event E --why W",
		Short: "End the enrolment of a device that was lost or stolen",
		Long: `Ends the enrolment of a device that is not to be trusted any more. Records that it
wrote and the server doesn't have yet count for nothing: they are kept apart and shown,
and people who were let in by it since may be let in again elsewhere. No gate and no
server talks to it from the moment they hear of it.`,
		Example: `  usher gate expel 3f9a0c41 --event HARBOUR-26 --why "stolen from the north door"`,
	}
	onDevice(c, func(s *server.Server, d doors.DeviceLine) (string, error) {
		if err := confirm(c, fmt.Sprintf("Expelling %s at gate %s, of which the server has %s,", d.Name, d.Gate, counted(d.Records, "record"))); err != nil {
			return "", err
		}
		return fmt.Sprintf("%s is expelled; of its records %d are believed", d.Name, d.Records), s.Doors.Expel(c.Context(), flag(c, "event"), d.Node, flag(c, "why"))
	})
	c.Flags().String("why", "", "the reason, as the list and the device show it")
	needs(c, "why")
	addYes(c)
	return c
}

// onDevice makes a command that finds one device, does something with it that the
// server signs, and prints what came of it.
func onDevice(c *cobra.Command, do func(*server.Server, doors.DeviceLine) (string, error)) {
	c.Args = exactly(1, whichDevice)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		s, err := openServer(c, needsKeys)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		d, err := s.Doors.Device(c.Context(), flag(c, "event"), args[0])
		if err != nil {
			return err
		}
		said, err := do(s, d)
		if err != nil {
			return err
		}
		if wantsJSON(c) {
			return printJSON(c.OutOrStdout(), map[string]any{"event": flag(c, "event"), "device": d.Node, "name": d.Name, "done": c.Name()})
		}
		_, err = fmt.Fprintln(c.OutOrStdout(), printable(said)+".")
		return err
	}
	addData(c, "server")
	addPassphrase(c)
	addEvent(c, true, "code of the event")
}
