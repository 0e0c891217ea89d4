package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"usher/gate"
	"usher/gate/door"
	"usher/gate/shift"
	"usher/sync/fault"
)

func newGateShift() *cobra.Command {
	c := &cobra.Command{
		Use:   "shift",
		Short: "Show what was done at this device in its shift",
		Long: `Shows what came of the scans at this device since its last shift ended (usher gate
leave): by hour in the event's time zone, by reason, the overrides and what was taken
back, and how quick the lanes are. It is counted from the device's own journal; the
lanes are measured by a running agent.`,
		Example: "  usher gate shift\n  usher gate shift --all --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := atGate(c, func(g gate.Reached) (*shift.Report, error) { return g.Report(c.Context(), isSet(c, "all")) })
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), r)
			}
			return printShift(c.OutOrStdout(), r)
		},
	}
	addData(c, "gate")
	c.Flags().Bool("all", false, "everything that the device ever wrote, not its last shift alone")
	addSignIn(c)
	return c
}

func printShift(w io.Writer, r *shift.Report) error {
	switch {
	case r.Since > 0:
		fmt.Fprintf(w, "since %s, when the shift before ended%s\n", r.Last.At.In(r.At.Location()).Format(time.DateTime), by(r.Last.By))
	default:
		fmt.Fprintln(w, "since the device was enrolled")
	}
	if r.Training {
		fmt.Fprintln(w, "IN TRAINING: nothing is recorded now")
	}
	t := newTable(w, "HOUR", "ENTRIES", "OVERRIDES", "EXITS", "REFUSED", "ASKED", "NOT DECIDED", "TAKEN BACK")
	row := func(name string, c shift.Counts) {
		t.row(name, c.Entries, c.Forced, c.Exits, c.Rejected, c.Asked, c.Unable, c.Undone)
	}
	for _, h := range r.Hours {
		row(h.From.Format("Mon 2 Jan 15:04"), h.Counts)
	}
	row("all", r.Counts)
	if len(r.Reasons) > 0 {
		t.gap("RESULT", "REASON", "WAY", "N")
		for _, reason := range r.Reasons {
			t.row(reason.Result, reason.Reason, reason.Direction, reason.N)
		}
	}
	for _, list := range []struct {
		name string
		shift.List
	}{{"OVERRIDE", r.Overrides}, {"TAKEN BACK", r.Undos}} {
		if list.Total == 0 {
			continue
		}
		t.gap(list.name, "TICKET", "WHO", "WHY")
		for _, l := range list.Lines {
			t.row(l.At.Format(time.DateTime), l.Ticket, l.Operator, l.Why)
		}
		if more := list.Total - len(list.Lines); more > 0 {
			t.row(fmt.Sprintf("and %d more", more), "", "", "")
		}
	}
	if len(r.Lanes) > 0 {
		t.gap("LANE", "SCANS", "VERDICT p50", "p95", "NEXT CODE p50", "p95")
		for _, l := range r.Lanes {
			t.row(dash(l.Lane), l.Scans, millis(l.Seen.P50), millis(l.Seen.P95), millis(l.Next.P50), millis(l.Next.P95))
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s, %d of them not known to be at the server, %d nowhere else\n", counted(r.Records, "record"), r.Unsent, r.Alone)
	return err
}

func by(name string) string {
	if name == "" {
		return ""
	}
	return " by " + printable(name)
}

func millis(ms float64) string { return fmt.Sprintf("%g ms", ms) }

func newGatePreflight() *cobra.Command {
	c := &cobra.Command{
		Use:   "preflight [FILE…|-]",
		Short: "Check before the doors open that the device is fit",
		Long: `Makes the checks before the doors open: keys, the list of void tickets as far as the
server's, the clock, a write to the disk, and the event's two test tickets. FILE is a
picture of a test ticket or a text with its code, which usher tickets test makes on the
server; - reads codes from standard input. Camera, sound, vibration and battery are
for the door page to check. Nobody is let in, and nothing is recorded.

Exit status: 0 passed but for what only a page can check, 1 something failed or no test
ticket was tried, 2 wrong use or a fault.`,
		Example: "  usher gate preflight test-good.png test-void.png\n  usher gate preflight --json",
		RunE:    runGatePreflight,
	}
	addData(c, "gate")
	return c
}

func runGatePreflight(c *cobra.Command, args []string) error {
	if err := checkFiles(args); err != nil {
		return err
	}
	var asked shift.Asked
	err := eachSight(c, args, func(s sight) error {
		if s.err != nil {
			return fault.Wrap(fault.BadInput, s.err, "%s", s.from)
		}
		asked.Tickets = append(asked.Tickets, s.text)
		return nil
	})
	if err != nil {
		return err
	}
	dir, err := dataDir(c)
	if err != nil {
		return err
	}
	g, err := gate.Reach(c.Context(), gate.Config{Data: dir})
	if err != nil {
		return err
	}
	p, err := g.Preflight(c.Context(), asked)
	if err = joined(err, g.Close()); err != nil {
		return err
	}
	if wantsJSON(c) {
		err = printJSON(c.OutOrStdout(), p)
	} else {
		err = printPreflight(c.OutOrStdout(), p)
	}
	if err == nil && !p.PassedHere() {
		err = errRefused
	}
	return err
}

func printPreflight(w io.Writer, p *shift.Preflight) error {
	t := newTable(w, "CHECK", "OUTCOME", "FOUND", "DO")
	for _, c := range p.Checks {
		t.row(c.Name, c.Outcome, c.Detail, c.Do)
	}
	return t.flush()
}

func newGateTraining() *cobra.Command {
	c := &cobra.Command{
		Use:   "training on|off",
		Short: "Let staff train at a gate: it decides as always and changes nothing",
		Long: `Begins or ends training at a running agent. In training every code is judged as
always and nothing is recorded; each answer says that it is training, and nobody may be
let through on one. Training ends with the shift (usher gate leave) and with the agent.`,
		Example: "  usher gate training on --data /var/lib/usher/gate-north",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] != "on" && args[0] != "off" {
				return fault.New(fault.BadInput, "%s needs on or off", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			t, err := atGate(c, func(g gate.Reached) (door.Trained, error) { return g.Train(c.Context(), args[0] == "on") })
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), t)
			}
			text := "The gate is in training: nothing is recorded, and nobody may be let through.\n"
			if !t.Training {
				text = "The gate is not in training: scans count.\n"
			}
			_, err = io.WriteString(c.OutOrStdout(), text)
			return err
		},
	}
	addData(c, "gate")
	addSignIn(c)
	return c
}

func newGateLeave() *cobra.Command {
	c := &cobra.Command{
		Use:   "leave",
		Short: "End the shift at this device, unless it has records that nobody else has",
		Long: `Ends the shift at this device: whoever is signed in is signed out, training ends, and
what is scanned from then on belongs to the next shift. Records that nobody else is
known to hold would be lost with the device, so as long as it has any this is refused,
after a try to sync. Then sync, or carry what usher gate hand-over writes to the
server, and leave with --force.

Exit status: 0 done, 1 there are records that nobody else has, 2 wrong use or a fault.`,
		Example: "  usher gate leave\n  usher gate leave --force --by Kim",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l := door.Leave{By: operator(c), Force: isSet(c, "force")}
			left, err := atGate(c, func(g gate.Reached) (shift.Left, error) { return g.Leave(c.Context(), l) })
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), left)
			}
			text := "The shift is over; somebody else has every record of this device."
			if left.Forced {
				text = fmt.Sprintf("The shift is over. %s of this device %s nowhere else: keep the device.", counted(left.Alone, "record"), isOrAre(left.Alone))
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), text)
			return err
		},
	}
	addData(c, "gate")
	c.Flags().Bool("force", false, "leave with records that nobody else has")
	c.Flags().String("by", "", "who leaves, where nobody signs in (default: your user name)")
	addSignIn(c)
	return c
}

func isOrAre(n uint64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func newGateHandOver() *cobra.Command {
	c := &cobra.Command{
		Use:   "hand-over FILE",
		Short: "Write what the server is not known to hold to a file, to carry by hand",
		Long: `Writes the records that the server is not known to hold to a file, this device's own
and what it has of other gates. Carried to the server on a stick, usher journal import
takes it in. It works whether the gate's agent runs or not, and needs no network.`,
		Example: "  usher gate hand-over /media/stick/north.journal\n  usher journal import north.journal        at the server",
		Args:    exactly(1, "the file to write, or - for standard output"),
		RunE: func(c *cobra.Command, args []string) error {
			n, err := atGate(c, func(g gate.Reached) (n uint64, err error) {
				err = writeNew(c, args[0], 0o600, func(w io.Writer) (err error) {
					n, err = g.HandOver(c.Context(), w)
					return err
				})
				return n, err
			})
			if err != nil || args[0] == "-" {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), map[string]any{"file": args[0], "records": n})
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s in %s\n", counted(n, "record"), printable(args[0]))
			return err
		},
	}
	addData(c, "gate")
	addForce(c)
	addSignIn(c)
	return c
}
